import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isCode } from './folder.ts';
import type { ProcessIdentity } from './records.ts';

const run = promisify(execFile);

interface ProcessEntry {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly began: string;
  /** The build folder that its environment names, where the system shows it. */
  readonly build?: string | undefined;
}
/** Living processes by id; zombies are left out. */
export type ProcessTable = ReadonlyMap<number, ProcessEntry>;

/** Undefined when no such process lives. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const entry = process.platform === 'linux' ? await readEntry(pid) : (await processTable()).get(pid);
  return entry && { pid, began: entry.began };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.began === identity.began;
}

/** The variable that marks a build's processes with its folder. */
export const BUILD_MARK = 'SLIPWAY_BUILD';

/**
 * The processes that a shim started and left or still has: of its group, its session, below one of them, or marked with
 * the folder (a daemon leaves group, session and parent, but keeps its environment). A stranger that got the shim's id
 * is not followed: an id is not given again while a group of that id lives.
 */
export function belongings(table: ProcessTable, shim: ProcessIdentity, folder: string): readonly number[] {
  const leader = table.get(shim.pid);
  const isOurs = leader === undefined || leader.began === shim.began;
  const found = new Set<number>(isOurs ? [shim.pid] : []);
  for (const [pid, { group, session, build }] of table) {
    if ((isOurs && (group === shim.pid || session === shim.pid)) || build === folder) found.add(pid);
  }
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [pid, { parent }] of table) if (found.has(parent)) found.add(pid);
  }
  return [...found].filter((pid) => table.has(pid) && (pid !== shim.pid || !isOurs));
}

/**
 * Ends everything that the shim of that folder started, but not itself: TERM, and KILL for what is left after `grace`
 * milliseconds.
 */
export async function endBelongings(shim: ProcessIdentity, folder: string, grace: number): Promise<void> {
  const deadline = Date.now() + grace;
  const asked = new Set<number>();
  // A process may fork between the look and the signal: look until nothing is left.
  for (;;) {
    const rest = belongings(await processTable(), shim, folder);
    if (rest.length === 0) return;
    const isLate = Date.now() >= deadline;
    for (const pid of rest) {
      if (isLate) signalProcess(pid, 'SIGKILL');
      else if (!asked.has(pid)) signalProcess(pid, 'SIGTERM');
      asked.add(pid);
    }
    await sleep(50);
  }
}

/** No error when it has gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isCode(error, 'ESRCH')) throw error;
  }
}

export async function processTable(): Promise<ProcessTable> {
  if (process.platform !== 'linux') return psTable();
  const table = new Map<number, ProcessEntry>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const entry = await readEntry(pid);
    if (entry !== undefined) table.set(pid, { ...entry, build: await readMark(pid) });
  }
  return table;
}

async function readEntry(pid: number): Promise<ProcessEntry | undefined> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'latin1'), await bootId());
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}

/** Undefined also for processes of other users. */
async function readMark(pid: number): Promise<string | undefined> {
  try {
    const variables = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
    return variables.find((one) => one.startsWith(`${BUILD_MARK}=`))?.slice(BUILD_MARK.length + 1);
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}

/** `/proc/<pid>/stat`, see proc(5): the command in parentheses may hold anything, parentheses too. */
export function parseStat(stat: string, boot: string): ProcessEntry | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return {
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    began: `${boot}:${fields[19] ?? ''}`,
  };
}

let boot: Promise<string> | undefined;
/** Start times count from the boot. */
function bootId(): Promise<string> {
  boot ??= readFile('/proc/sys/kernel/random/boot_id', 'latin1').then((text) => text.trim());
  return boot;
}

async function psTable(): Promise<ProcessTable> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,lstart='], {
    timeout: 10_000,
    maxBuffer: 16 * 1024 * 1024,
  });
  return parsePs(stdout);
}

/** Lines of `ps -o pid=,ppid=,pgid=,stat=,lstart=`; ps names no session. */
export function parsePs(text: string): ProcessTable {
  const table = new Map<number, ProcessEntry>();
  for (const line of text.split('\n')) {
    const [, pid, parent, group, state, began] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
    if (pid === undefined || state?.startsWith('Z') === true) continue;
    table.set(Number(pid), { parent: Number(parent), group: Number(group), session: 0, began: began ?? '' });
  }
  return table;
}
