import { pino, stdTimeFunctions, type DestinationStream, type Level, type Logger as Pino } from 'pino';

import { redact, redactText } from './redact.ts';

/** What an entry is about, in fields. Errors go under `error`. */
export type Metadata = Readonly<Record<string, unknown>>;

/** Messages are static, so that equal events are found by equal text; what differs goes into the metadata. */
export interface Logger {
  debug(message: string, metadata?: Metadata): void;
  info(message: string, metadata?: Metadata): void;
  warn(message: string, metadata?: Metadata): void;
  error(message: string, metadata?: Metadata): void;
  /** A logger that adds these fields to every entry. */
  child(metadata: Metadata): Logger;
}

export type LogLevel = Extract<Level, 'debug' | 'info' | 'warn' | 'error'> | 'silent';

export interface LogOptions {
  /** @default 'info' */
  readonly level?: LogLevel;
  /** One JSON object per line, or lines for a person. @default 'pretty' on a terminal, else 'json' */
  readonly format?: 'json' | 'pretty';
  /** @default stderr */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Entries carry `level` (a word), `time` (RFC 3339), `message` and their metadata, free of secrets. */
export async function createLogger(options: LogOptions = {}): Promise<Logger> {
  const { level = 'info', stream = process.stderr } = options;
  const terminal = stream.isTTY === true;
  const format = options.format ?? (terminal ? 'pretty' : 'json');
  const destination: DestinationStream = format === 'pretty' ? await prettyPrinter(stream, terminal) : stream;
  const root = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return overPino(root);
}

/** Loaded when a person reads along, and only then. */
async function prettyPrinter(
  destination: NodeJS.WritableStream,
  colorize: boolean,
): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination, colorize, sync: true, messageKey: 'message', translateTime: 'SYS:HH:MM:ss' });
}

function overPino(target: Pino): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, metadata?: Metadata) => {
    if (target.isLevelEnabled(level)) target[level](redact(metadata ?? {}), redactText(message));
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (metadata) => overPino(target.child(redact(metadata) as Metadata)),
  };
}

/** For callers that have nobody to tell. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
