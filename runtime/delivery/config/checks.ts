import type { Problem } from '../../config/errors.ts';
import { suggest } from '../../config/nearest.ts';
import { show } from '../../config/words.ts';
import { topologicalOrder } from '../../source/dag.ts';
import type { Draft, DraftApplication } from './draft.ts';
import { belongs, skipReason } from './pairs.ts';

const mostPairs = 20_000;
const placeholders = ['application', 'version', 'image', 'tag', 'commit', 'repository'];

/** More are a mistake, and would take minutes to check. */
export function sizeProblem(draft: Draft): Problem | undefined {
  const pairs = draft.versions.length * draft.applications.length;
  if (pairs <= mostPairs) return undefined;
  const message = `its versions and applications make ${pairs} pairs, more than the ${mostPairs} that are read`;
  return draft.document.problem([], message, 'split the file');
}

/** What entries say about each other. Only when this finds nothing can pairs be made. */
export function draftProblems(draft: Draft): Problem[] {
  const names = [
    ...duplicates(draft, draft.versions, 'version'),
    ...duplicates(draft, draft.applications, 'application'),
    ...emptiness(draft),
  ];
  return [
    ...names,
    ...draft.applications.flatMap((one) => [
      ...repositoryProblems(one, draft),
      ...versionProblems(one, draft),
      ...parentProblems(one, draft),
      ...repeats(one, draft),
    ]),
    ...circle(draft),
    ...templateProblems(draft),
  ];
}

function duplicates(
  { document }: Draft,
  entries: readonly { readonly name: string; readonly path: readonly PropertyKey[] }[],
  kind: string,
): Problem[] {
  const first = new Map<string, number>();
  return entries.flatMap(({ name, path }) => {
    const line = first.get(name);
    if (line !== undefined)
      return [
        document.problem(
          [...path, 'name'],
          `the ${kind} ${show(name)} is given twice, first on line ${line}`,
          'rename one',
        ),
      ];
    first.set(name, document.locate([...path, 'name']).line);
    return [];
  });
}

function emptiness({ document, names }: Draft): Problem[] {
  return (['versions', 'applications'] as const).flatMap((field) => {
    const value = document.valueAt([field]);
    const empty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
    return empty && names[field].size === 0
      ? [document.problem([field], `has no entry, so that there is nothing to deliver`, 'add one')]
      : [];
  });
}

/** A repository that some version lists is only skipped by the others; one that none lists is a mistake. */
function repositoryProblems(application: DraftApplication, draft: Draft): Problem[] {
  const listed = draft.names.repositories;
  const asked = [
    { name: application.source, path: application.sourcePath },
    ...application.targets.map((one) => ({ name: one.repository, path: one.repositoryPath })),
  ];
  return asked
    .filter(({ name }) => !listed.has(name))
    .map(({ name, path }) => {
      const isImplied = draft.document.valueAt(path) !== name;
      const why = isImplied
        ? `, to which targets go${path.includes('targets') ? ' unless their `repository` says otherwise' : ''}`
        : '';
      return draft.document.problem(
        path,
        `no version lists the repository ${show(name)}${why}`,
        suggest(name, listed),
      );
    });
}

function versionProblems(application: DraftApplication, draft: Draft): Problem[] {
  return (application.versions ?? []).flatMap((name, at) => {
    const path = [...application.path, 'versions', at];
    if (!draft.names.versions.has(name))
      return [
        draft.document.problem(path, `unknown version ${show(name)}`, suggest(name, draft.names.versions)),
      ];
    const version = draft.versions.find((one) => one.name === name);
    const reason = version && skipReason(application, version);
    return reason === undefined
      ? []
      : [draft.document.problem(path, reason, 'list it there, or take the version out')];
  });
}

function parentProblems(application: DraftApplication, draft: Draft): Problem[] {
  return application.parents.flatMap(({ application: name }, at) => {
    const path = [...application.path, 'parents', at, 'application'];
    if (!draft.names.applications.has(name)) {
      const others = [...draft.names.applications].filter((one) => one !== application.name);
      return [draft.document.problem(path, `unknown application ${show(name)}`, suggest(name, others))];
    }
    const parent = draft.applications.find((one) => one.name === name);
    if (parent === undefined) return [];
    const without = draft.versions.filter(
      (version) =>
        belongs(application, version) &&
        skipReason(application, version) === undefined &&
        (!belongs(parent, version) || skipReason(parent, version) !== undefined),
    );
    return without.map((version) =>
      draft.document.problem(
        path,
        `${show(name)} is not in version ${show(version.name)}, where ${application.name} builds on it`,
        `add ${name} to that version, or take ${application.name} out of it`,
      ),
    );
  });
}

/** The same thing said twice in one list. */
function repeats(application: DraftApplication, draft: Draft): Problem[] {
  const lists = {
    platforms: application.platforms,
    versions: application.versions ?? [],
    parents: application.parents.map((one) => one.application),
  };
  return Object.entries(lists).flatMap(([field, entries]) => {
    const seen = new Set<string>();
    return entries.flatMap((one, at) => {
      if (!seen.has(one)) {
        seen.add(one);
        return [];
      }
      const path = [...application.path, field, at];
      return [draft.document.problem(path, `${show(one)} is given twice`, 'keep one of them')];
    });
  });
}

function circle(draft: Draft): Problem[] {
  const known = new Map(draft.applications.map((one) => [one.name, one]));
  const nodes = Array.from(known.values(), (one) => ({
    name: one.name,
    parents: one.parents.map((parent) => parent.application).filter((name) => known.has(name)),
  }));
  try {
    topologicalOrder(nodes);
    return [];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [, member = ''] = /circle: (\S+) →/u.exec(error.message) ?? [];
    return [draft.document.problem(['applications', member, 'parents'], error.message)];
  }
}

function templateProblems({ document, pullRequests }: Draft): Problem[] {
  return (['title', 'body'] as const).flatMap((field) =>
    Array.from((pullRequests[field] ?? '').matchAll(/\{(\w+)\}/gu), ([, name = '']) => name)
      .filter((name) => !placeholders.includes(name))
      .map((name) =>
        document.problem(
          ['pullRequests', field],
          `unknown placeholder {${show(name).slice(1, -1)}}`,
          suggest(name, placeholders),
        ),
      ),
  );
}
