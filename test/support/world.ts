import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../../runtime/api/settings.ts';
import { deliveryOptions, parseOptions } from '../../runtime/commands/delivery-session.ts';
import { parseSettings } from '../../runtime/config/settings.ts';
import { systemClock } from '../../runtime/control/clock.ts';
import { createLogger } from '../../runtime/control/log.ts';
import { runPass, type PassResult } from '../../runtime/control/pass.ts';
import type { DeliveryAction, DeliveryItem } from '../../runtime/delivery/actions.ts';
import { DesiredSource } from '../../runtime/delivery/source.ts';
import { DeliverySystem } from '../../runtime/delivery/system.ts';
import { openHome, type Home, type HomeObserver } from '../../runtime/home.ts';
import { startForge, type RunningForge } from '../../runtime/standins/forge/server.ts';
import { startRegistry, type RegistryServer } from '../../runtime/standins/registry/server.ts';
import { call } from './forge.ts';
import {
  commitAll,
  createRepositories,
  deliveryConfig,
  git,
  HOST,
  writeFiles,
} from './world-repositories.ts';

const MAIN = fileURLToPath(new URL('../../runtime/main.ts', import.meta.url));
const BUILDER = fileURLToPath(new URL('recording-builder.ts', import.meta.url));
const TOKEN = 'as-slipway-bot';

/** One request that reached the forge or the registry. */
export interface SeenRequest {
  readonly server: 'forge' | 'registry';
  readonly method: string;
  /** With query. */
  readonly path: string;
}

/** Undefined: answered properly. */
export type Fault = (request: SeenRequest) => Response | undefined | Promise<Response | undefined>;

export interface WorldOptions {
  /** Added to the desired state, as YAML. */
  readonly config?: string;
  /** Added to the settings. */
  readonly settings?: Partial<Settings>;
  /** Folder of a registry to begin with. @default empty */
  readonly images?: string;
  /** Where Slipway reaches the forge and the registry. @default there where they are */
  readonly through?: (servers: { forge: string; registry: string }) => { forge: string; registry: string };
}

export type DeliveryResult = PassResult<DeliveryItem, DeliveryAction>;

export interface Controller extends AsyncDisposable {
  readonly home: Home;
  readonly system: DeliverySystem;
  pass(options?: { readonly wait?: boolean; readonly signal?: AbortSignal }): Promise<DeliveryResult>;
}

/** A `slipway` process. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<{
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/**
 * A forge, a registry and a few small repositories in a folder of their own, with everything that a Slipway needs to
 * deliver from one to the other.
 */
export class World implements AsyncDisposable {
  readonly directory: string;
  readonly forge: RunningForge;
  readonly registry: RegistryServer;
  /** What reached the servers, in order. */
  readonly requests: readonly SeenRequest[];
  /** Path of the desired state. */
  readonly config: string;
  /** Sees each request first and may answer it instead, until it is taken away. */
  fault: Fault | undefined;
  readonly #options: WorldOptions;

  private constructor(
    of: Pick<World, 'directory' | 'forge' | 'registry' | 'requests'>,
    options: WorldOptions,
  ) {
    this.directory = of.directory;
    this.forge = of.forge;
    this.registry = of.registry;
    this.requests = of.requests;
    this.config = path.join(of.directory, 'delivery.yaml');
    this.#options = options;
  }

