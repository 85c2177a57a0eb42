import { z } from 'zod';
import type { Account, PullRequest } from '../../ports/index.ts';

/** The fields of GitHub's answers that are used; all others are ignored. */
const user = z.object({ login: z.string(), type: z.string().optional() });

export const pullRequest = z.object({
  number: z.int().positive(),
  html_url: z.string(),
  state: z.enum(['open', 'closed']),
  merged_at: z.string().nullish(),
  title: z.string(),
  body: z.string().nullish(),
  user: user.nullish(),
  head: z.object({
    ref: z.string(),
    sha: z.string(),
    repo: z.object({ full_name: z.string() }).nullish(),
  }),
  base: z.object({ ref: z.string() }),
  updated_at: z.iso.datetime({ offset: true }),
  closed_at: z.iso.datetime({ offset: true }).nullish(),
});
export type GitHubPullRequest = z.infer<typeof pullRequest>;

export const pullRequests = z.array(pullRequest);

/** Of an account, or of an App, which acts as `<slug>[bot]`. */
export const identity = z.union([z.object({ slug: z.string() }), user]);

export const closing = z.object({ closed_by: user.nullish() });

/** Permissions are told to those who show a credential. */
export const repository = z.object({
  archived: z.boolean().optional(),
  permissions: z.object({ push: z.boolean() }).optional(),
});

export const installation = z.object({ id: z.int().positive() });

/** The account that GitHub shows for one that was deleted. */
const GHOST: Account = { login: 'ghost', bot: false };

export function toAccount(value: z.infer<typeof user> | null | undefined): Account | undefined {
  if (value === null || value === undefined) return undefined;
  return { login: value.login, bot: value.type === 'Bot' || value.login.endsWith('[bot]') };
}

export function toIdentity(value: z.infer<typeof identity>): Account {
  return 'slug' in value ? { login: `${value.slug}[bot]`, bot: true } : (toAccount(value) ?? GHOST);
}

export function toPullRequest(value: GitHubPullRequest): PullRequest {
  return {
    number: value.number,
    url: value.html_url,
    state: typeof value.merged_at === 'string' ? 'merged' : value.state,
    title: value.title,
    body: value.body ?? '',
    author: toAccount(value.user) ?? GHOST,
    head: { repository: value.head.repo?.full_name, branch: value.head.ref, commit: value.head.sha },
    base: value.base.ref,
    updatedAt: Date.parse(value.updated_at),
    ...(value.closed_at && { endedAt: Date.parse(value.closed_at) }),
  };
}
