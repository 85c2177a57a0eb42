import { isFault, type Git, type Oid, type RepositoryUrl } from '../ports/index.ts';
import { problemOf, type Read } from './read.ts';

/** Contents of files in one batch; one that cannot be used is a problem of those that need it, and of nobody else. */
export async function readFiles(
  repository: RepositoryUrl,
  oids: readonly Oid[],
  git: Pick<Git, 'blobs'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<Oid, Read<Buffer>>> {
  const unique = [...new Set(oids)];
  if (unique.length === 0) return new Map();
  try {
    return readable(await git.blobs(repository, unique, { signal }));
  } catch (error) {
    if (!isFault(error, 'invalid')) throw error;
  }
  // One of them is too large, or no file. All are here by now: each for itself shows which.
  const each = await Promise.all(
    unique.map((oid) =>
      ofContent(async () => {
        const blob = (await git.blobs(repository, [oid], { signal })).get(oid);
        return { ok: true as const, value: blob };
      }),
    ),
  );
  return new Map(
    unique.flatMap((oid, index): [Oid, Read<Buffer>][] => {
      const one = each[index];
      if (!one?.ok) return one ? [[oid, one]] : [];
      return one.value ? [[oid, { ok: true, value: one.value }]] : [];
    }),
  );
}

function readable(blobs: ReadonlyMap<Oid, Buffer>): ReadonlyMap<Oid, Read<Buffer>> {
  return new Map([...blobs].map(([oid, value]) => [oid, { ok: true, value }]));
}

/**
 * Looks at content that somebody else wrote: what is wrong with it is an answer, not a failure to ask.
 * @param about named in the answer
 */
export async function ofContent<T>(look: () => Promise<Read<T>>, about?: string): Promise<Read<T>> {
  try {
    return await look();
  } catch (error) {
    if (!isFault(error, 'invalid')) throw error;
    const problem = problemOf(error);
    const reason = about === undefined ? problem.reason : `${about} cannot be used: ${problem.reason}`;
    return { ok: false, problem: { ...problem, reason } };
  }
}
