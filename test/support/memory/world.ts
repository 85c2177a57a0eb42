import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applicationVersionKind } from '../../../runtime/api/application-version.ts';
import { createLogger } from '../../../runtime/control/log.ts';
import { runPass } from '../../../runtime/control/pass.ts';
import { parseDelivery } from '../../../runtime/delivery/config/parse.ts';
import type { DeliveryOptions } from '../../../runtime/delivery/options.ts';
import type { Desired } from '../../../runtime/delivery/pair.ts';
import { DeliverySystem } from '../../../runtime/delivery/system.ts';
import { openObjectStore, type LocalObjectStore } from '../../../runtime/local/object-store.ts';
import type { ObjectStore } from '../../../runtime/ports/index.ts';
import type { DeliveryResult } from '../world.ts';
import { deliveryConfig, HOST, MANIFESTS, NEWER, SOURCE } from '../world-repositories.ts';
import { MemoryForge } from './forge.ts';
import { MemoryGit } from './git.ts';
import { MemoryBuilder, MemoryRegistry } from './images.ts';
import { QuickClock } from './clock.ts';
import { intercept, type Around } from './intercept.ts';

export const SOURCES = `https://${HOST}/acme/source`;
export const TARGETS = `https://${HOST}/acme/manifests`;

/** In memory where there is such a folder: what is proven here needs no disk. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const logger = await createLogger({ level: 'error' });

export const options: DeliveryOptions = {
  installation: 'test',
  branchPrefix: 'slipway',
  headOwner: () => undefined,
  author: { name: 'slipway', email: 'slipway@example.com' },
  batchWindow: 5 * 60_000,
  keepBuilds: 5,
};

/** A controller of its own process: with nothing in memory but what it reads. */
export interface Process {
  readonly system: DeliverySystem;
  pass(signal?: AbortSignal): Promise<DeliveryResult>;
}

/**
 * The repositories of `World` with an outside in memory that keeps every precondition of the real one, and a real store.
 * Quick enough to try every fault at every call.
 */
export class MemoryWorld implements AsyncDisposable {
  readonly clock = new QuickClock();
  readonly git = new MemoryGit();
  readonly registry = new MemoryRegistry();
  readonly builder = new MemoryBuilder(this.registry, this.clock);
  readonly forge = new MemoryForge(
    () => this.clock.now(),
    (_, branch) => this.git.heads(TARGETS)[`refs/heads/${branch}`],
  );
  readonly desired: Desired;
  /** Whatever is open now: a process outlives the closing for a copy. */
  readonly #store = new Proxy({} as ObjectStore, {
    get: (_, name) => {
      if (typeof Reflect.get(this.#objects, name) !== 'function') return undefined;
      return (...args: unknown[]) => {
        const method = Reflect.get(this.#objects, name) as (...args: unknown[]) => unknown;
        return Reflect.apply(method, this.#objects, args);
      };
    },
  });
  readonly #folder: string;
  #objects: LocalObjectStore;
  #copies = 0;

  private constructor(folder: string, objects: LocalObjectStore, config: string) {
    this.#folder = folder;
    this.#objects = objects;
    this.desired = parseDelivery({ name: 'delivery.yaml', text: deliveryConfig(config) }, {});
    for (const [repository, files] of [
      [SOURCES, SOURCE],
      [TARGETS, MANIFESTS],
    ] as const) {
      this.git.write(repository, 'main', files);
      this.git.write(repository, 'v1.0', {}, 'main');
    }
    this.git.write(SOURCES, 'main', NEWER);
  }

  static async open(config = ''): Promise<MemoryWorld> {
    const folder = await mkdtemp(path.join(FOLDER, 'slipway-memory-'));
    const clock = new QuickClock();
    const objects = await openObjectStore({ path: path.join(folder, 'objects.sqlite'), clock });
    return new MemoryWorld(folder, objects, config);
  }

  get objects(): LocalObjectStore {
    return this.#objects;
  }

  /** A process that starts now. */
  start(around: Around = (_, perform) => perform()): Process {
    const { builder, clock, forge, git, registry } = this;
    const ports = intercept({ builder, clock, forge, git, objects: this.#store, registry }, around);
    const system = new DeliverySystem(() => Promise.resolve(this.desired), ports, options);
    return {
      system,
      pass: (signal = new AbortController().signal) => runPass(system, { clock, signal, logger, wait: true }),
    };
  }

  /** Fresh processes, with time between them, until one finds nothing to do. */
  async settle(): Promise<DeliveryResult> {
    for (let tries = 0; tries < 20; tries += 1) {
      const result = await this.start().pass();
      if (result.outcomes.length === 0 && result.settled && !result.plan.items.some(isWaiting)) return result;
      this.clock.jump(60_000);
    }
    throw new Error('20 passes did not settle it');
  }

  /** Sets the store back to how it was when `restore` was made. */
  async backup(): Promise<() => Promise<void>> {
    const copy = path.join(this.#folder, `copy-${(this.#copies += 1)}.sqlite`);
    await this.#reopen(() => copyFile(this.#file, copy));
    return () => this.#reopen(() => copyFile(copy, this.#file));
  }

  get #file(): string {
    return path.join(this.#folder, 'objects.sqlite');
  }

  /** Closing writes everything into the one file. */
  async #reopen(meanwhile: () => Promise<void>): Promise<void> {
    this.#objects.close();
    await meanwhile();
    this.#objects = await openObjectStore({ path: this.#file, clock: this.clock });
  }

  /** How things stand, without times, numbers and order. */
  async endState(): Promise<unknown> {
    const { items } = await this.#objects.list(applicationVersionKind);
    return {
      heads: this.git.heads(TARGETS),
      tags: this.registry.tags,
      pullRequests: this.forge.all
        .map(({ body, ...one }) => ({ ...one, ...UNCOUNTED, body: withoutNumbers(body) }))
        .sort((a, b) => (a.head.branch < b.head.branch ? -1 : 1)),
      statuses: Object.fromEntries(
        items
          .map(({ metadata, status }): [string, unknown] => [
            metadata.name,
            {
              state: status?.state,
              reason: withoutNumbers(status?.reason ?? ''),
              key: status?.key,
              image: status?.image,
              built: status?.built,
              pullRequests: status?.pullRequests?.map(({ base, change, state }) => ({ base, change, state })),
            },
          ])
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#objects.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Which of several pull requests came first is chance. */
const UNCOUNTED = { number: 0, url: '', updatedAt: 0 };

function withoutNumbers(text: string): string {
  return text.replaceAll(/#\d+/g, '#N');
}

function isWaiting({
  state,
  unreadable,
}: {
  readonly state: string;
  readonly unreadable?: boolean;
}): boolean {
  return unreadable === true || ['build', 'building', 'failed', 'retag', 'update'].includes(state);
}
