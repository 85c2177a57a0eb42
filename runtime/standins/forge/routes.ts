import type { Actor } from './accounts.ts';
import { permits } from './accounts.ts';
import type { AdmissionParts, Call } from './admission.ts';
import type { Comparisons } from './comparison.ts';
import { linkHeader } from './paging.ts';
import { authenticationRequired, badCredentials, notAccessible, notFound } from './problems.ts';
import type { Pulls } from './pulls.ts';
import type { Repositories, Repository } from './repositories.ts';
import * as requests from './requests.ts';
import type { Views } from './views.ts';

/** What routes answer from. */
export interface ApiParts extends AdmissionParts {
  readonly repositories: Repositories;
  readonly pulls: Pulls;
  readonly comparisons: Comparisons;
  readonly views: Views;
  readonly log: (line: string) => void;
}

export async function repositoryOf(call: Call, { repositories }: ApiParts): Promise<Repository> {
  const repository = await repositories.find(call.req.param('owner') ?? '', call.req.param('repo') ?? '');
  if (repository === undefined) throw notFound();
  return repository;
}

export function numberOf(call: Call): number {
  const number = call.req.param('number') ?? '';
  if (!/^[1-9]\d{0,9}$/.test(number)) throw notFound();
  return Number(number);
}

/** The account that asks; with a repository, one that may write there. */
export function writer(
  call: Call,
  repository?: Repository,
  permission: Parameters<typeof permits>[2] = 'contents',
): Actor & { kind: 'account' } {
  const actor = call.get('actor');
  if (actor.kind === 'anonymous') throw authenticationRequired();
  if (actor.kind === 'app') throw badCredentials();
  if (repository !== undefined && !permits(actor, repository.fullName, permission)) throw notAccessible();
  return actor;
}

/** The login of an account that is no installation: those create no repositories. */
export function unlimited(call: Call): string {
  const { login, grant } = writer(call);
  if (grant !== undefined) throw notAccessible();
  return login;
}

export async function paged<T>(
  call: Call,
  items: readonly T[],
  view: (item: T) => unknown = (item) => item,
): Promise<Response> {
  const { per_page: size, page } = requests.parseQuery(requests.pageQuery, call.req.query(), 'Page');
  const shown = items.slice((page - 1) * size, page * size);
  const link = linkHeader(call.req.url, page, Math.ceil(items.length / size));
  return Response.json(await Promise.all(shown.map((item) => view(item))), {
    headers: link === undefined ? {} : { link },
  });
}
