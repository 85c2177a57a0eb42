import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { PortError } from '../../ports/errors.ts';
import { buildEnvironment } from './environment.ts';
import { toolNames } from './records.ts';
import type { Tool, ToolName } from './records.ts';

const run = promisify(execFile);
/** A tool that does not answer within this many milliseconds is no builder. */
const PATIENCE = 20_000;

export interface CustomCommand {
  readonly command: readonly string[];
  /** False: it fetches the source itself. @default true */
  readonly checkout?: boolean;
}

type Ask = (file: ToolName, ...args: string[]) => Promise<string>;

/**
 * The first tool that works, or the wanted one. Throws `not-found` with what was tried.
 * @param wanted a tool's name, or a custom command @default the first of docker, podman, buildah, buildctl
 */
export async function detectTool(
  wanted: ToolName | CustomCommand | undefined,
  signal?: AbortSignal,
): Promise<Tool> {
  if (typeof wanted === 'object') return customCommand(wanted);
  const ask: Ask = async (file, ...args) => {
    const env = buildEnvironment(process.env);
    const { stdout } = await run(file, args, { env, timeout: PATIENCE, ...(signal && { signal }) });
    return stdout.trim();
  };
  const problems: string[] = [];
  for (const name of wanted === undefined ? toolNames : [wanted]) {
    try {
      return await probes[name](ask);
    } catch (error) {
      if (signal?.aborted === true) throw cancelled(signal);
      problems.push(`${name}: ${firstLine(error)}`);
    }
  }
  throw new PortError(
    'not-found',
    wanted ?? 'builder',
    `no image builder works here (${problems.join('; ')})`,
    {
      remedy:
        'install buildah (`apt-get install buildah`) or podman, start the Docker engine, or set a custom command as builder',
    },
  );
}

const probes: Readonly<Record<ToolName, (ask: Ask) => Promise<Tool>>> = {
  // The client alone is no builder: ask the engine.
  docker: async (ask) => plain('docker', await ask('docker', 'version', '--format', '{{.Server.Version}}')),
  podman: async (ask) => plain('podman', await ask('podman', 'info', '--format', '{{.Version.Version}}')),
  buildah: async (ask) => {
    const version = versionIn(await ask('buildah', '--version'));
    return { name: 'buildah', version, ...(await buildahFlags(ask)) };
  },
  buildctl: async (ask) => {
    await ask('buildctl', 'debug', 'workers');
    return plain('buildctl', versionIn(await ask('buildctl', '--version')));
  },
};

/** What buildah needs where it may neither mount overlays nor run an OCI runtime, as in most containers. */
async function buildahFlags(
  ask: Ask,
): Promise<Pick<Extract<Tool, { name: ToolName }>, 'options' | 'buildOptions'>> {
  const options = (await canStore(ask, [])) ? [] : ['--storage-driver', 'vfs'];
  if (options.length > 0) await store(ask, options);
  const isChosen = process.env['BUILDAH_ISOLATION'] !== undefined;
  const buildOptions = isChosen || !(await isContained()) ? [] : ['--isolation', 'chroot'];
  return { options, buildOptions };
}

async function canStore(ask: Ask, options: readonly string[]): Promise<boolean> {
  try {
    await store(ask, options);
    return true;
  } catch {
    // The next storage driver is tried, and its failure is the one that is told.
    return false;
  }
}

async function store(ask: Ask, options: readonly string[]): Promise<void> {
  const container = await ask('buildah', ...options, 'from', 'scratch');
  await ask('buildah', ...options, 'rm', container);
}

/** True inside a container, or without an OCI runtime: there `chroot` is the isolation that works. */
async function isContained(): Promise<boolean> {
  for (const mark of ['/.dockerenv', '/run/.containerenv']) if (await exists(mark)) return true;
  if (process.env['container'] !== undefined || process.env['KUBERNETES_SERVICE_HOST'] !== undefined)
    return true;
  return !((await onPath('crun')) || (await onPath('runc')));
}

async function customCommand({ command: argv, checkout }: CustomCommand): Promise<Tool> {
  const [file = ''] = argv;
  if (file.includes('/') ? await isExecutable(file) : await onPath(file))
    return { name: 'command', argv, ...(checkout !== undefined && { checkout }) };
  throw new PortError('not-found', file, `The builder command ${JSON.stringify(file)} cannot be run.`, {
    remedy: 'Correct the builder setting: its first word is a program on PATH, or the absolute path of one.',
  });
}

async function onPath(file: string): Promise<boolean> {
  if (file === '') return false;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await isExecutable(join(folder, file)))) return true;
  }
  return false;
}

function isExecutable(path: string): Promise<boolean> {
  return exists(path, constants.X_OK);
}

async function exists(path: string, mode = constants.F_OK): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}

function plain(name: ToolName, version: string): Tool {
  if (version === '') throw new Error('it told no version');
  return { name, version, options: [], buildOptions: [] };
}

function versionIn(text: string): string {
  return /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0] ?? text;
}

/** What it said on stderr, or why it could not be run. */
function firstLine(error: unknown): string {
  const stderr: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'stderr') : undefined;
  const said =
    typeof stderr === 'string' && stderr.trim() !== ''
      ? stderr
      : String(Reflect.get(Object(error), 'message'));
  return (
    said
      .trim()
      .split('\n', 1)[0]
      ?.replace(/[.?!]$/, '') ?? ''
  );
}

function cancelled(signal: AbortSignal): PortError {
  return new PortError('cancelled', 'builder', 'The look for an image builder was cancelled.', {
    cause: signal.reason,
  });
}
