import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { isCode } from './folder.ts';

/** Bytes per segment file; the first and the last few are kept. */
const SEGMENT = 1024 * 1024;
const KEPT_FIRST = 2;
const KEPT_LAST = 3;
/** What is remembered to explain a failure. */
const TAIL = 16 * 1024;
/** Of a failure's message, in bytes. */
const MESSAGE = 2048;

/** A log of bounded size: numbered segments, of which those in the middle are removed. */
export class LogWriter {
  readonly #folder: string;
  #segment = 0;
  #bytes = 0;
  #file: number;
  #tail = Buffer.alloc(0);
  #full = false;

  constructor(folder: string) {
    this.#folder = folder;
    this.#file = openSync(join(folder, '0'), 'a');
  }

  /** True when the disk took no more. */
  get isDiskFull(): boolean {
    return this.#full;
  }

  /** The last few KiB, as text. */
  get tail(): string {
    return this.#tail.toString('utf8');
  }

  write(chunk: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-TAIL);
    if (this.#full) return;
    try {
      for (let rest = chunk; rest.length > 0;) {
        if (this.#bytes >= SEGMENT) this.#next();
        const written = writeSync(this.#file, rest.subarray(0, SEGMENT - this.#bytes));
        this.#bytes += written;
        rest = rest.subarray(written);
      }
    } catch (error) {
      // The build may still end well; its log is not worth failing it.
      if (!isCode(error, 'ENOSPC', 'EDQUOT')) throw error;
      this.#full = true;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #next(): void {
    closeSync(this.#file);
    this.#segment += 1;
    this.#bytes = 0;
    this.#file = openSync(join(this.#folder, String(this.#segment)), 'a');
    for (const name of readdirSync(this.#folder)) {
      const number = Number(name);
      if (number >= KEPT_FIRST && number <= this.#segment - KEPT_LAST) rmSync(join(this.#folder, name));
    }
  }
}

/** Reads what a `LogWriter` has written and goes on where it left off. */
export class LogReader {
  readonly #folder: string;
  readonly #decoder = new TextDecoder();
  #segment = 0;
  #offset = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Everything written since the last call, in pieces. */
  async *read(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      yield* this.#readSegment();
      const next = await this.#nextSegment();
      if (next === undefined) return;
      // The writer fills a segment before it opens the next one, so what is left of this one is there now.
      yield* this.#readSegment();
      if (next > this.#segment + 1) yield '\n[… the middle of this log was left out …]\n';
      this.#segment = next;
      this.#offset = 0;
    }
  }

  async *#readSegment(): AsyncGenerator<string, void, undefined> {
    const file = await open(join(this.#folder, String(this.#segment))).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (file === undefined) return;
    try {
      const buffer = Buffer.alloc(64 * 1024);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
        if (bytesRead === 0) return;
        this.#offset += bytesRead;
        const text = this.#decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
        if (text !== '') yield text;
      }
    } finally {
      await file.close();
    }
  }

  async #nextSegment(): Promise<number | undefined> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    });
    const later = names.map(Number).filter((number) => number > this.#segment);
    return later.length === 0 ? undefined : Math.min(...later);
  }
}

/** The last lines for a person: no control sequences, no user info in URLs, at most 2 KiB of UTF-8. */
export function lastLines(text: string): string {
  const clean = stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replace(/[^\n]*\r(?=[^\n])/g, '')
    .replace(/:\/\/[^\s/@]+@/g, '://***@')
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .trim();
  const bytes = Buffer.from(clean);
  if (bytes.length <= MESSAGE) return clean;
  const cut = bytes
    .subarray(-MESSAGE)
    .toString('utf8')
    .replace(/^\uFFFD+/, '');
  const line = cut.indexOf('\n');
  return line < 0 ? cut : cut.slice(line + 1);
}