  static async open(options: WorldOptions = {}): Promise<World> {
    const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'slipway-world-')));
    await createRepositories(path.join(directory, 'forge'), directory);
    if (options.images !== undefined)
      await cp(options.images, path.join(directory, 'registry'), { recursive: true });
    const requests: SeenRequest[] = [];
    const opened: { world?: World } = {};
    const intercept = (server: SeenRequest['server']) => (request: Request) => {
      const { pathname, search } = new URL(request.url);
      const seen = { server, method: request.method, path: pathname + search };
      requests.push(seen);
      return opened.world?.fault?.(seen);
    };
    const forge = await startForge({ root: path.join(directory, 'forge'), intercept: intercept('forge') });
    const registry = await startRegistry({
      root: path.join(directory, 'registry'),
      intercept: intercept('registry'),
    });
    const world = new World({ directory, forge, registry, requests }, options);
    opened.world = world;
    await mkdir(world.orders);
    await writeFile(world.config, deliveryConfig(options.config));
    await writeFile(
      world.#gitConfig(),
      `[url "${world.#servers().forge}/"]\n  insteadOf = https://${HOST}/\n`,
    );
    return world;
  }

  /** Folder of files that make builds fail (`fail-controller`) or wait (`hold-controller`). */
  get orders(): string {
    return path.join(this.directory, 'orders');
  }

  get ledger(): string {
    return path.join(this.directory, 'ledger.jsonl');
  }

  /** @param state name of the folder of the state: another one is another machine */
  settings(state = 'state'): Settings {
    const { forge, registry } = this.#servers();
    const given = {
      forges: { [HOST]: { api: forge, token: { env: 'FORGE_TOKEN' } } },
      registries: { 'registry.test': { endpoint: registry } },
      state: { directory: path.join(this.directory, state) },
      builder: { command: [process.execPath, BUILDER, this.ledger, this.orders], concurrency: 4 },
      log: { level: 'error' },
      ...this.#options.settings,
    };
    return parseSettings({ name: 'slipway.yaml', text: JSON.stringify(given) }, {});
  }

  /** Only what a Slipway needs; nothing of the machine's. */
  environment(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.directory,
      FORGE_TOKEN: TOKEN,
      GIT_CONFIG_GLOBAL: this.#gitConfig(),
      GIT_CONFIG_NOSYSTEM: '1',
    };
  }

  /** A Slipway in this process. */
  async controller(
    options: { readonly state?: string; readonly observer?: HomeObserver } = {},
  ): Promise<Controller> {
    const settings = this.settings(options.state);
    const logger = await createLogger({ level: 'error' });
    const home = await openHome({
      settings,
      clock: systemClock,
      environment: this.environment(),
      ...(options.observer && { observer: options.observer }),
    });
    const source = new DesiredSource(this.config, home.documents, parseOptions({}, settings), logger);
    const system = new DeliverySystem((signal) => source.read(signal), home, deliveryOptions(settings));
    return {
      home,
      system,
      pass: ({ wait = true, signal = new AbortController().signal } = {}) =>
        runPass(system, { clock: home.clock, signal, logger, wait }),
      [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
    };
  }

  /** One whole pass of a Slipway in this process. */
  async deliver(options: Parameters<World['controller']>[0] = {}): Promise<DeliveryResult> {
    await using controller = await this.controller(options);
    return await controller.pass();
  }

  /** Starts `slipway delivery <verb>` as a process of its own. */
  async start(
    verb: string,
    options: { readonly state?: string; readonly environment?: Readonly<Record<string, string>> } = {},
  ): Promise<Running> {
    const settings = path.join(this.directory, `slipway-${options.state ?? 'state'}.json`);
    await writeFile(settings, JSON.stringify(this.settings(options.state)));
    const args = ['delivery', verb, '--config', this.config, '--settings', settings, '-o', 'json'];
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.directory,
      env: { ...this.environment(), ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    const ended = once(child, 'close').then(([status]: (number | null)[]) => ({
      status: status ?? null,
      ...output,
    }));
    return { process: child, ended };
  }

  async apply(options: Parameters<World['start']>[1] = {}): Promise<Awaited<Running['ended']>> {
    return (await this.start('apply', options)).ended;
  }

  /** A person commits files to a branch of `acme/source` or `acme/manifests`, and pushes. */
  async commit(
    repository: 'source' | 'manifests',
    branch: string,
    files: Readonly<Record<string, string>>,
    message = 'Change it',
  ): Promise<string> {
    const work = path.join(this.directory, `${repository}-work`);
    const remote = `http://ann:as-ann@127.0.0.1:${this.forge.port}/acme/${repository}.git`;
    await mkdir(work, { recursive: true });
    await git(work, 'init', '--quiet');
    await git(work, 'fetch', '--quiet', remote, branch);
    await git(work, 'checkout', '--quiet', '--detach', 'FETCH_HEAD');
    await writeFiles(work, files);
    const commit = await commitAll(work, message);
    await git(work, 'push', '--quiet', remote, `HEAD:refs/heads/${branch}`);
    return commit;
  }

  /** A person's REST call. */
  person(method: string, route: string, body?: unknown): ReturnType<typeof call> {
    return call(this.forge, method, route, { as: 'ann', ...(body !== undefined && { body }) });
  }

  /** A file of the world, '' when there is none. */
  async read(file: string): Promise<string> {
    const at = path.join(this.directory, file);
    return existsSync(at) ? readFile(at, 'utf8') : '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.forge.close();
    await this.registry.close();
    // A build that nobody waited for may still write.
    await rm(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #servers(): { forge: string; registry: string } {
    const servers = { forge: this.forge.url, registry: this.registry.url };
    return this.#options.through?.(servers) ?? servers;
  }

  #gitConfig(): string {
    return path.join(this.directory, 'gitconfig');
  }
}
