import type { MemoryWorld } from './world.ts';

/** How often each effect happened outside, by what it was: each is to happen once. */
export function effects(world: MemoryWorld): Record<string, number> {
  return counted([
    ...world.builder.started.map(({ key }) => `build ${key}`),
    ...world.git.pushes.flatMap(({ moved }) =>
      moved.map(({ ref, to }) => `push ${to ?? 'nothing'} to ${ref}`),
    ),
    ...world.forge.all.map(({ head, base }) => `pull request from ${head.branch} to ${base}`),
    ...[...world.registry.writes].flatMap(([tag, times]) => Array<string>(times).fill(`tag ${tag}`)),
  ]);
}

function counted(events: readonly string[]): Record<string, number> {
  const sorted = [...Map.groupBy(events, (one) => one)].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([event, all]) => [event, all.length]));
}
