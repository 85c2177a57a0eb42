import type { Build } from '../../ports/builder.ts';
import { EX_TEMPFAIL } from './command.ts';
import { lastLines } from './log.ts';
import type { Tool } from './records.ts';
import type { Step } from './step.ts';

export type Failure = NonNullable<Build['failure']>;

/** How one process of a build ended badly. */
export interface Outcome {
  readonly tool: Tool['name'];
  readonly phase: Step['phase'];
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last KiB of what it said. */
  readonly tail: string;
}

type Verdict = readonly [kind: Failure['kind'], reason: string];

const DISK_FULL = /no space left on device|disk quota exceeded/i;
const OUT_OF_MEMORY = /cannot allocate memory|out of memory|signal: killed|exit (?:status|code):? 137/i;
const NETWORK =
  /dial tcp|connection (?:refused|reset)|i\/o timeout|TLS handshake|no such host|network is unreachable|deadline exceeded|unexpected EOF|toomanyrequests|\b(?:429|50[0234])\b|(?:bad gateway|service unavailable|internal server error|gateway time-?out)/i;
const BASE_IMAGE_MISSING =
  /manifest unknown|name unknown|manifest for .* not found|repository does not exist|did not resolve to an alias|failed to resolve source metadata.*: not found|invalid reference format|reading manifest .* not found/i;
const BASE_IMAGE_DENIED = /unauthorized|authentication required|\b40[13]\b|denied/i;
/** Tools fetch base images before any instruction runs; these say that this is what failed. */
const PULLING =
  /initializing source docker:|pinging container registry|failed to resolve source metadata|failed to do request|error pulling image|pull access denied|copying system image|reading manifest|creating build container|short-name/i;
const RUN_FAILED =
  /while running runtime|did not complete successfully|returned a non-zero code|building at STEP "RUN/i;
const TOOL_BROKEN =
  /cannot connect to the docker daemon|is the docker daemon running|connection error: desc|failed to dial|could not connect to .*buildkit|permission denied while trying to connect/i;

/**
 * Whom to blame. Only what the tool itself says last counts: a line that the Dockerfile's own commands printed
 * could say anything.
 */
export function classify(outcome: Outcome): Failure {
  const [kind, reason] = verdictOf(outcome);
  return { kind, reason, message: lastLines(outcome.tail) || howItEnded(outcome) };
}

function verdictOf({ tool, phase, status, signal, tail }: Outcome): Verdict {
  if (signal === 'SIGKILL') return ['transient', 'OutOfMemory'];
  if (signal !== null) return ['transient', 'BuilderKilled'];
  if (tool === 'command') {
    return status === EX_TEMPFAIL ? ['transient', 'CommandAskedToRetry'] : ['permanent', 'BuildFailed'];
  }
  const said = finalError(tail);
  if (DISK_FULL.test(said)) return ['transient', 'DiskFull'];
  if (OUT_OF_MEMORY.test(said)) return ['transient', 'OutOfMemory'];
  if (phase !== 'build' || /failed to push/i.test(said)) {
    return ['transient', BASE_IMAGE_DENIED.test(said) ? 'PushDenied' : 'PushFailed'];
  }
  if (RUN_FAILED.test(said)) return ['permanent', 'BuildFailed'];
  if (TOOL_BROKEN.test(said)) return ['transient', 'BuilderUnavailable'];
  if (PULLING.test(said) || BASE_IMAGE_MISSING.test(said)) return pullVerdict(said);
  return ['permanent', 'BuildFailed'];
}

function pullVerdict(said: string): Verdict {
  if (BASE_IMAGE_MISSING.test(said)) return ['permanent', 'BaseImageNotFound'];
  if (NETWORK.test(said)) return ['transient', 'BaseImageUnavailable'];
  return BASE_IMAGE_DENIED.test(said) ? ['permanent', 'BaseImageDenied'] : ['permanent', 'BuildFailed'];
}

/** From the tool's last `Error:` line to the end. */
function finalError(tail: string): string {
  const lines = lastLines(tail).split('\n');
  const start = lines.findLastIndex((line) => /^(?:time="[^"]*" level=(?:error|fatal)|error\b)/i.test(line));
  return lines.slice(start < 0 ? -1 : start).join('\n');
}

function howItEnded({ status, signal }: Outcome): string {
  return signal === null ? `It ended with status ${status ?? 'unknown'}.` : `It was ended by ${signal}.`;
}
