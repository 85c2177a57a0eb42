import { type Fault, PortError } from '../../ports/errors.ts';

interface Rule {
  readonly pattern: RegExp;
  readonly fault: Fault;
  readonly remedy?: string;
}

const DISK_REMEDY = 'free disk space, or move the folder of the mirrors';

/** First match wins. Git runs with LC_ALL=C, so its words are known; those of servers are matched loosely. */
const RULES: readonly Rule[] = [
  {
    pattern: /unknown option [`']batch-command'/,
    fault: 'invalid',
    remedy: 'install git 2.36 or newer',
  },
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    fault: 'transient',
    remedy: DISK_REMEDY,
  },
  { pattern: /returned error: 429|Too Many Requests|rate limit/i, fault: 'rate-limited' },
  {
    pattern: /SSL certificate problem|certificate verif|Host key verification failed/i,
    fault: 'denied',
    remedy: 'check the server, then trust its certificate (http.sslCAInfo) or host key (known hosts file)',
  },
  {
    pattern:
      /returned error: (401|403)|Authentication failed|could not read (Username|Password)|Permission denied|Permission to \S+ denied|access denied|terminal prompts disabled/i,
    fault: 'denied',
    remedy: 'check that the repository exists and that the configured credentials may use it',
  },
  {
    pattern:
      /repository \S+ not found|Repository not found|returned error: (404|410)|does not appear to be a git repository|does not exist$/im,
    fault: 'not-found',
    remedy: 'check the address, and that the credentials may see the repository',
  },
  {
    pattern: /not our ref|unadvertised object|couldn't find remote ref/i,
    fault: 'conflict',
    remedy: 'read the refs again: they have moved',
  },
  {
    pattern: /fsck error|error in (tree|commit|tag|object|packed object)|invalid path/i,
    fault: 'invalid',
    remedy: 'the repository holds objects that git refuses; `git fsck` there names them',
  },
  {
    pattern: /transport '.*' not allowed|unable to find remote helper|Protocol ".*" not supported/i,
    fault: 'invalid',
    remedy: 'allow the transport in the settings, or use https or ssh',
  },
  {
    pattern:
      /Could not resolve|Failed to connect|Couldn't connect|Connection (was )?(refused|reset|closed|timed out)|timed out|Operation too slow|early EOF|RPC failed|unexpected disconnect|hung up|Empty reply|returned error: 5\d\d|Network is unreachable|No route to host|SSL|TLS|cannot lock ref|Unable to create '.*\.lock'|unexpected end of file|invalid index-pack output/i,
    fault: 'transient',
  },
];

/** Signs that the mirror itself is damaged, as a command that works on it alone says them. */
const DAMAGE =
  /not a git repository|bad object|is corrupt|packfile \S+ (cannot|claims|is|does|index)|inflate: |data stream error|unable to (unpack|parse|read tree)|Could not read [0-9a-f]{40}|Failed to traverse parents|object file \S+ is empty|index file \S+ is|missing (tree|commit|blob) |hash mismatch|did not send all necessary objects|error reading section|non-monotonic index|is far too short|bad tree object|unable to read [0-9a-f]{40}/i;

export function saysDamaged(stderr: string): boolean {
  return DAMAGE.test(stderr);
}

export interface Failure {
  /** What was attempted on what: `fetch from https://…`. */
  readonly action: string;
  readonly subject: string;
  readonly stderr: string;
  /** Texts that must not reach a message. */
  readonly secrets?: readonly string[];
  /** Where no rule fits. */
  readonly otherwise: Fault;
}

/** The error for a git process that failed. */
export function failureOf(failure: Failure): PortError {
  const rule = RULES.find(({ pattern }) => pattern.test(failure.stderr));
  const said = essence(redact(failure.stderr, failure.secrets));
  return new PortError(
    rule?.fault ?? failure.otherwise,
    failure.subject,
    `git could not ${failure.action}: ${said || 'it gave no reason'}`,
    rule?.remedy === undefined ? {} : { remedy: rule.remedy },
  );
}

/** The error of our own work on files, as a port tells it; other errors stay as they are. */
export function fileFailure(error: unknown, subject: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof PortError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const unusable = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR'].includes(code);
  return new PortError(
    unusable ? 'invalid' : 'transient',
    subject,
    `files could not be written: ${message}`,
    {
      cause: error,
      ...(full ? { remedy: DISK_REMEDY } : {}),
      ...(unusable ? { remedy: 'check that the folder may be written' } : {}),
    },
  );
}

/** The text without credentials and without control characters other than line breaks. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/@\s']*@/gi, '$1');
  for (const secret of secrets) {
    if (secret === '') continue;
    clean = clean.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***');
  }
  return clean.replace(/\r/g, '\n').replace(/[^\P{Cc}\n]/gu, '');
}

/** The lines that carry the reason, on one line, at most 500 characters. */
function essence(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const telling = lines.filter((line) => /^(fatal|error|remote|ssh|usage)\b/i.test(line));
  return (telling.length > 0 ? telling : lines).join('; ').slice(0, 500);
}
