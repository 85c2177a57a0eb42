import { availableParallelism } from 'node:os';
import { makeFolder } from '../../ports/folder.ts';
import type { Build, Builder, BuildRequest } from '../../ports/builder.ts';
import type { Clock } from '../../ports/clock.ts';
import { PortError } from '../../ports/errors.ts';
import type { Git } from '../../ports/git.ts';
import type { Registry } from '../../ports/registry.ts';
import { Builds, isEnded } from './builds.ts';
import { waitForChange } from './change.ts';
import { detectTool } from './detect.ts';
import type { CustomCommand } from './detect.ts';
import { isCode } from './folder.ts';
import { LogReader } from './log.ts';
import { endBelongings, identify, isAlive, signalProcess } from './processes.ts';
import type { ProcessIdentity, Tool, ToolName } from './records.ts';
import { checkRequest } from './request.ts';
import { Starts, abortStart } from './starts.ts';

export interface LocalBuilderOptions {
  readonly git: Pick<Git, 'materialize'>;
  readonly registry: Pick<Registry, 'location'>;
  readonly clock: Clock;
  /** One folder per build; several processes may share it. */
  readonly directory: string;
  /** @default the first of docker, podman, buildah, buildctl that works */
  readonly tool?: ToolName | CustomCommand;
  /** Builds at a time. @default half of the processors, at least 1 */
  readonly concurrency?: number;
  /** Milliseconds that one build may take. @default 1 hour */
  readonly timeout?: number;
}

/** Longer than the shim gives its own processes, in milliseconds. */
const CANCEL_PATIENCE = 8000;
const FOLLOW_INTERVAL = 200;

/**
 * Builds by subprocesses of this machine. Each build has its own detached process (the shim), so it outlives us;
 * every reader of the folder sees the same state.
 */
export class LocalBuilder implements Builder {
  readonly #options: LocalBuilderOptions;
  readonly #concurrency: number;
  readonly #builds: Builds;
  readonly #starts: Starts;
  #tool: Promise<Tool> | undefined;
  /** Phases as `list` last told them: what `changed` compares with. */
  #told: string | undefined;

  constructor(options: LocalBuilderOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? Math.max(1, Math.floor(availableParallelism() / 2));
    this.#starts = new Starts(options);
    this.#builds = new Builds(options.directory, () => options.clock.now());
  }

  async describe(signal?: AbortSignal): Promise<string> {
    const tool = await this.#detect(signal);
    if (tool.name === 'command') return `command ${tool.argv[0] ?? ''}`;
    return [tool.name, tool.version, ...tool.options, ...tool.buildOptions].join(' ');
  }

