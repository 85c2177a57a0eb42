import { z } from 'zod';

const time = z.string().describe('RFC 3339');

/** First match wins. */
export const pairStates = [
  'skipped',
  'held',
  'blocked',
  'rejected',
  'building',
  'failed',
  'build',
  'retag',
  'proposed',
  'update',
  'up-to-date',
] as const;

export type PairState = (typeof pairStates)[number];

/** What a person says of one application in one version. */
export const applicationVersionSpec = z.object({
  application: z.string(),
  version: z.string(),
  hold: z.object({ until: time.optional(), reason: z.string().optional() }).optional(),
  accept: z.string().optional().describe('Source commit that may replace a newer deployed one'),
  retry: time.optional().describe('Failures and rejections before this moment are forgotten'),
});

const attempt = z.object({
  key: z.string(),
  number: z.int().describe('Counts from 1 for each key'),
  build: z.string(),
  startedAt: time,
  outcome: z.enum(['started', 'succeeded', 'permanent', 'transient', 'cancelled']),
  finishedAt: time.optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  infrastructure: z.boolean().optional().describe('Failed in company: costs no attempt'),
});

const rememberedPullRequest = z.object({
  repository: z.string().describe('HOST/OWNER/NAME'),
  base: z.string(),
  number: z.int(),
  url: z.string(),
  change: z.string(),
  state: z.enum(['open', 'merged', 'superseded', 'rejected', 'closed']),
  at: time,
  head: z.string().optional().describe('Its head commit when it ended'),
  dismissals: z.int().optional().describe('How often bots have closed this change'),
});

/** What we remember and last saw. Losing it may repeat a build, never a pull request. */
export const applicationVersionStatus = z.object({
  state: z.enum(pairStates),
  reason: z.string(),
  since: time.describe('When the state became what it is'),
  key: z.string().optional(),
  commit: z.string().optional(),
  image: z.object({ name: z.string(), tag: z.string(), digest: z.string().optional() }).optional(),
  attempts: z.array(attempt).optional().describe('Newest last, at most 10'),
  built: z
    .array(
      z.object({
        key: z.string(),
        name: z.string(),
        digest: z.string(),
        tags: z.array(z.string()),
        at: time.optional().describe('When the registry was asked for it because a person had said retry'),
      }),
    )
    .optional()
    .describe('Digests by key with the tags seen on them, newest last, at most 10'),
  pullRequests: z.array(rememberedPullRequest).optional().describe('Newest of each repository'),
});

export type ApplicationVersionSpec = z.output<typeof applicationVersionSpec>;
export type ApplicationVersionStatus = z.output<typeof applicationVersionStatus>;
export type BuildAttempt = z.output<typeof attempt>;
export type RememberedPullRequest = z.output<typeof rememberedPullRequest>;

export const applicationVersionKind = {
  apiVersion: 'delivery.slipway.dev/v1alpha1',
  kind: 'ApplicationVersion',
  plural: 'applicationversions',
  /** A person's word must be read right; what we remember can be found again, so a status that does not fit is lost. */
  parse: ({ spec, status }: { spec: unknown; status?: unknown }) => {
    const remembered = applicationVersionStatus.safeParse(status);
    return {
      spec: applicationVersionSpec.parse(spec),
      ...(remembered.success && { status: remembered.data }),
    };
  },
} as const;
