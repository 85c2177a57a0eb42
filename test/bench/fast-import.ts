import { spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

export type Files = ReadonlyMap<string, string>;

/** One commit of a history to import. */
export interface ImportedCommit {
  readonly ref: string;
  /** Numbers of earlier commits, counted from 1. @default the last one on `ref`, if any */
  readonly from?: number;
  readonly merge?: number;
  readonly message: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly files: Files;
}

/** Makes a bare repository with this history. Gives the ids in the order of the commits. */
export async function importHistory(bare: string, commits: readonly ImportedCommit[]): Promise<string[]> {
  await mkdir(dirname(bare), { recursive: true });
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare], {
    environment: process.env,
  });
  const marks = join(bare, 'marks');
  const stream = commits.map((commit, index) => streamOf(commit, index + 1)).join('');
  await feed(['-C', bare, 'fast-import', '--quiet', `--export-marks=${marks}`], stream);
  const ids = new Map(
    (await readFile(marks, 'utf8')).split('\n').map((line) => line.split(' ') as [string, string]),
  );
  return commits.map((_, index) => ids.get(`:${index + 1}`) ?? '');
}

function streamOf({ ref, from, merge, message, at, files }: ImportedCommit, mark: number): string {
  return [
    `commit ${ref}\nmark :${mark}\ncommitter Ann <ann@example.com> ${at} +0000\n${data(message)}`,
    from === undefined ? '' : `from :${from}\n`,
    merge === undefined ? '' : `merge :${merge}\n`,
    ...[...files].map(([path, content]) => `M 100644 inline ${path}\n${data(content)}`),
    '\n',
  ].join('');
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

async function feed(args: readonly string[], input: string): Promise<void> {
  const child = spawn('git', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.on('error', () => undefined); // its status tells
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`git ${args.join(' ')} ended with ${String(code)}`);
}
