import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deliveryOptions, parseOptions } from '../../runtime/commands/delivery-session.ts';
import { parseSettings } from '../../runtime/config/settings.ts';
import { systemClock } from '../../runtime/control/clock.ts';
import { createLogger } from '../../runtime/control/log.ts';
import { runPass } from '../../runtime/control/pass.ts';
import { DesiredSource } from '../../runtime/delivery/source.ts';
import { DeliverySystem } from '../../runtime/delivery/system.ts';
import { openHome, type HomeObserver } from '../../runtime/home.ts';
import { startForge, type RunningForge } from '../../runtime/standins/forge/server.ts';
import { startRegistry, type RegistryServer } from '../../runtime/standins/registry/server.ts';
import type { DeliveryResult } from './world.ts';

const BUILDER = fileURLToPath(new URL('recording-builder.ts', import.meta.url));
const NAMES = ['kubeflow', 'manifests', 'testing', 'tf-operator', 'pytorch-operator', 'xgboost-operator'];

/** Folder with the real repositories as `kubeflow/<name>.git`, where SLIPWAY_KUBEFLOW names one that has them all. */
export function kubeflowFolder(): string | undefined {
  const folder = process.env['SLIPWAY_KUBEFLOW'];
  return folder !== undefined && NAMES.every((name) => existsSync(repositoryIn(folder, name)))
    ? folder
    : undefined;
}

/** Git directory of one of them. */
export function kubeflowRepository(name: string): string | undefined {
  const folder = kubeflowFolder();
  return folder === undefined ? undefined : repositoryIn(folder, name);
}

/** What a person does to have them. */
export const howToGetKubeflow = `set SLIPWAY_KUBEFLOW to a folder made by: for r in ${NAMES.join(' ')}; do git clone --bare https://github.com/kubeflow/$r "$SLIPWAY_KUBEFLOW/kubeflow/$r.git"; done`;

function repositoryIn(folder: string, name: string): string {
  return path.join(folder, 'kubeflow', `${name}.git`);
}

const run = promisify(execFile);

/** Kubeflow's own configuration and repositories on a forge and a registry of this machine. */
export class Kubeflow implements AsyncDisposable {
  readonly directory: string;
  readonly forge: RunningForge;
  readonly #registry: RegistryServer;

  private constructor(directory: string, forge: RunningForge, registry: RegistryServer) {
    this.directory = directory;
    this.forge = forge;
    this.#registry = registry;
  }

  /** @param folder is only read: what is pushed goes to repositories beside it, which share its objects */
  static async open(folder: string): Promise<Kubeflow> {
    const directory = await mkdtemp(path.join(tmpdir(), 'slipway-kubeflow-'));
    const root = path.join(directory, 'forge');
    for (const name of NAMES) await share(repositoryIn(folder, name), repositoryIn(root, name));
    const forge = await startForge({ root });
    const registry = await startRegistry({ root: path.join(directory, 'registry') });
    const kubeflow = new Kubeflow(directory, forge, registry);
    await mkdir(path.join(directory, 'orders'));
    const config = await kubeflow.git('testing', 'show', 'HEAD:apps-cd/applications.yaml');
    await writeFile(kubeflow.config, config);
    await writeFile(kubeflow.settingsFile, JSON.stringify(kubeflow.#given()));
    await writeFile(
      path.join(directory, 'gitconfig'),
      `[url "${forge.url}/"]\n  insteadOf = https://github.com/\n`,
    );
    return kubeflow;
  }

  get config(): string {
    return path.join(this.directory, 'applications.yaml');
  }

  get settingsFile(): string {
    return path.join(this.directory, 'slipway.json');
  }

  #given() {
    return {
      forges: { 'github.com': { api: this.forge.url, token: { env: 'FORGE_TOKEN' } } },
      registries: { 'gcr.io': { endpoint: this.#registry.url } },
      state: { directory: path.join(this.directory, 'state') },
      // Nothing is built of what is in the repositories, so nothing of it is fetched.
      builder: {
        command: [
          process.execPath,
          BUILDER,
          path.join(this.directory, 'ledger'),
          path.join(this.directory, 'orders'),
        ],
        checkout: false,
        concurrency: 4,
      },
      log: { level: 'error' },
    };
  }

  environment(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.directory,
      FORGE_TOKEN: 'as-slipway-bot',
      GIT_CONFIG_GLOBAL: path.join(this.directory, 'gitconfig'),
      GIT_CONFIG_NOSYSTEM: '1',
    };
  }

  /** One pass of a Slipway that starts anew. */
  async pass(
    options: {
      readonly suspended?: boolean;
      readonly inputs?: 'context';
      readonly observer?: HomeObserver;
    } = {},
  ): Promise<DeliveryResult> {
    const settings = parseSettings({ name: 'slipway.json', text: JSON.stringify(this.#given()) }, {});
    const logger = await createLogger({ level: 'error' });
    await using home = await openHome({
      settings,
      clock: systemClock,
      environment: this.environment(),
      ...(options.observer && { observer: options.observer }),
    });
    const source = new DesiredSource(this.config, home.documents, parseOptions(options, settings), logger);
    const system = new DeliverySystem((signal) => source.read(signal), home, deliveryOptions(settings));
    return await runPass(system, {
      clock: home.clock,
      signal: new AbortController().signal,
      logger,
      wait: true,
      suspended: options.suspended ?? false,
    });
  }

  /** Asks git itself. */
  async git(name: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run(
      'git',
      ['-C', repositoryIn(path.join(this.directory, 'forge'), name), ...args],
      {
        maxBuffer: 2 ** 28,
      },
    );
    return stdout.trimEnd();
  }

  /** Whether git says yes. */
  async holds(name: string, ...args: readonly string[]): Promise<boolean> {
    return this.git(name, ...args).then(
      () => true,
      () => false,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.forge.close();
    await this.#registry.close();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** A repository with the refs and, without copying them, the objects of another. */
async function share(from: string, to: string): Promise<void> {
  await run('git', ['init', '--quiet', '--bare', to]);
  await writeFile(path.join(to, 'objects', 'info', 'alternates'), `${path.resolve(from, 'objects')}\n`);
  for (const part of ['HEAD', 'packed-refs', 'refs'])
    if (existsSync(path.join(from, part)))
      await cp(path.join(from, part), path.join(to, part), { recursive: true, dereference: true });
}
