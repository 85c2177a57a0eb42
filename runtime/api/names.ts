import { z } from 'zod';

/** A name that can stand in Kubernetes object names, branches and tags alike. */
export const name = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    'must be lower-case letters, digits, "-" and ".", with a letter or digit at both ends and beside each "."',
  )
  .regex(/(?<!\.lock)$/, 'must not end with ".lock", which git reserves')
  .max(63, 'must have at most 63 characters');

/** A host, with a port where it is not the usual one: `github.com`, `127.0.0.1:5000`. */
export const host = z
  .string()
  .regex(
    /^(?:[a-z0-9]([-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/,
    'must be a host in lower case, with a port if it has one, and without scheme and path',
  )
  .max(255, 'must have at most 255 characters');

/** Whose name and address a commit carries. */
export const identity = z.strictObject({
  name: z
    .string()
    .regex(/^[^<>\0\r\n]*[^<>\s][^<>\0\r\n]*$/, 'must be a name on one line without "<" and ">"'),
  email: z.string().regex(/^[^\s<>@]+@[^\s<>@]+$/, 'is not a mail address'),
});

/** A path inside a repository: relative, `/` between segments, no `..`. '' is the root. */
export const repositoryPath = z
  .string()
  .max(1024, 'must have at most 1024 characters')
  .refine((path) => !path.startsWith('/'), 'must be relative to the root of the repository')
  .refine((path) => !path.split('/').includes('..'), 'must not leave the repository ("..")')
  .refine((path) => !/[\0\r\n\\]/.test(path), 'must not contain control characters or "\\"')
  .refine((path) => !path.split('/').some((part) => part.toLowerCase() === '.git'), 'must not lead into .git')
  .transform((path) =>
    path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/'),
  );

/** A branch by git's own rules for ref names, as far as they matter here. */
export const branch = z
  .string()
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters')
  .regex(
    /^(?![-/.])(?!.*(\.\.|@\{|\/\/|\/\.|\.lock(\/|$)))[^\0-\x20~^:?*[\\\x7f]+(?<![/.])$/,
    'is not a valid branch name',
  );

/** An image without tag and digest: `gcr.io/project/name`. */
export const imageName = z
  .string()
  .max(255, 'must have at most 255 characters')
  .regex(
    /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/,
    'is not an image name (HOST/PATH without tag or digest, path in lower case)',
  );

/** What image tags begin with: `v1.1.0`, `vmaster`. Leaves room for `-g<12>-k<8>` in the 128 characters of a tag. */
export const tagPrefix = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
    'must be letters, digits, "_", "." and "-", and not begin with "." or "-"',
  )
  .max(100, 'must have at most 100 characters');

/** Seconds, or a number with s, m, h, d: `90`, `"20m"`. Parsed to milliseconds. */
export const duration = z
  .union([
    z.number().nonnegative(),
    z.string().regex(/^\d+(\.\d+)?\s*(ms|s|m|h|d)$/, 'must be a duration such as 30s, 20m, 12h or 7d'),
  ])
  .transform((value) => {
    if (typeof value === 'number') return value * 1000;
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
    const unit = /[a-z]+$/.exec(value)?.[0] as keyof typeof units;
    return Number.parseFloat(value) * units[unit];
  });
