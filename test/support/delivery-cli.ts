import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { slipway, type CommandResult } from './cli.ts';
import type { World } from './world.ts';

/** Runs `slipway delivery <args>` in the world's folder. */
export async function delivery(world: World, ...args: readonly string[]): Promise<CommandResult> {
  const settings = path.join(world.directory, 'slipway.json');
  await writeFile(settings, JSON.stringify(world.settings()));
  return slipway(['delivery', ...args, '--settings', settings], {
    cwd: world.directory,
    environment: world.environment(),
  });
}

export interface Item {
  readonly application: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
  readonly source: { readonly commit: string };
}

/** What plan, apply and their like print with `-o json`. */
export interface Output {
  readonly items: readonly Item[];
  readonly outcomes: readonly { readonly kind: string; readonly outcome: string }[];
  readonly suspended?: boolean;
}

export function json({ stdout }: CommandResult): Output {
  return JSON.parse(stdout) as Output;
}

/** State by `VERSION/APPLICATION`. */
export function states(items: readonly Item[]): Record<string, string> {
  return Object.fromEntries(
    items.map(({ version, application, state }) => [`${version}/${application}`, state]),
  );
}

export interface Pull {
  readonly number: number;
  readonly state: string;
  readonly head: { readonly ref: string };
}

/** Every pull request of acme/manifests, oldest first. */
export async function pulls(world: World): Promise<Pull[]> {
  const { body } = await world.person('GET', '/repos/acme/manifests/pulls?state=all&per_page=100');
  return (body as Pull[]).toSorted((a, b) => a.number - b.number);
}
