import { existsSync } from 'node:fs';
import type { Settings } from '../api/settings.ts';
import { parseDelivery } from '../delivery/config/parse.ts';
import { readFileHere } from '../home.ts';
import { DesiredSource, type ReadConfig } from '../delivery/source.ts';
import type { DeliveryOptions } from '../delivery/options.ts';
import { DeliverySystem } from '../delivery/system.ts';
import { UsageError } from './errors.ts';
import { openSession, unusable, type Session, type SessionOptions } from './session.ts';

export interface DeliveryFlags extends SessionOptions {
  /** Path, https:// or git+https:// of the config. @default SLIPWAY_CONFIG, delivery.yaml, applications.yaml */
  readonly config?: string;
  readonly inputs?: 'context';
}

export interface DeliverySession extends Session {
  /** Where the config is. */
  readonly config: string;
  readonly system: DeliverySystem;
  readonly source: DesiredSource;
}

/** Opens the ports and reads the config once, so that a bad one ends the command before anything happens. */
export async function openDelivery(flags: DeliveryFlags): Promise<DeliverySession> {
  const config = findConfig(flags.config);
  let known: ReadConfig | undefined;
  const session = await openSession({
    ...flags,
    check: async (settings) => {
      known = await readHere(config, parseOptions(flags, settings));
    },
  });
  try {
    const { settings, home, logger } = session;
    const source = new DesiredSource(config, home.documents, parseOptions(flags, settings), logger, known);
    await source.read(session.signal).catch((error: unknown) => {
      throw unusable(error, 'name a config with --config');
    });
    const system = new DeliverySystem((signal) => source.read(signal), home, deliveryOptions(settings));
    return {
      ...session,
      config,
      source,
      system,
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** A config on this machine needs no home to be read; a bad one leaves no trace. */
async function readHere(
  config: string,
  options: ReturnType<typeof parseOptions>,
): Promise<ReadConfig | undefined> {
  if (/^[a-z][a-z0-9+.-]*:/i.test(config)) return undefined;
  const document = await readFileHere(config).catch((error: unknown) => {
    throw unusable(error, 'name a config with --config');
  });
  return { text: document.text, desired: parseDelivery(document, options) };
}

/** Names of a config in the working directory, the first one that exists counts. */
const usualConfigs = ['delivery.yaml', 'applications.yaml'];

/** Where the config is when nobody names one. */
export function usualConfig(): string | undefined {
  return (process.env['SLIPWAY_CONFIG'] || undefined) ?? usualConfigs.find((name) => existsSync(name));
}

function findConfig(named: string | undefined): string {
  const found = named ?? usualConfig();
  if (found !== undefined) return found;
  throw new UsageError(
    `there is no config: neither ${usualConfigs.join(' nor ')} is in this folder; name one with --config or SLIPWAY_CONFIG, or start one with \`slipway init\``,
  );
}

export function parseOptions(flags: Pick<DeliveryFlags, 'inputs'>, settings: Settings) {
  const sshHosts = Object.entries(settings.forges ?? {}).flatMap(([host, { ssh }]) => (ssh ? [host] : []));
  return { sshHosts: new Set(sshHosts), ...(flags.inputs && { inputs: flags.inputs }) };
}

const minute = 60_000;

export function deliveryOptions(settings: Settings): DeliveryOptions {
  const { limits } = settings;
  return {
    installation: settings.installation ?? 'default',
    branchPrefix: settings.branchPrefix ?? 'slipway',
    headOwner: (host) => settings.forges?.[host]?.head,
    bots: settings.bots ?? [],
    author: settings.git?.author ?? { name: 'slipway', email: 'slipway@localhost' },
    ...(settings.git?.signing && { signing: settings.git.signing }),
    batchWindow: limits?.batchWindow ?? 5 * minute,
    ...(limits?.openPullRequests && { openPullRequests: limits.openPullRequests }),
    keepBuilds: limits?.keepBuilds ?? 5,
  };
}