  async capacity(signal?: AbortSignal): Promise<number> {
    throwIfCancelled(signal);
    const busy = (await this.#builds.list()).filter((build) => !isEnded(build)).length;
    return Math.max(0, this.#concurrency - busy);
  }

  async start(request: BuildRequest, signal?: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    checkRequest(request);
    const tool = await this.#detect(signal);
    const starter = await identify(process.pid);
    if (starter === undefined) throw new Error('this process does not find itself');
    await makeFolder(this.#options.directory, 'make it writable for this user');
    await this.#outside(request.name, async () => {
      const folder = this.#builds.folder(request.name);
      const isNew = await this.#starts.begin(folder, {
        version: 1,
        request,
        tool,
        location: this.#options.registry.location(request.image.name),
        timeout: this.#options.timeout ?? 60 * 60 * 1000,
        createdAt: this.#options.clock.now(),
        starter,
      });
      const key = isNew ? request.key : (await folder.record())?.request.key;
      if (key !== undefined && key !== request.key) {
        throw new PortError('conflict', request.name, `A build ${request.name} of another key exists.`);
      }
    });
  }

  async list(signal?: AbortSignal): Promise<readonly Build[]> {
    throwIfCancelled(signal);
    const builds = await this.#builds.list();
    this.#told = phasesOf(builds);
    return builds;
  }

  async *logs(
    name: string,
    options: { readonly follow?: boolean; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<string, void, undefined> {
    const { follow = false, signal } = options;
    const reader = new LogReader(this.#builds.folder(name).log);
    for (let isFirst = true; ; isFirst = false) {
      throwIfCancelled(signal);
      // Looked up before the read: what was written until the end is then read.
      const build = await this.#builds.look(name);
      if (build === undefined && isFirst) {
        throw new PortError('not-found', name, `There is no build ${name}, or it was removed.`);
      }
      yield* reader.read();
      if (!follow || build === undefined || isEnded(build)) return;
      await this.#sleep(FOLLOW_INTERVAL, signal);
    }
  }

  async cancel(name: string, signal?: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    const build = await this.#builds.look(name);
    if (build === undefined || isEnded(build)) return;
    const folder = this.#builds.folder(name);
    const result = { phase: 'cancelled', finishedAt: this.#options.clock.now() } as const;
    if (build.phase === 'pending' && (await folder.claim({ kind: 'nobody', result }))) {
      await abortStart(folder.path);
    } else {
      const owner = await folder.owner();
      if (owner?.kind === 'shim') await this.#endShim(name, owner.process, signal);
    }
    // The first result stays: the shim has told its own when it could.
    await folder.finish(result);
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    const build = await this.#builds.look(name);
    if (build === undefined) return;
    if (!isEnded(build)) {
      throw new PortError('conflict', name, `The build ${name} has not ended: cancel it first.`);
    }
    await this.#builds.folder(name).remove();
    this.#builds.forget(name);
  }

  async changed(signal: AbortSignal): Promise<void> {
    const before = this.#told ?? phasesOf(await this.#builds.list());
    await waitForChange(
      this.#options.directory,
      this.#options.clock,
      async () => phasesOf(await this.#builds.list()) !== before,
      signal,
    );
  }

  /** Gives up builds that have no process yet; those that have one go on. */
  close(): Promise<void> {
    return this.#starts.close();
  }

  /** Once: a failed look is repeated by the next call. */
  async #detect(signal?: AbortSignal): Promise<Tool> {
    this.#tool ??= detectTool(this.#options.tool, signal);
    try {
      return await this.#tool;
    } catch (error) {
      this.#tool = undefined;
      throw error;
    }
  }

  async #endShim(name: string, shim: ProcessIdentity, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.now() + CANCEL_PATIENCE;
    if (await isAlive(shim)) signalProcess(shim.pid, 'SIGTERM');
    while ((await this.#builds.folder(name).result()) === undefined && (await isAlive(shim))) {
      if (clock.now() >= deadline) break;
      await this.#sleep(25, signal);
    }
    await endBelongings(shim, this.#builds.folder(name).path, 0);
    if ((await this.#builds.folder(name).result()) === undefined && (await isAlive(shim))) {
      signalProcess(shim.pid, 'SIGKILL');
    }
  }

  async #sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(milliseconds, signal);
    } catch (error) {
      throwIfCancelled(signal);
      throw error;
    }
  }

  async #outside(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isCode(error, 'ENOSPC', 'EDQUOT', 'EACCES', 'EROFS')) throw error;
      const isFull = isCode(error, 'ENOSPC', 'EDQUOT');
      throw new PortError(
        isFull ? 'transient' : 'denied',
        name,
        `The build ${name} cannot be recorded in ${this.#options.directory}: ${String(error)}.`,
        {
          remedy: isFull ? 'Free space on its disk.' : 'Make the folder writable for this user.',
          cause: error,
        },
      );
    }
  }
}

function phasesOf(builds: readonly Build[]): string {
  return builds.map(({ name, phase }) => `${name} ${phase}`).join('\n');
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new PortError('cancelled', 'builder', 'The call to the builder was cancelled.', {
    cause: signal.reason,
  });
}
