import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { parseSettings } from '../../runtime/config/settings.ts';
import { systemClock } from '../../runtime/control/clock.ts';
import { openHome, type Home } from '../../runtime/home.ts';
import { startForge } from '../../runtime/standins/forge/server.ts';
import { startRegistry } from '../../runtime/standins/registry/server.ts';
import { Delivery, Meter } from './delivery.ts';
import { Person } from './person.ts';
import { populate } from './populate.ts';

/** Everything that the demo works with, all of it in one folder of this machine. */
export interface World extends AsyncDisposable {
  readonly home: Home;
  readonly delivery: Delivery;
  readonly alice: Person;
  /** Address of the forge. */
  readonly forge: string;
  readonly registry: string;
  readonly files: WorldFiles;
}

export interface WorldFiles {
  readonly config: string;
  readonly settings: string;
  /** The person's own, and github.com/kubeflow leads to our forge. */
  readonly gitConfig: string;
}

const config = fileURLToPath(new URL('../delivery.yaml', import.meta.url));

/** Starts a forge and a registry, and opens Slipway on them. Disposing ends all of it and removes the folder. */
export async function openWorld(signal: AbortSignal): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'slipway-demo-'));
  opening.defer(() => removeFolder(folder));
  await adaptEnvironment(folder);
  const forge = await startForge({ root: join(folder, 'forge') });
  opening.defer(() => forge.close());
  const registry = await startRegistry({ root: join(folder, 'registry') });
  opening.defer(() => registry.close());
  const { files, settings } = await configure(folder, forge.url, registry.url);
  const meter = new Meter();
  const home = opening.use(
    await openHome({
      settings,
      clock: systemClock,
      environment: { ...process.env, GIT_CONFIG_GLOBAL: files.gitConfig },
      observer: meter.observer,
    }),
  );
  opening.defer(() => cancelBuilds(home));
  const alice = new Person({ desk: join(folder, 'desk'), forge: forge.url, login: 'alice', signal });
  await populate(join(folder, 'forge', 'kubeflow'), alice);
  const everything = opening.move();
  return {
    home,
    delivery: new Delivery(files.config, settings, home, meter),
    alice,
    forge: forge.url,
    registry: registry.url,
    files,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** `delivery.yaml` speaks of github.com and gcr.io; only these files say that both are on this machine. */
async function configure(folder: string, forge: string, registry: string) {
  const files = {
    config,
    settings: join(folder, 'slipway.yaml'),
    gitConfig: join(folder, 'gitconfig'),
  };
  const token = join(folder, 'token');
  const text = stringify({
    apiVersion: 'slipway.dev/v1alpha1',
    kind: 'Settings',
    installation: 'demo',
    forges: { 'github.com': { api: forge, token: { file: token } } },
    registries: { 'gcr.io': { endpoint: registry } },
    state: { directory: join(folder, 'state') },
    builder: { concurrency: 2 },
  });
  await writeFile(token, 'as-slipway-bot\n', { mode: 0o600 });
  await writeFile(files.settings, text);
  await writeFile(
    files.gitConfig,
    `[include]\n\tpath = ~/.gitconfig\n[url "${forge}/kubeflow/"]\n\tinsteadOf = https://github.com/kubeflow/\n`,
  );
  return { files, settings: parseSettings({ name: files.settings, text }, {}) };
}

/**
 * Tools that keep images by themselves keep them in our folder, from which they leave with it (`vfs` works everywhere);
 * and no proxy stands before this machine itself.
 */
async function adaptEnvironment(folder: string): Promise<void> {
  const storage = join(folder, 'storage.conf');
  const [graphRoot, runRoot] = [join(folder, 'images'), join(folder, 'containers')];
  await writeFile(storage, `[storage]\ndriver = "vfs"\ngraphroot = "${graphRoot}"\nrunroot = "${runRoot}"\n`);
  process.env['CONTAINERS_STORAGE_CONF'] = storage;
  for (const name of ['NO_PROXY', 'no_proxy'])
    process.env[name] = [process.env[name], '127.0.0.1'].filter(Boolean).join(',');
}

/** Builds outlive whoever starts them, unless told. */
async function cancelBuilds({ builder }: Home): Promise<void> {
  const builds = await builder.list();
  const underWay = builds.filter(({ phase }) => phase === 'pending' || phase === 'running');
  await Promise.all(underWay.map(({ name }) => builder.cancel(name)));
}

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
