import { existsSync } from 'node:fs';
import type { Settings } from '../api/settings.ts';
import { parseSettings } from '../config/settings.ts';
import { systemClock } from '../control/clock.ts';
import { createLogger, type Logger, type LogLevel } from '../control/log.ts';
import { openHome, readFileHere, type Home, type HomeObserver } from '../home.ts';
import { isFault } from '../ports/index.ts';
import { UsageError } from './errors.ts';

export interface SessionOptions {
  /** Path of the settings. @default slipway.yaml where it exists, else none */
  readonly settings?: string;
  /** Log what is done, too. @default warnings alone, unless the settings say more */
  readonly verbose?: boolean;
  /** Goes on for as long as the process lives: its log is what people have of it. @default false */
  readonly resident?: boolean;
  /** Looks at what else was given, before anything is opened or made. */
  readonly check?: (settings: Settings) => Promise<void>;
  readonly observer?: HomeObserver;
}

/** What one command works with, from settings to signals. */
export interface Session extends AsyncDisposable {
  readonly settings: Settings;
  readonly home: Home;
  readonly logger: Logger;
  /** Fires on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

export async function openSession(options: SessionOptions): Promise<Session> {
  const settings = await readSettings(options.settings);
  await options.check?.(settings);
  const logger = await createLogger({
    level: logLevel(options, settings),
    ...(settings.log?.format && { format: settings.log.format }),
  });
  const home = await openHome({
    settings,
    clock: systemClock,
    environment: process.env,
    ...(options.observer && { observer: options.observer }),
  });
  const { signal, release } = endingSignal();
  return {
    settings,
    home,
    logger,
    signal,
    async [Symbol.asyncDispose]() {
      release();
      await home[Symbol.asyncDispose]();
    },
  };
}

function logLevel({ verbose, resident }: SessionOptions, settings: Settings): LogLevel {
  if (verbose) return settings.log?.level === 'debug' ? 'debug' : 'info';
  return settings.log?.level ?? (resident ? 'info' : 'warn');
}

export async function readSettings(path: string | undefined): Promise<Settings> {
  const chosen =
    path ?? process.env['SLIPWAY_SETTINGS'] ?? (existsSync('slipway.yaml') ? 'slipway.yaml' : undefined);
  if (chosen === undefined) return parseSettings(undefined, process.env);
  const file = await readFileHere(chosen).catch((error: unknown) => {
    throw unusable(error, 'name one with --settings');
  });
  return parseSettings(file, process.env);
}

/** What a person can set right by naming another file or address is a `UsageError`. */
export function unusable(error: unknown, remedy: string): unknown {
  if (!isFault(error, 'not-found', 'invalid', 'denied')) return error;
  return new UsageError(`${error.message}; ${error.remedy ?? remedy}`);
}

/** The first signal asks for a graceful end, the second one ends the process as usual. */
export function endingSignal(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const end = (name: NodeJS.Signals) => {
    release();
    controller.abort(new Error(`${name} received`));
  };
  const release = () => {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  return { signal: controller.signal, release };
}
