import type { Oid, Ports } from '../ports/index.ts';
import type { Guards } from './guards.ts';
import type { Refs } from './observe-refs.ts';
import type { ImageReference } from './observed.ts';
import type { Desired, Target } from './pair.ts';
import { hostOf, missing, read, type Read } from './read.ts';
import { ofContent, readFiles } from './read-files.ts';
import { readTarget, targetFiles } from './target-text.ts';
import { decodeText } from './text.ts';

/** A target as its branch has it now. */
export interface TargetText {
  readonly file: string;
  readonly current: ImageReference;
}

export type TargetTexts = ReadonlyMap<Target, Read<TargetText>>;

/** What a target said at a commit, for as long as its config stays. */
export class TargetsMemo {
  readonly #known = new WeakMap<Target, { readonly commit: Oid; readonly text: Read<TargetText> }>();

  get(target: Target, commit: Oid): Read<TargetText> | undefined {
    const known = this.#known.get(target);
    return known?.commit === commit ? known.text : undefined;
  }

  set(target: Target, commit: Oid, text: Read<TargetText>): void {
    this.#known.set(target, { commit, text });
  }
}

/** Every target of every pair, with one batch of blobs per repository and branch. */
export async function observeTargets(
  desired: Desired,
  refs: Refs,
  ports: Pick<Ports, 'git'>,
  memo: TargetsMemo,
  guards: Guards,
  signal: AbortSignal,
): Promise<TargetTexts> {
  const targets = desired.pairs.flatMap((pair) => (pair.source ? pair.targets : []));
  const found = new Map<Target, Read<TargetText>>();
  const byBranch = Map.groupBy(targets, ({ into }) => `${into.url} ${into.branch}`);
  await Promise.all(
    [...byBranch.values()].map(async (group) => {
      const [first] = group;
      if (!first) return;
      const head = refs.head(first.into);
      const texts = head.ok
        ? await read(
            { guard: guards.git, name: hostOf(first.into.url) },
            (inner) => readBranch(group, first.into.url, head.value, ports, memo, inner),
            signal,
          )
        : head;
      for (const target of group) found.set(target, texts.ok ? (texts.value.get(target) ?? unread) : texts);
    }),
  );
  return found;
}

async function readBranch(
  targets: readonly Target[],
  repository: string,
  head: Oid,
  ports: Pick<Ports, 'git'>,
  memo: TargetsMemo,
  signal: AbortSignal,
): Promise<Map<Target, Read<TargetText>>> {
  const due = targets.filter((target) => !memo.get(target, head));
  const files = await Promise.all(
    due.map((target) => ofContent(() => findFile(target, repository, head, ports, signal))),
  );
  const oids = files.flatMap((file) => (file.ok ? [file.value.oid] : []));
  const blobs = await readFiles(repository, oids, ports.git, signal);
  for (const [index, target] of due.entries()) memo.set(target, head, textOf(target, files[index], blobs));
  return new Map(targets.map((target) => [target, memo.get(target, head) ?? unread]));
}

const unread = missing('the target was not read');

function textOf(
  target: Target,
  file: Read<{ path: string; oid: Oid }> | undefined,
  blobs: ReadonlyMap<Oid, Read<Buffer>>,
): Read<TargetText> {
  if (!file?.ok) return file ?? unread;
  const { path, oid } = file.value;
  const blob = blobs.get(oid);
  if (!blob?.ok) return missing(`${path} cannot be used: ${blob ? blob.problem.reason : 'it was not read'}`);
  const text = decodeText(blob.value);
  if (text === undefined) return missing(`${path} on ${target.into.branch} is not UTF-8; convert it`);
  return readTarget(target, path, text);
}

/** The first of the names that a target's file may have. */
async function findFile(
  target: Target,
  repository: string,
  head: Oid,
  ports: Pick<Ports, 'git'>,
  signal: AbortSignal,
): Promise<Read<{ path: string; oid: Oid }>> {
  const candidates = targetFiles(target);
  for (const path of candidates) {
    const entry = await ports.git.entry(repository, head, path, signal);
    if (!entry) continue;
    if (!entry.mode.startsWith('100')) return missing(`${path} is no regular file on ${target.into.branch}`);
    return { ok: true, value: { path, oid: entry.oid } };
  }
  const what =
    candidates.length > 1 ? `${candidates[0] ?? ''} (or .yml, Kustomization)` : (candidates[0] ?? '');
  return missing(`${repository} has no ${what} on ${target.into.branch}`);
}
