import { z } from 'zod';
import { duration, host, identity, name } from './names.ts';

/** Where a secret is, never the secret. Exactly one member. */
export const secretReference = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a name of an environment variable')
      .optional()
      .describe('Name of an environment variable'),
    file: z.string().min(1).optional().describe('Path of a file; read again when it changes'),
    secretManager: z
      .string()
      .regex(
        /^projects\/[^/]+\/secrets\/[^/]+(\/versions\/[^/]+)?$/,
        'must be projects/P/secrets/S[/versions/V]',
      )
      .optional()
      .describe('A secret of Google Secret Manager'),
  })
  .refine(
    ({ env, file, secretManager }) =>
      [env, file, secretManager].filter((one) => one !== undefined).length === 1,
    'needs exactly one of env, file, secretManager',
  );

const forge = z.strictObject({
  api: z
    .url()
    .optional()
    .describe('Base of the REST API. Default: https://api.github.com, or https://HOST/api/v3'),
  token: secretReference.optional(),
  login: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*(\[bot\])?$/, 'is not the name of an account')
    .optional()
    .describe(
      'Account that acts with the token, where it may not ask itself. Default: github-actions[bot] for a token that begins with ghs_',
    ),
  app: z
    .strictObject({
      id: z.union([z.int(), z.string()]),
      privateKey: secretReference,
      installation: z.int().optional(),
    })
    .optional()
    .describe('GitHub App'),
  ssh: z
    .strictObject({ key: z.string().min(1), knownHosts: z.string().min(1) })
    .optional()
    .describe('Use git over ssh: paths of the private key and of known_hosts'),
  head: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)?$/, 'is neither OWNER nor OWNER/NAME')
    .optional()
    .describe(
      'Owner of the forks that hold our branches, or OWNER/NAME of the fork. Default: the repository itself',
    ),
});

const registry = z.strictObject({
  endpoint: z.url().optional().describe('Where its API is. Default: https://HOST'),
  name: z
    .string()
    .optional()
    .describe('Rewrites where images are pushed; {name} stands for the path without host'),
  insecure: z
    .boolean()
    .optional()
    .describe('Plain http, or a certificate that nobody checks. Default: false, true for loopback'),
  username: z.string().optional(),
  password: secretReference.optional(),
});

const builder = z.strictObject({
  tool: z.enum(['auto', 'docker', 'podman', 'buildah', 'buildctl']).optional(),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Custom command: request as JSON on stdin, digest on stdout'),
  checkout: z
    .boolean()
    .optional()
    .describe('Write the source to a folder for the command; false: it fetches it itself. Default: true'),
  concurrency: z.int().min(1).max(64).optional(),
  timeout: duration.optional(),
});

const limits = z.strictObject({
  actions: z.int().min(1).max(64).optional().describe('Actions at once. Default: 4'),
  pass: duration.optional().describe('Deadline of a pass. Default: none for apply, 10m for run'),
  openPullRequests: z
    .int()
    .min(1)
    .optional()
    .describe('Most pull requests open at once in one repository. Default: no limit'),
  batchWindow: duration
    .optional()
    .describe(
      'How long a ready change waits for builds of the same repository, so that one push carries all. Default: 5m',
    ),
  keepBuilds: z
    .int()
    .min(0)
    .optional()
    .describe('Ended builds kept for each application and version. Default: 5'),
});

const signing = z.strictObject({ format: z.enum(['openpgp', 'ssh']), key: z.string().min(1) });

/** `slipway.yaml`: how this installation reaches the outside. Credentials by reference only. */
export const settings = z.strictObject({
  apiVersion: z.literal('slipway.dev/v1alpha1').optional(),
  kind: z.literal('Settings').optional(),
  installation: name.optional().describe('Marks every object that we make. Default: default'),
  branchPrefix: z
    .string()
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9_-]|\.(?![.]|lock$|$))*$/,
      'must be letters, digits, "_", "-" and single ".", and begin with a letter or digit',
    )
    .max(63, 'must have at most 63 characters')
    .optional()
    .describe('Default: slipway'),
  bots: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'Logins of bots that the forge takes for people: what they close is not rejected. Default: none',
    ),
  forges: z.record(host, forge).optional(),
  registries: z.record(host, registry).optional(),
  git: z
    .strictObject({
      transports: z.array(z.enum(['https', 'ssh', 'http', 'file', 'git', 'ext'])).optional(),
      author: identity.optional(),
      signing: signing.optional(),
    })
    .optional(),
  state: z
    .strictObject({ directory: z.string().min(1).optional() })
    .optional()
    .describe('Default: .slipway'),
  builder: builder.optional(),
  limits: limits.optional(),
  interval: duration.optional().describe('Time between passes of run. Default: 5m'),
  suspend: z.boolean().optional().describe('Plan, but change nothing'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).optional(),
      format: z.enum(['json', 'pretty']).optional(),
    })
    .optional(),
});

export type Settings = z.output<typeof settings>;
export type SecretReference = z.output<typeof secretReference>;
