import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command, CommanderError } from 'commander';
import { ConfigError } from './config/errors.ts';
import { exitStatus, UsageError } from './commands/errors.ts';
import { PortError } from './ports/index.ts';

/** Each group is loaded when it is asked for: most of the start-up time is other people's modules. */
const groups: Readonly<Record<string, { description: string; load: () => Promise<Command> }>> = {
  delivery: {
    description: 'rebuild images whose inputs changed, and propose manifests that use them',
    load: async () => (await import('./commands/delivery.ts')).deliveryCommand(),
  },
  manifests: {
    description: 'edit kustomizations and other YAML; comments, order and quoting stay as they are',
    load: async () => (await import('./commands/manifests.ts')).manifestsCommand(),
  },
  local: {
    description: 'a forge and a registry for one machine, to try things on',
    load: async () => (await import('./commands/local.ts')).localCommand(),
  },
  init: {
    description: 'start a config, also from existing kustomizations',
    load: async () => (await import('./commands/init.ts')).initCommand(),
  },
  doctor: {
    description: 'try each credential, access and tool, and say the remedy',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  },
  completion: {
    description: 'shell completion for bash, zsh and fish',
    load: async () => (await import('./commands/completion.ts')).completionCommand(() => createProgram('*')),
  },
};

/** Runs one command line. Never throws for a user's mistake: the answer is the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.off('error', onOutputError).on('error', onOutputError);
  const program = await createProgram(argv[2]);
  try {
    await program.parseAsync(argv);
    return typeof process.exitCode === 'number' ? process.exitCode : exitStatus.done;
  } catch (error) {
    return explain(error);
  }
}

/** @param group the only one to load; the others are listed by name. `*` loads all */
export async function createProgram(group: string | undefined): Promise<Command> {
  const program = new Command('slipway')
    .description('Release engineering for Kubeflow as one typed program')
    .version(ownVersion(), '-V, --version', 'print the version')
    // A verb may have a --version of its own.
    .enablePositionalOptions();
  for (const [name, { description, load }] of Object.entries(groups))
    program.addCommand(
      group === name || group === '*' ? await load() : new Command(name).description(description),
    );
  return answering(program);
}

/** Makes every command throw where commander would end the process, and name its help where it is misused. */
function answering(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help shows what it takes)');
  for (const child of command.commands) answering(child);
  return command;
}

function ownVersion(): string {
  const file = findPackageJSON(import.meta.url);
  const manifest: unknown = file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'));
  const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isNamed ? String(manifest.version) : 'unknown';
}

/** A reader that has seen enough (`| head`) is no failure. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitStatus.done);
  process.stderr.write(`slipway: the output cannot be written: ${error.message}\n`);
  process.exit(exitStatus.failed);
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.usage;
  if (error instanceof ConfigError || error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return exitStatus.usage;
  }
  if (error instanceof PortError) {
    process.stderr.write(`slipway: ${error.message}${error.remedy ? `; ${error.remedy}` : ''}\n`);
    return exitStatus.failed;
  }
  process.stderr.write(
    `slipway: a defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return exitStatus.failed;
}

if (import.meta.main) process.exitCode = await main(process.argv);
