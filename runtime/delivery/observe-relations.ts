import type { Oid, Ports, RepositoryUrl } from '../ports/index.ts';
import { pinnedCommit } from '../source/tags.ts';
import type { Guards } from './guards.ts';
import { evaluateInputs, type InputsMemo, type InputsOf } from './observe-sources.ts';
import type { Refs } from './observe-refs.ts';
import type { TargetTexts } from './observe-targets.ts';
import type { Relation, SourceFacts } from './observed.ts';
import type { Desired, Pair, Target } from './pair.ts';
import { hostOf, missing, read, type Read } from './read.ts';

/** What the source says of a pair: where it stands, and how each target's deployed commit relates to it. */
export interface SourceView {
  readonly source: SourceFacts;
  readonly deployed: ReadonlyMap<Target, { readonly relation: Relation; readonly commit?: Oid }>;
}

/** Every pair, repository by repository. Pairs without source are not asked for. */
export async function observeSources(
  desired: Desired,
  refs: Refs,
  texts: TargetTexts,
  ports: Pick<Ports, 'git'>,
  memo: InputsMemo,
  guards: Guards,
  signal: AbortSignal,
): Promise<Map<Pair, Read<SourceView>>> {
  const found = new Map<Pair, Read<SourceView>>();
  const byRepository = Map.groupBy(desired.pairs, (pair) => pair.source?.url ?? '');
  byRepository.delete('');
  await Promise.all(
    [...byRepository].map(async ([repository, pairs]) => {
      const views = await read(
        { guard: guards.git, name: hostOf(repository) },
        (inner) => viewRepository(repository, pairs, refs, texts, ports, memo, inner),
        signal,
      );
      for (const pair of pairs)
        found.set(pair, views.ok ? (views.value.get(pair) ?? missing('the source was not read')) : views);
    }),
  );
  return found;
}

interface Located {
  readonly pair: Pair;
  readonly head: Oid;
  readonly deployed: ReadonlyMap<Target, Oid | undefined>;
}

async function viewRepository(
  repository: RepositoryUrl,
  pairs: readonly Pair[],
  refs: Refs,
  texts: TargetTexts,
  ports: Pick<Ports, 'git'>,
  memo: InputsMemo,
  signal: AbortSignal,
): Promise<Map<Pair, Read<SourceView>>> {
  const views = new Map<Pair, Read<SourceView>>();
  const located = (
    await Promise.all(
      pairs.map(async (pair): Promise<Located[]> => {
        const head = pair.source
          ? refs.head(pair.source)
          : missing('the version does not list its repository');
        if (!head.ok) {
          views.set(pair, head);
          return [];
        }
        const deployed = await resolveDeployed(repository, pair, texts, ports, signal);
        return [{ pair, head: head.value, deployed }];
      }),
    )
  ).flat();
  const evaluations = located.flatMap(({ pair, head, deployed }) =>
    [head, ...deployed.values()].flatMap((commit) => (commit ? [{ pair, commit }] : [])),
  );
  const inputsOf = await evaluateInputs(repository, evaluations, ports, memo, signal);
  const sources = await lastChanges(repository, located, ports, inputsOf, signal);
  await Promise.all(
    located.map(async (one) => {
      const source = sources.get(one.pair) ?? missing('the source was not read');
      views.set(
        one.pair,
        source.ok
          ? {
              ok: true,
              value: {
                source: source.value,
                deployed: await relations(repository, one, source.value, texts, ports, inputsOf, signal),
              },
            }
          : source,
      );
    }),
  );
  return views;
}

async function resolveDeployed(
  repository: RepositoryUrl,
  pair: Pair,
  texts: TargetTexts,
  { git }: Pick<Ports, 'git'>,
  signal: AbortSignal,
): Promise<Map<Target, Oid | undefined>> {
  const resolved = await Promise.all(
    pair.targets.map(async (target): Promise<[Target, Oid | undefined][]> => {
      const abbreviation = deployedAbbreviation(texts.get(target));
      return abbreviation ? [[target, await git.resolve(repository, abbreviation, signal)]] : [];
    }),
  );
  return new Map(resolved.flat());
}

function deployedAbbreviation(text: Read<{ current: { tag?: string } }> | undefined): string | undefined {
  const tag = text?.ok ? text.value.current.tag : undefined;
  return tag === undefined ? undefined : pinnedCommit(tag)?.abbreviation;
}

async function lastChanges(
  repository: RepositoryUrl,
  located: readonly Located[],
  { git }: Pick<Ports, 'git'>,
  inputsOf: InputsOf,
  signal: AbortSignal,
): Promise<Map<Pair, Read<SourceFacts>>> {
  const facts = new Map<Pair, Read<SourceFacts>>();
  const asked: { pair: Pair; head: Oid; paths: readonly string[]; inputs: SourceFacts['inputs'] }[] = [];
  for (const { pair, head } of located) {
    const inputs = inputsOf(pair, head) ?? missing('the inputs were not worked out');
    if (inputs.ok) asked.push({ pair, head, paths: inputs.value.paths, inputs: inputs.value });
    else facts.set(pair, inputs);
  }
  const commits = await git.lastChange(repository, asked, signal);
  await Promise.all(
    asked.map(async ({ pair, head, inputs }, index) => {
      const oid = commits[index];
      if (!oid) {
        facts.set(pair, missing(`no commit of ${repository} has touched its inputs`));
        return;
      }
      const { message, committedAt } = await git.commit(repository, oid, signal);
      const subject = message.split('\n', 1)[0] ?? '';
      facts.set(pair, { ok: true, value: { head, commit: oid, subject, committedAt, inputs } });
    }),
  );
  return facts;
}

async function relations(
  repository: RepositoryUrl,
  { pair, deployed }: Located,
  source: SourceFacts,
  texts: TargetTexts,
  { git }: Pick<Ports, 'git'>,
  inputsOf: InputsOf,
  signal: AbortSignal,
): Promise<Map<Target, { relation: Relation; commit?: Oid }>> {
  const found = new Map<Target, { relation: Relation; commit?: Oid }>();
  for (const target of pair.targets) {
    const commit = deployed.get(target);
    if (!commit) {
      const named = deployedAbbreviation(texts.get(target)) !== undefined;
      found.set(target, { relation: named ? 'unresolved' : 'unversioned' });
      continue;
    }
    const then = inputsOf(pair, commit);
    found.set(target, {
      commit,
      relation:
        then?.ok && then.value.hash === source.inputs.hash
          ? 'same'
          : await ancestry(repository, commit, source.commit, git, signal),
    });
  }
  return found;
}

async function ancestry(
  repository: RepositoryUrl,
  deployed: Oid,
  wanted: Oid,
  git: Ports['git'],
  signal: AbortSignal,
): Promise<Relation> {
  if (await git.isAncestor(repository, deployed, wanted, signal)) return 'behind';
  return (await git.isAncestor(repository, wanted, deployed, signal)) ? 'ahead' : 'diverged';
}
