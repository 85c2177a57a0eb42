import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { applicationVersionKind } from '../../runtime/api/application-version.ts';
import { systemClock } from '../../runtime/control/clock.ts';
import { openObjectStore } from '../../runtime/local/object-store.ts';
import { OCI_MANIFEST } from './oci.ts';
import type { World } from './world.ts';
import { git } from './world-repositories.ts';

/** What was done to the outside, as the outside tells it. */
export interface Effects {
  /** Of every build that began: its name and key, in order. */
  readonly builds: readonly { readonly name: string; readonly key: string; readonly image: string }[];
  /** Of every push that moved a ref: the refs, in order. Those of people left out. */
  readonly pushes: readonly (readonly string[])[];
  readonly pullRequests: readonly SeenPullRequest[];
  /** `name:tag` to digest. */
  readonly tags: Readonly<Record<string, string>>;
}

export type SeenPullRequest = z.output<typeof pullRequest>;

const ledgerLine = z.object({
  event: z.enum(['started', 'pushed']),
  name: z.string(),
  key: z.string(),
  image: z.string(),
});
const pullRequest = z.object({
  number: z.int(),
  state: z.string(),
  title: z.string(),
  body: z.string(),
  head: z.object({ ref: z.string(), sha: z.string() }),
  base: z.object({ ref: z.string() }),
});

export async function effectsOf(world: World): Promise<Effects> {
  const [ledger, pushes, pulls, tags] = await Promise.all([
    world.read('ledger.jsonl'),
    world.read('forge/acme/manifests.git/pushes.log'),
    world.person('GET', '/repos/acme/manifests/pulls?state=all&per_page=100'),
    readTags(world),
  ]);
  const builds = ledger
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ledgerLine.parse(JSON.parse(line)));
  return {
    builds: builds.flatMap(({ event, ...build }) => (event === 'started' ? [build] : [])),
    pushes: pushes
      .split(/^by /m)
      .filter((block) => block.startsWith('slipway-bot'))
      .map((block) => block.split('\n').slice(1, -1)),
    pullRequests: z.array(pullRequest).parse(pulls.body),
    tags,
  };
}

async function readTags(world: World): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of ['base', 'server', 'controller']) {
    const list = await fetch(`${world.registry.url}/v2/acme/${name}/tags/list`);
    if (list.status === 404) continue;
    const { tags } = z.object({ tags: z.array(z.string()) }).parse(await list.json());
    for (const tag of tags) {
      const head = await fetch(`${world.registry.url}/v2/acme/${name}/manifests/${tag}`, {
        method: 'HEAD',
        headers: { accept: OCI_MANIFEST },
      });
      found[`${name}:${tag}`] = head.headers.get('docker-content-digest') ?? '';
    }
  }
  return found;
}

/** How things stand, without what may differ between two runs that did the same: times, numbers, addresses, order. */
export async function endState(world: World, state = 'state'): Promise<unknown> {
  const { pullRequests, tags } = await effectsOf(world);
  const bare = path.join(world.directory, 'forge', 'acme', 'manifests.git');
  const branches = await git(bare, 'for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads');
  return {
    branches: branches.split('\n').sort(),
    pullRequests: pullRequests
      .map((one) => ({ ...one, number: 0, body: withoutNumbers(one.body) }))
      .sort((a, b) => (a.head.ref < b.head.ref ? -1 : 1)),
    tags: Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))),
    statuses: await statusesOf(world, state),
  };
}

async function statusesOf(world: World, state: string): Promise<unknown> {
  const file = path.join(world.directory, state, 'objects.sqlite');
  await stat(file);
  const objects = await openObjectStore({ path: file, clock: systemClock });
  try {
    const { items } = await objects.list(applicationVersionKind);
    return Object.fromEntries(
      items
        .map(({ metadata, spec, status }): [string, unknown] => [
          metadata.name,
          {
            spec,
            state: status?.state,
            reason: withoutNumbers(status?.reason ?? ''),
            key: status?.key,
            commit: status?.commit,
            image: status?.image,
            built: status?.built,
            pullRequests: status?.pullRequests?.map(({ repository, base, change, state: of }) => ({
              repository,
              base,
              change,
              state: of,
            })),
          },
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  } finally {
    objects.close();
  }
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/#\d+/g, '#N');
}
