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

/**
 * The processes that a shim started and left or still has: of its group, its session, or below one of them.
 * None when its id now belongs to a stranger: an id is not given again while a group of that id lives.
 */
export function belongings(table: ProcessTable, shim: ProcessIdentity): readonly number[] {
  const leader = table.get(shim.pid);
  if (leader !== undefined && leader.began !== shim.began) return [];
  const found = new Set<number>([shim.pid]);
  for (const [pid, { group, session }] of table) {
    if (group === shim.pid || session === shim.pid) found.add(pid);
  }
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [pid, { parent }] of table) if (found.has(parent)) found.add(pid);
  }
  found.delete(shim.pid);
  return [...found].filter((pid) => table.has(pid));
}

/** Ends everything that the shim started, but not itself: TERM, and KILL for what is left after `grace` milliseconds. */
export async function endBelongings(shim: ProcessIdentity, grace: number): Promise<void> {
  const deadline = Date.now() + grace;
  // A process may fork between the look and the signal: look until nothing is left.
  for (let round = 0; ; round++) {
    const rest = belongings(await processTable(), shim);
    if (rest.length === 0) return;
    const late = Date.now() >= deadline;
    if (late || round === 0) for (const pid of rest) signalProcess(pid, late ? 'SIGKILL' : 'SIGTERM');
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
    const entry = await readEntry(Number(name));
    if (entry !== undefined) table.set(Number(name), entry);
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
