import { PortError } from '../../ports/errors.ts';
import type { Oid, RefUpdate, RefUpdateResult, RepositoryUrl } from '../../ports/git.ts';
import { redact } from './failures.ts';
import { fetchBlobs, fetchCommits } from './fetch.ts';
import type { Mirror } from './mirror.ts';
import { checkOid, checkRef } from './names.ts';
import type { Output } from './process.ts';
import { type Remote, remoteFailure } from './remote.ts';

/** Reads refs of a repository, as `Git.refs`. */
export type ReadRefs = (
  repository: RepositoryUrl,
  patterns: readonly string[],
) => Promise<ReadonlyMap<string, Oid>>;

/** One push. What it did to each ref is told in the order of `updates`. */
export async function push(
  mirror: Mirror,
  remote: Remote,
  target: RepositoryUrl,
  updates: readonly RefUpdate[],
  readRefs: ReadRefs,
  signal?: AbortSignal,
): Promise<RefUpdateResult[]> {
  checkUpdates(target, updates);
  let output = await runPush(mirror, remote, target, updates, signal);
  if (lacksObjects(output)) {
    // the target has commits that we do not know, so git would send what it takes to be new
    await learn(mirror, remote, target, updates, readRefs, signal);
    output = await runPush(mirror, remote, target, updates, signal);
  }
  const results = parsePorcelain(output.stdout, remoteWords(output.stderr));
  const missing = updates.find(({ ref }) => !results.has(ref));
  if (missing) {
    if (output.code !== 0) throw remoteFailure('push to', target, output);
    throw new PortError('transient', target, `git push to ${target} said nothing about ${missing.ref}`);
  }
  return settleStale(target, updates, results, readRefs);
}

function checkUpdates(target: RepositoryUrl, updates: readonly RefUpdate[]): void {
  for (const { ref, to, expected } of updates) {
    checkRef(ref);
    if (to !== null) checkOid(to);
    if (expected !== null) checkOid(expected);
  }
  if (new Set(updates.map(({ ref }) => ref)).size < updates.length)
    throw new PortError('invalid', target, 'a ref is updated twice in one push');
}

function runPush(
  mirror: Mirror,
  remote: Remote,
  target: RepositoryUrl,
  updates: readonly RefUpdate[],
  signal: AbortSignal | undefined,
): Promise<Output> {
  return remote.run({
    repository: target,
    direction: 'push',
    args: [
      `--git-dir=${mirror.path}`,
      ...['push', '--porcelain', '--no-verify', '--no-atomic', '--no-follow-tags', '--no-signed'],
      '--recurse-submodules=no',
      ...updates.map(({ ref, expected }) => `--force-with-lease=${ref}:${expected ?? ''}`),
      '--',
      target,
      ...updates.map(({ ref, to }) => `${to ?? ''}:${ref}`),
    ],
    signal,
  });
}

/** The mirror has no promisor while it pushes, so a blob that git wants to send and does not find ends the push. */
function lacksObjects(output: Output): boolean {
  return (
    output.code !== 0 &&
    /unable to read [0-9a-f]{40}|missing blob|could not read [0-9a-f]{40}/i.test(output.stderr)
  );
}

/** Learns the commits of the target, then brings the blobs of ours that it lacks (a fork that lags behind). */
async function learn(
  mirror: Mirror,
  remote: Remote,
  target: RepositoryUrl,
  updates: readonly RefUpdate[],
  readRefs: ReadRefs,
  signal: AbortSignal | undefined,
): Promise<void> {
  const heads = await readRefs(target, ['refs/heads/*']);
  await fetchCommits(mirror, remote, target, heads, signal);
  const tips = updates.flatMap(({ to }) => (to === null ? [] : [to]));
  const listed = await mirror.local(
    'list what to push',
    ['rev-list', '--objects', '--missing=print', '--stdin'],
    {
      input: [...tips, ...[...heads.values()].map((oid) => `^${oid}`)].map((line) => `${line}\n`).join(''),
      signal,
    },
  );
  const blobs = [...listed.matchAll(/^\?([0-9a-f]+)$/gm)].map((match) => match[1] ?? '');
  await fetchBlobs(mirror, remote, blobs, signal);
}

/** `<flag> TAB <from>:<to> TAB <summary>[ (<reason>)]` for each ref. */
export function parsePorcelain(stdout: string, words: string): Map<string, RefUpdateResult> {
  const results = new Map<string, RefUpdateResult>();
  for (const [, flag = '', ref = '', summary = ''] of stdout.matchAll(
    /^([ +*=!-])\t[^\t]*:([^\t:]+)\t(.*)$/gm,
  )) {
    results.set(ref, resultOf(ref, flag, redact(summary), words));
  }
  return results;
}

function resultOf(ref: string, flag: string, summary: string, words: string): RefUpdateResult {
  if (flag === '=') return { ref, status: 'unchanged' };
  if (flag !== '!') return { ref, status: 'updated' };
  const stale =
    summary.startsWith('[rejected]') ||
    /cannot lock ref|failed to update ref|reference already exists|but expected|fetch first/i.test(summary);
  const message = stale || words === '' ? summary : `${summary}: ${words}`;
  return { ref, status: stale ? 'stale' : 'rejected', message: message.slice(0, 500) };
}

/** What the server wrote to the person who pushes. */
function remoteWords(stderr: string): string {
  return [...stderr.matchAll(/^remote: ?(.*)$/gm)]
    .map((match) => (match[1] ?? '').trim())
    .filter((line) => line !== '')
    .join('; ');
}

/** A push whose answer was lost finds its own work: the remote already holds what a stale update wants. */
async function settleStale(
  target: RepositoryUrl,
  updates: readonly RefUpdate[],
  results: ReadonlyMap<string, RefUpdateResult>,
  readRefs: ReadRefs,
): Promise<RefUpdateResult[]> {
  const stale = updates.filter(({ ref }) => results.get(ref)?.status === 'stale').map(({ ref }) => ref);
  const held = stale.length > 0 ? await readRefs(target, stale) : new Map<string, Oid>();
  return updates.map(({ ref, to }) => {
    const result = results.get(ref) ?? { ref, status: 'rejected' };
    if (result.status !== 'stale' || (held.get(ref) ?? null) !== to) return result;
    return { ref, status: 'unchanged' };
  });
}
