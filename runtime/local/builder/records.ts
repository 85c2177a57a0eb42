import { z } from 'zod';
import type { Build, BuildRequest } from '../../ports/builder.ts';

const strings = z.record(z.string(), z.string());

const requestSchema: z.ZodType<BuildRequest> = z.object({
  name: z.string(),
  key: z.string(),
  labels: strings,
  source: z.object({
    repository: z.string(),
    commit: z.string(),
    context: z.string(),
    dockerfile: z.string(),
  }),
  target: z.string().optional(),
  platforms: z.array(z.string()),
  buildArgs: strings,
  image: z.object({ name: z.string(), tags: z.array(z.string()) }),
});

export const toolNames = ['docker', 'podman', 'buildah', 'buildctl'] as const;
export type ToolName = (typeof toolNames)[number];

/** What builds, as found when the build was started. */
export type Tool =
  | {
      readonly name: ToolName;
      readonly version: string;
      /** Between the tool and its first word. */
      readonly options: readonly string[];
      /** After `build`. */
      readonly buildOptions: readonly string[];
    }
  | {
      readonly name: 'command';
      readonly argv: readonly string[];
      /** False: it fetches the source itself. @default true */
      readonly checkout?: boolean;
    };

/** The source is written to the build's folder before it runs. */
export function needsSource(tool: Tool): boolean {
  return tool.name !== 'command' || tool.checkout !== false;
}

const toolSchema: z.ZodType<Tool> = z.union([
  z.object({
    name: z.literal('command'),
    argv: z.array(z.string()).min(1),
    checkout: z.boolean().optional(),
  }),
  z.object({
    name: z.enum(toolNames),
    version: z.string(),
    options: z.array(z.string()),
    buildOptions: z.array(z.string()),
  }),
]);

/** A process, told from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; what the system says about when it began. */
  readonly began: string;
}

const identitySchema: z.ZodType<ProcessIdentity> = z.object({ pid: z.number(), began: z.string() });

/** `request.json`: all that the shim needs. */
export interface BuildRecord {
  readonly version: 1;
  readonly request: BuildRequest;
  readonly tool: Tool;
  /** Where the image is pushed: `host[:port]/repository`. */
  readonly location: { readonly reference: string; readonly insecure: boolean };
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Who fetches the source and spawns the shim. */
  readonly starter: ProcessIdentity;
}

export const buildRecordSchema: z.ZodType<BuildRecord> = z.object({
  version: z.literal(1),
  request: requestSchema,
  tool: toolSchema,
  location: z.object({ reference: z.string(), insecure: z.boolean() }),
  timeout: z.number(),
  createdAt: z.number(),
  starter: identitySchema,
});

/** `result.json`: how it ended; written once. */
export type Result = Pick<Build, 'digest' | 'failure'> & {
  readonly phase: 'succeeded' | 'failed' | 'cancelled';
  /** Milliseconds since 1970. */
  readonly finishedAt: number;
};

export const resultSchema: z.ZodType<Result> = z.object({
  phase: z.enum(['succeeded', 'failed', 'cancelled']),
  digest: z.string().optional(),
  failure: z
    .object({ kind: z.enum(['permanent', 'transient']), reason: z.string(), message: z.string() })
    .optional(),
  finishedAt: z.number(),
});

/**
 * `owner.json`: made once, by whoever decides the fate of the build: the shim that runs it, or somebody who ended it
 * before a shim had come, with the result that then holds.
 */
export type Owner =
  | { readonly kind: 'shim'; readonly process: ProcessIdentity; readonly startedAt: number }
  | { readonly kind: 'nobody'; readonly result: Result };

export const ownerSchema: z.ZodType<Owner> = z.union([
  z.object({ kind: z.literal('shim'), process: identitySchema, startedAt: z.number() }),
  z.object({ kind: z.literal('nobody'), result: resultSchema }),
]);
