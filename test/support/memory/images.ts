import { createHash } from 'node:crypto';
import {
  PortError,
  type Build,
  type Builder,
  type BuildRequest,
  type Clock,
  type Digest,
  type Manifest,
  type Registry,
} from '../../../runtime/ports/index.ts';

/** A registry in memory: a tag that exists is moved only when asked to. */
export class MemoryRegistry implements Registry {
  readonly #tags = new Map<string, Digest>();
  /** How often each `name:tag` was given a digest that it did not have. */
  readonly writes = new Map<string, number>();

  get tags(): Readonly<Record<string, Digest>> {
    return Object.fromEntries([...this.#tags].sort());
  }

  digest(name: string, reference: string): Promise<Digest | undefined> {
    const known = reference.startsWith('sha256:') && [...this.#tags.values()].includes(reference);
    return Promise.resolve(known ? reference : this.#tags.get(`${name}:${reference}`));
  }

  async manifest(name: string, reference: string): Promise<Manifest | undefined> {
    const digest = await this.digest(name, reference);
    return digest === undefined ? undefined : { digest, mediaType: 'image', platforms: [] };
  }

  tag(name: string, digest: Digest, tag: string, { move = false } = {}): Promise<void> {
    const known = this.#tags.get(`${name}:${tag}`);
    if (known !== undefined && known !== digest && !move)
      return Promise.reject(new PortError('conflict', name, `${name}:${tag} names ${known}`));
    this.put(name, tag, digest);
    return Promise.resolve();
  }

  location(name: string): { readonly reference: string; readonly insecure: boolean } {
    return { reference: name, insecure: false };
  }

  /** Loses everything, as after a clean-up that went too far. */
  empty(): void {
    this.#tags.clear();
  }

  /** As a push does: whatever the tag named before. */
  put(name: string, tag: string, digest: Digest): void {
    const id = `${name}:${tag}`;
    if (this.#tags.get(id) !== digest) this.writes.set(id, (this.writes.get(id) ?? 0) + 1);
    this.#tags.set(id, digest);
  }
}

/** Builds in memory that go on when nobody looks: each wait for a change brings the oldest one to its end. */
export class MemoryBuilder implements Builder {
  readonly #registry: MemoryRegistry;
  readonly #clock: Clock;
  readonly #builds = new Map<string, { request: BuildRequest; build: Build }>();
  /** Part of every image: another value makes other images of the same keys. */
  compiler = '';
  /** Every build that began, in order. */
  readonly started: { readonly name: string; readonly key: string }[] = [];

  constructor(registry: MemoryRegistry, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  describe(): Promise<string> {
    return Promise.resolve('memory');
  }

  capacity(): Promise<number> {
    return Promise.resolve(4 - this.running().length);
  }

  start(request: BuildRequest): Promise<void> {
    const { name, key, labels } = request;
    const known = this.#builds.get(name);
    if (known && known.request.key !== key)
      return Promise.reject(new PortError('conflict', name, `a build ${name} of another key exists`));
    if (known) return Promise.resolve();
    this.started.push({ name, key });
    const startedAt = this.#clock.now();
    this.#builds.set(name, {
      request,
      build: { name, key, labels, owned: true, phase: 'running', startedAt },
    });
    return Promise.resolve();
  }

  list(): Promise<readonly Build[]> {
    return Promise.resolve([...this.#builds.values()].map(({ build }) => build));
  }

  async *logs(): AsyncGenerator<string> {
    // Nothing is written.
  }

  cancel(name: string): Promise<void> {
    this.#end(name, { phase: 'cancelled' });
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.#builds.delete(name);
    return Promise.resolve();
  }

  changed(): Promise<void> {
    const [oldest] = this.running();
    if (oldest !== undefined) this.finish(oldest);
    return Promise.resolve();
  }

  running(): string[] {
    return [...this.#builds.values()].flatMap(({ build }) => (build.phase === 'running' ? [build.name] : []));
  }

  /** The build ends well: its tags are pushed, the key's first. */
  finish(name: string): void {
    const request = this.#builds.get(name)?.request;
    if (!request || !this.running().includes(name)) return;
    const digest = digestOf(request.key, this.compiler);
    for (const tag of request.image.tags) this.#registry.put(request.image.name, tag, digest);
    this.#end(name, { phase: 'succeeded', digest });
  }

  /** The machine dies under it: nothing was pushed, or the key tag alone. */
  lose(name: string, published = false): void {
    const request = this.#builds.get(name)?.request;
    const [keyTag] = request?.image.tags ?? [];
    if (published && request && keyTag !== undefined)
      this.#registry.put(request.image.name, keyTag, digestOf(request.key, this.compiler));
    this.#end(name, {
      phase: 'failed',
      failure: { kind: 'transient', reason: 'Lost', message: 'it was killed' },
    });
  }

  #end(name: string, how: Pick<Build, 'phase' | 'digest' | 'failure'>): void {
    const known = this.#builds.get(name);
    if (known?.build.phase !== 'running') return;
    known.build = { ...known.build, ...how, finishedAt: this.#clock.now() };
  }
}

function digestOf(key: string, compiler: string): Digest {
  return `sha256:${createHash('sha256').update(`image of ${key}${compiler}`).digest('hex')}`;
}
