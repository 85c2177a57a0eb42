import { z } from 'zod';
import { Problem, validationFailed } from './problems.ts';

/** What GitHub reads of each request's body; the rest is ignored. */
const words = z.string().max(65_536);
const title = z.string().max(256);
const name = z.string().min(1).max(100);

export const newPull = z.object({
  title: title.optional(),
  body: words.nullish(),
  head: z.string(),
  base: z.string(),
  draft: z.boolean().default(false),
});

export const pullEdit = z.object({
  title: title.min(1).optional(),
  body: words.nullish(),
  state: z.enum(['open', 'closed']).optional(),
  base: z.string().optional(),
});

export const mergeBody = z
  .object({
    commit_title: z.string().optional(),
    commit_message: z.string().optional(),
    sha: z.string().optional(),
    merge_method: z.enum(['merge', 'squash', 'rebase']).default('merge'),
  })
  .prefault({});

export const newComment = z.object({ body: words.min(1) });

export const newFork = z.object({ organization: z.string().optional(), name: name.optional() }).prefault({});

export const newRepository = z.object({ name, description: z.string().nullish() });

export const tokenRequest = z
  .object({
    repositories: z.array(z.string()).optional(),
    permissions: z.record(z.string(), z.string()).optional(),
  })
  .prefault({});

export const pullQuery = z.object({
  state: z.enum(['open', 'closed', 'all']).default('open'),
  head: z.string().optional(),
  base: z.string().optional(),
  sort: z.enum(['created', 'updated', 'popularity', 'long-running']).default('created'),
  direction: z.enum(['asc', 'desc']).optional(),
});

/** GitHub takes what is out of range as its nearest bound. */
export const pageQuery = z.object({
  per_page: z.coerce
    .number()
    .catch(30)
    .transform((value) => Math.min(100, Math.max(1, Math.trunc(value)))),
  page: z.coerce
    .number()
    .catch(1)
    .transform((value) => Math.max(1, Math.trunc(value))),
});

/** Parses a body, or answers as GitHub does to one it cannot take. */
export function parseBody<S extends z.ZodType>(schema: S, text: string, resource: string): z.output<S> {
  const parsed = schema.safeParse(text === '' ? undefined : fromJson(text));
  if (parsed.success) return parsed.data;
  throw refusal(parsed.error, resource);
}

export function parseQuery<S extends z.ZodType>(schema: S, query: unknown, resource: string): z.output<S> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw refusal(parsed.error, resource);
}

function fromJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Problem(400, 'Problems parsing JSON');
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Problem(400, 'Body should be a JSON object');
  return value;
}

function refusal(error: z.ZodError, resource: string): Problem {
  const issue = error.issues[0];
  const field = issue?.path.join('/') ?? '';
  if (issue?.code === 'too_big')
    return validationFailed({
      resource,
      code: 'custom',
      field,
      message: `${field} is too long (maximum is ${Number(issue.maximum)} characters)`,
    });
  if (issue?.code === 'too_small') return validationFailed({ resource, code: 'missing_field', field });
  if (issue?.code === 'invalid_type' && issue.message.endsWith('undefined'))
    return new Problem(422, `Invalid request.\n\n"${field}" wasn't supplied.`);
  return new Problem(422, `Invalid request.\n\nFor 'properties/${field}', ${issue?.message ?? 'invalid'}.`);
}
