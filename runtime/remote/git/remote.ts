import pLimit from 'p-limit';
import type { Clock } from '../../ports/clock.ts';
import { isFault, PortError } from '../../ports/errors.ts';
import type { RepositoryUrl } from '../../ports/git.ts';
import { type Access, accessFor, type GitCredentials, writeAskpass } from './credentials.ts';
import { failureOf, redact } from './failures.ts';
import type { GitRunner, Output } from './process.ts';
import { checkTransport, effectiveUrl, endpointOf, parseRewrites, type Rewrite } from './transport.ts';

/** Processes that talk with remotes at one time. */
const CONCURRENCY = 8;
/** Milliseconds that a person's rewriting rules are believed before they are read again. */
const REWRITES_AGE = 60_000;
const RETRIES = 2;
/** Milliseconds before the first repetition, doubled for each further one, times 0.5 to 1.5. */
const RETRY_DELAY = 500;

export interface RemoteOptions {
  readonly directory: string;
  readonly transports: readonly string[];
  readonly credentials: (
    host: string,
    repository: RepositoryUrl,
    direction: 'fetch' | 'push',
  ) => Promise<GitCredentials | undefined>;
  readonly clock: Clock;
}

export interface RemoteCall {
  readonly repository: RepositoryUrl;
  readonly direction: 'fetch' | 'push';
  /** Git's arguments from the global options on. */
  readonly args: readonly string[];
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The way to remotes: the only place where git may use the network, with the credentials of that one host. */
export class Remote {
  readonly #options: RemoteOptions;
  readonly #runner: GitRunner;
  readonly #limit = pLimit(CONCURRENCY);
  #rewrites: { readonly at: number; readonly rules: Promise<Rewrite[]> } | undefined;
  #askpass: Promise<string> | undefined;

  constructor(runner: GitRunner, options: RemoteOptions) {
    this.#runner = runner;
    this.#options = options;
  }

  /**
   * Runs one git process that may talk with this repository, by the transport of its effective URL and by no other.
   * Gives its output, without secrets, whatever the exit status.
   * @throws PortError `invalid` when the transport is not allowed
   */
  async run(call: RemoteCall): Promise<Output> {
    return this.#limit(async () => {
      const access = await this.#access(call.repository, call.direction);
      const output = await this.#runner.run([...access.args, ...call.args], {
        env: access.env,
        subject: call.repository,
        signal: call.signal,
        ...(call.input === undefined ? {} : { input: call.input }),
      });
      return { ...output, stderr: redact(output.stderr, access.secrets) };
    });
  }

  /** Output of a read that must succeed, repeated twice while the failure is transient. */
  async read(action: string, call: Omit<RemoteCall, 'direction'>): Promise<string> {
    for (let retry = 0; ; retry++) {
      try {
        const output = await this.run({ ...call, direction: 'fetch' });
        if (output.code === 0) return output.stdout;
        throw remoteFailure(action, call.repository, output);
      } catch (error) {
        if (retry === RETRIES || !isFault(error, 'transient')) throw error;
        await this.#pause(RETRY_DELAY * 2 ** retry * (0.5 + Math.random()), call.repository, call.signal);
      }
    }
  }

  async #pause(delay: number, subject: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#options.clock.sleep(delay, signal);
    } catch (cause) {
      throw new PortError('cancelled', subject, 'waiting for another try was cancelled', { cause });
    }
  }

  async #access(repository: RepositoryUrl, direction: 'fetch' | 'push'): Promise<Access> {
    endpointOf(repository);
    const endpoint = endpointOf(effectiveUrl(repository, await this.#rules(), direction));
    checkTransport(repository, endpoint, this.#options.transports);
    this.#askpass ??= writeAskpass(this.#options.directory);
    const credentials = endpoint.host
      ? await this.#options.credentials(endpoint.host, repository, direction)
      : undefined;
    const access = accessFor(endpoint, credentials, await this.#askpass);
    return { ...access, env: { ...access.env, GIT_ALLOW_PROTOCOL: endpoint.protocol } };
  }

  #rules(): Promise<Rewrite[]> {
    const now = this.#options.clock.now();
    if (!this.#rewrites || Math.abs(now - this.#rewrites.at) > REWRITES_AGE)
      this.#rewrites = { at: now, rules: this.#readRules() };
    return this.#rewrites.rules;
  }

  async #readRules(): Promise<Rewrite[]> {
    try {
      const pattern = String.raw`^url\..*\.(push)?insteadof$`;
      const subject = 'git configuration';
      const output = await this.#runner.run(['config', '-z', '--get-regexp', pattern], { subject });
      // status 1: there is none
      if (output.code > 1)
        throw failureOf({
          action: 'read its configuration',
          subject,
          stderr: output.stderr,
          otherwise: 'invalid',
        });
      return parseRewrites(output.stdout);
    } catch (error) {
      this.#rewrites = undefined;
      throw error;
    }
  }
}

export function remoteFailure(action: string, repository: RepositoryUrl, output: Output): PortError {
  return failureOf({
    action: `${action} ${repository}`,
    subject: repository,
    stderr: output.stderr,
    otherwise: 'transient',
  });
}
