import { DatabaseSync } from 'node:sqlite';
import { expect, it } from '@jest/globals';
import { isBusy, translateSqliteError } from '../../../../runtime/local/objects/sqlite-error.ts';
import { PortError } from '../../../../runtime/ports/errors.ts';

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
}

it('tells a full disk as transient, with a remedy', () => {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA max_page_count = 3');
  const error = thrown(() => db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000))'));
  db.close();
  expect(translateSqliteError(error, '/x.db')).toMatchObject({
    fault: 'transient',
    subject: '/x.db',
    remedy: 'Free space on its disk.',
  });
});

it('tells a read-only file as denied, with a remedy', () => {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA query_only = ON');
  const error = thrown(() => db.exec('CREATE TABLE t (a)'));
  db.close();
  expect(translateSqliteError(error, '/x.db')).toMatchObject({ fault: 'denied', remedy: expect.any(String) });
  expect(isBusy(error)).toBe(false);
});

it('sees through extended result codes', () => {
  const busySnapshot = Object.assign(new Error('database is locked'), { errcode: 5 | (2 << 8) });
  expect(isBusy(busySnapshot)).toBe(true);
  expect(translateSqliteError(busySnapshot, '/x.db')).toMatchObject({ fault: 'transient' });
});

it.each(['ENOSPC', 'EACCES', 'EROFS'])('translates %s of the file system', (code) => {
  expect(translateSqliteError(Object.assign(new Error('no'), { code }), '/x.db')).toBeInstanceOf(PortError);
});

it('leaves what is no fault of the file as it is', () => {
  const mistake = new TypeError('a mistake of ours');
  expect(translateSqliteError(mistake, '/x.db')).toBe(mistake);
});
