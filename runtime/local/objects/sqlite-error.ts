import { PortError } from '../../ports/errors.ts';
import type { Fault } from '../../ports/errors.ts';

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

interface Meaning {
  readonly fault: Fault;
  readonly what: string;
  readonly remedy: string;
}

const UNREADABLE: Meaning = {
  fault: 'invalid',
  what: 'is damaged or no SQLite file',
  remedy:
    'Restore it from a backup, or move it and its -wal and -shm files away: an empty state may repeat builds but never a pull request.',
};
const NO_PERMISSION: Meaning = {
  fault: 'denied',
  what: 'cannot be opened for writing',
  remedy: 'Make the file and its folder writable for this user.',
};
const LOCKED: Meaning = {
  fault: 'transient',
  what: 'is locked by another process',
  remedy: 'End the process that holds it (`fuser` names it) if this lasts.',
};
const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [3, NO_PERMISSION],
  [SQLITE_BUSY, LOCKED],
  [SQLITE_LOCKED, LOCKED],
  [8, NO_PERMISSION],
  [
    10,
    {
      fault: 'transient',
      what: 'met an input/output error',
      remedy: 'Look at the disk: it may be full or failing.',
    },
  ],
  [11, UNREADABLE],
  [13, { fault: 'transient', what: 'does not fit the disk', remedy: 'Free space on its disk.' }],
  [14, NO_PERMISSION],
  [26, UNREADABLE],
]);

/** True when another connection holds the lock that we need: nothing happened, and waiting helps. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** What SQLite or the file system said about the file at `path`; a `PortError` stays as it is. */
export function translateSqliteError(error: unknown, path: string): unknown {
  if (error instanceof PortError) return error;
  const meaning = MEANINGS.get(resultCode(error) ?? -1) ?? fileSystemMeaning(error);
  if (meaning === undefined) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new PortError(meaning.fault, path, `The object store ${path} ${meaning.what}: ${said}.`, {
    remedy: meaning.remedy,
    cause: error,
  });
}

/** The primary result code, without the extension in the higher bytes. */
function resultCode(error: unknown): number | undefined {
  const code = member(error, 'errcode');
  return typeof code === 'number' ? code & 0xff : undefined;
}

function fileSystemMeaning(error: unknown): Meaning | undefined {
  switch (member(error, 'code')) {
    case 'ENOSPC':
    case 'EDQUOT':
      return MEANINGS.get(13);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
      return NO_PERMISSION;
    default:
      return undefined;
  }
}

function member(error: unknown, key: 'code' | 'errcode'): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
}
