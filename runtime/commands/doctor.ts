import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import type { Settings } from '../api/settings.ts';
import { parseDelivery } from '../delivery/config/parse.ts';
import type { Desired } from '../delivery/pair.ts';
import { forgeSettings, openHome, openSecrets, type Home } from '../home.ts';
import { systemClock } from '../control/clock.ts';
import { isFault, PortError } from '../ports/index.ts';
import { parseOptions, usualConfig } from './delivery-session.ts';
import { keyFileChecks, machineChecks, secretChecks, secretsOf } from './doctor-machine.ts';
import { outsideChecks } from './doctor-outside.ts';
import { runChecks, type CheckResult } from './doctor-run.ts';
import { exitStatus, UsageError } from './errors.ts';
import { outputFormats, paint, print, renderTable, type OutputFormat } from './output.ts';
import { endingSignal, readSettings } from './session.ts';

interface Flags {
  readonly config?: string;
  readonly settings?: string;
  readonly output: OutputFormat;
}

/** Milliseconds for each check. */
const TIMEOUT = 30_000;

/** `slipway doctor`: tries everything that the settings and the config name, and writes nothing. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('try each credential, access and tool, and say the remedy; nothing is written')
    .option(
      '--config <location>',
      'applications.yaml or a Delivery (default: as for delivery; without one its checks are left out)',
    )
    .option('--settings <file>', 'settings of this installation (default: slipway.yaml, where there is one)')
    .addOption(new Option('-o, --output <format>').choices([...outputFormats]).default('table'))
    .addHelpText(
      'after',
      '\nExamples:\n  $ slipway doctor\n  $ slipway doctor --config applications.yaml --settings slipway.yaml -o json',
    )
    .action(doctor);
}

async function doctor(flags: Flags): Promise<void> {
  const settings = await readSettings(flags.settings);
  const { signal, release } = endingSignal();
  try {
    const checks = await examine(settings, flags.config ?? usualConfig(), signal);
    const healthy = checks.every(({ status }) => status !== 'failed');
    print(flags.output, { healthy, checks }, () => resultTable(checks));
    process.exitCode = healthy ? exitStatus.done : exitStatus.failed;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new PortError('cancelled', 'doctor', 'ended before every check had its answer', { cause: error });
  } finally {
    release();
  }
}

async function examine(
  settings: Settings,
  config: string | undefined,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  await using here = await temporaryHome(settings);
  const desired = config === undefined ? undefined : await readConfig(config, settings, here.home, signal);
  const named = secretsOf(settings, process.env);
  const machine = [...machineChecks(settings), ...keyFileChecks(settings)];
  const [onMachine, secrets] = await Promise.all([
    runChecks(machine, TIMEOUT, signal),
    runChecks(secretChecks(named, await openSecrets(process.env)), TIMEOUT, signal),
  ]);
  const outside = outsideChecks({
    settings,
    forges: Object.entries(forgeSettings(settings, process.env)).flatMap(([host, { token, app }]) =>
      token || app ? [host] : [],
    ),
    withoutSecret: new Set(
      named.flatMap(({ host }, index) => (secrets[index]?.status === 'failed' ? [host] : [])),
    ),
    desired,
    ports: here.home,
  });
  return [
    ...onMachine,
    ...secrets,
    ...(await runChecks(outside, TIMEOUT, signal)),
    ...(desired ? [] : [noConfig]),
  ];
}

const noConfig: CheckResult = {
  area: 'config',
  subject: 'delivery',
  status: 'skipped',
  detail: 'there is none here, so no repository and no registry was tried; name one with --config',
};

/** With a state of its own, so that what is examined stays as it is. */
async function temporaryHome(settings: Settings): Promise<{ home: Home } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'slipway-doctor-'));
  const home = await openHome({
    settings: { ...settings, state: { directory } },
    clock: systemClock,
    environment: process.env,
  });
  return {
    home,
    async [Symbol.asyncDispose]() {
      await home[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function readConfig(
  location: string,
  settings: Settings,
  { documents }: Home,
  signal: AbortSignal,
): Promise<Desired> {
  try {
    return parseDelivery(await documents.read(location, signal), parseOptions({}, settings));
  } catch (error) {
    if (!isFault(error, 'not-found', 'invalid', 'denied')) throw error;
    throw new UsageError(`${error.message}; name a config with --config`);
  }
}

const marks = {
  ok: { colour: 'green', sign: '✓' },
  failed: { colour: 'red', sign: '✗' },
  skipped: { colour: 'gray', sign: '–' },
} as const;

function resultTable(checks: readonly CheckResult[]): string {
  const rows = checks.map(({ area, subject, status, detail, remedy }) => [
    paint(marks[status].colour, marks[status].sign),
    area,
    subject,
    remedy === undefined ? detail : `${detail}; ${paint('bold', remedy)}`,
  ]);
  const failures = checks.filter(({ status }) => status === 'failed').length;
  const summary = failures === 0 ? 'All is well.' : `${failures} of ${checks.length} checks failed.`;
  return `${renderTable(['', 'CHECK', 'OF', 'FOUND'], rows)}\n\n${summary}`;
}
