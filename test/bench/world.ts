import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importHistory, type ImportedCommit } from './fast-import.ts';
import { startServer, type Server } from './server.ts';
import { makeSource, type Source, type SourceApplication } from './sources.ts';

export interface WorldSize {
  readonly repositories: number;
  readonly applicationsEach: number;
}

export interface WorldApplication extends SourceApplication {
  readonly repository: string;
}

/** Repositories on a forge, a registry, and the files that lead Slipway there. */
export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly applications: readonly WorldApplication[];
  readonly config: string;
  /** Where the forge answers REST and git. */
  readonly forge: string;
  /** What every git process and Slipway find in their environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** Writes settings that keep their state in a folder of this name. Gives their path. */
  settings(name: string, builder: readonly string[]): Promise<string>;
}

const OWNER = 'acme';
const MANIFESTS = 'manifests';
const REGISTRY = 'registry.test';
const PULL_REQUESTS = 20;

export async function makeWorld(folder: string, size: WorldSize): Promise<World> {
  const root = join(folder, 'forge');
  const sources = Array.from({ length: size.repositories }, (_, index) =>
    makeSource(`source-${String(index + 1).padStart(2, '0')}`, size.applicationsEach),
  );
  const applications: WorldApplication[] = [];
  const tags = new Map<string, string>();
  for (const source of sources) {
    const ids = await importHistory(join(root, OWNER, `${source.name}.git`), source.commits);
    for (const one of source.applications) {
      applications.push({ ...one, repository: source.name });
      const commit = one.deployed === undefined ? undefined : ids[one.deployed - 1];
      tags.set(one.name, commit === undefined ? 'v0.9' : `v1-g${commit.slice(0, 12)}`);
    }
  }
  await importHistory(join(root, OWNER, `${MANIFESTS}.git`), manifests(applications, tags));
  const config = join(folder, 'delivery.yaml');
  await writeFile(config, configOf(sources));
  const [forge, registry] = await Promise.all([
    startServer('forge', root),
    startServer('registry', join(folder, 'registry')),
  ]);
  await openPullRequests(forge);
  return {
    folder,
    applications,
    config,
    forge: forge.url,
    environment: await environmentFor(folder, forge),
    async settings(name, builder) {
      const path = join(folder, `${name}.yaml`);
      await writeFile(path, settingsOf(join(folder, name), forge, registry, builder));
      return path;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([forge.close(), registry.close()]);
    },
  };
}

/** One kustomization for each application, and branches of other people. */
function manifests(
  applications: readonly WorldApplication[],
  tags: ReadonlyMap<string, string>,
): ImportedCommit[] {
  const main: ImportedCommit = {
    ref: 'refs/heads/main',
    message: 'Begin',
    at: 1_600_000_000,
    files: new Map(
      applications.map(({ name }) => [
        `apps/${name}/kustomization.yaml`,
        `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - deployment.yaml\nimages:\n  - name: ${imageOf(name)}\n    newTag: ${tags.get(name) ?? ''} # moved by releases\n`,
      ]),
    ),
  };
  const others = Array.from({ length: PULL_REQUESTS }, (_, index) => ({
    ref: `refs/heads/${branchOf(index)}`,
    from: 1,
    message: 'Describe',
    at: main.at + index,
    files: new Map([[`docs/page-${index}.md`, 'A page.\n']]),
  }));
  return [main, ...others];
}

async function openPullRequests(forge: Server): Promise<void> {
  for (let index = 0; index < PULL_REQUESTS; index++) {
    const answer = await fetch(`${forge.url}/repos/${OWNER}/${MANIFESTS}/pulls`, {
      method: 'POST',
      headers: { authorization: 'Bearer as-ann', 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Describe', head: branchOf(index), base: 'main' }),
    });
    if (answer.status !== 201) throw new Error(`no pull request: ${answer.status} ${await answer.text()}`);
  }
}

function branchOf(index: number): string {
  return `page-${index}`;
}

function imageOf(application: string): string {
  return `${REGISTRY}/${OWNER}/${application}`;
}

/** Where Slipway and git think that a repository is. */
export function repositoryUrl(name: string): string {
  return `https://github.com/${OWNER}/${name}`;
}

export function pullRequestsUrl(world: World): string {
  return `${world.forge}/repos/${OWNER}/${MANIFESTS}/pulls?state=open&per_page=100`;
}

function configOf(sources: readonly Source[]): string {
  const repositories = [...sources.map(({ name }) => name), MANIFESTS].map(
    (name) => `      ${name}: {url: ${repositoryUrl(name)}, branch: main}`,
  );
  const applications = sources.flatMap((source) =>
    source.applications.map(
      ({ name, context, dockerfile }) =>
        `  ${name}: {source: ${source.name}, context: '${context}', dockerfile: ${dockerfile}, image: ${imageOf(name)}, targets: [{kustomization: apps/${name}}]}`,
    ),
  );
  return [
    'apiVersion: slipway.dev/v1alpha1',
    'kind: Delivery',
    'versions:',
    '  main:',
    '    tag: v1',
    '    repositories:',
    ...repositories,
    'applications:',
    ...applications,
    '',
  ].join('\n');
}

function settingsOf(state: string, forge: Server, registry: Server, builder: readonly string[]): string {
  return JSON.stringify({
    forges: { 'github.com': { api: forge.url, token: { env: 'BENCH_TOKEN' } } },
    registries: { [REGISTRY]: { endpoint: registry.url } },
    state: { directory: state },
    builder: { command: builder, concurrency: 4 },
    log: { level: 'error' },
  });
}

async function environmentFor(folder: string, forge: Server): Promise<NodeJS.ProcessEnv> {
  const configuration = join(folder, 'gitconfig');
  await writeFile(
    configuration,
    `[url "${forge.url}/"]\n\tinsteadOf = https://github.com/\n[user]\n\tname = Ann\n\temail = ann@example.com\n`,
  );
  await mkdir(join(folder, 'home'), { recursive: true });
  return {
    PATH: process.env['PATH'],
    HOME: join(folder, 'home'),
    GIT_CONFIG_GLOBAL: configuration,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    BENCH_TOKEN: 'as-slipway',
  };
}
