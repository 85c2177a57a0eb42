import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { untilCancelled } from '../../ports/abort.ts';
import { PortError } from '../../ports/errors.ts';
import { failureOf } from './failures.ts';
import { type GitRunner, killGroup } from './process.ts';

/** A larger object is read past, not kept, in bytes. */
export const CONTENT_LIMIT = 256 * 1024 * 1024;
/** Milliseconds of silence after which a process ends, or is given up when it owes an answer. */
const IDLE = 60_000;

export interface GitObject {
  readonly oid: string;
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** Absent where only the header was asked for, and where the object is over the limit. */
  readonly content?: Buffer;
}

/** Undefined: missing or ambiguous. */
export type Answer = GitObject | undefined;

export interface AnswerReader {
  /** Whether the answer that begins comes with content. */
  readonly hasContent: () => boolean;
  readonly onAnswer: (answer: Answer) => void;
  /** Bytes. @default CONTENT_LIMIT */
  readonly limit?: number;
}

/**
 * Cuts the output of `git cat-file --batch-command` into answers, however it is chunked:
 * `<oid> SP <type> SP <size> LF`, then with content `<bytes> LF`; or `<name> SP missing LF`.
 */
export class AnswerParser {
  readonly #reader: AnswerReader;
  readonly #limit: number;
  #line = '';
  #header: GitObject | undefined;
  #chunks: Buffer[] = [];
  /** Bytes of the body that are still to come, the closing line feed included. */
  #remaining = 0;

  constructor(reader: AnswerReader) {
    this.#reader = reader;
    this.#limit = reader.limit ?? CONTENT_LIMIT;
  }

  /** @throws Error when this is not the output of cat-file */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#header) {
        const end = Math.min(chunk.length, at + this.#remaining);
        this.#take(chunk.subarray(at, end));
        at = end;
        if (this.#remaining === 0) this.#reader.onAnswer(this.#finish(this.#header));
      } else {
        const end = chunk.indexOf(10, at);
        this.#line += chunk.toString('latin1', at, end < 0 ? chunk.length : end);
        if (end < 0) break;
        at = end + 1;
        this.#begin();
      }
    }
  }

  #begin(): void {
    const header = parseHeader(this.#line);
    this.#line = '';
    if (header && this.#reader.hasContent()) {
      this.#header = header;
      this.#remaining = header.size + 1;
    } else this.#reader.onAnswer(header);
  }

  #take(part: Buffer): void {
    this.#remaining -= part.length;
    if ((this.#header?.size ?? 0) <= this.#limit) this.#chunks.push(part);
  }

  #finish(header: GitObject): GitObject {
    const content = Buffer.concat(this.#chunks);
    this.#header = undefined;
    this.#chunks = [];
    return header.size > this.#limit ? header : { ...header, content: content.subarray(0, header.size) };
  }
}

function parseHeader(line: string): Answer {
  const match = /^([0-9a-f]{40,64}) ([a-z]+) (\d+)$/.exec(line);
  if (match) return { oid: match[1] ?? '', type: match[2] ?? '', size: Number(match[3]) };
  if (/ (missing|ambiguous)$/.test(line)) return undefined;
  throw new Error(`git cat-file said "${line.slice(0, 200)}"`);
}

interface Question {
  readonly withContent: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** One long-lived `cat-file`: questions go in one after the other, answers come back in the same order. */
class Conversation {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: Question[] = [];
  readonly #subject: string;
  readonly #timer: NodeJS.Timeout;
  #stderr = '';
  ended = false;
  /** Ended from outside. */
  wasKilled = false;

  constructor(runner: GitRunner, gitDirectory: string, subject: string) {
    this.#subject = subject;
    const parser = new AnswerParser({
      hasContent: () => this.#waiting[0]?.withContent ?? false,
      onAnswer: (answer) => this.#waiting.shift()?.resolve(answer),
    });
    this.#child = runner.start([`--git-dir=${gitDirectory}`, 'cat-file', '--batch-command'], subject);
    this.#timer = setTimeout(() => this.#expire(), IDLE).unref();
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#timer.refresh();
      try {
        parser.push(chunk);
      } catch (error) {
        this.#fail(new PortError('transient', subject, (error as Error).message, { cause: error }));
      }
    });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-8192);
    });
    this.#child.stdin.on('error', () => undefined); // its end is reported by `close`
    this.#child.once('error', (error) => this.#drop(runner.startFailure(error, subject)));
    this.#child.once('close', (_status, killedBy) => {
      this.wasKilled = killedBy !== null && !this.ended;
      this.#drop(this.#unexpectedEnd());
    });
  }

  ask(name: string, withContent: boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ withContent, resolve, reject });
      this.#timer.refresh();
      this.#child.stdin.write(`${withContent ? 'contents' : 'info'} ${name}\n`);
    });
  }

  /** Lets it answer what was asked, then end. */
  finish(): void {
    this.ended = true;
    this.#child.stdin.end();
  }

  kill(): void {
    this.#fail(new PortError('cancelled', this.#subject, 'git cat-file was ended'));
  }

  #expire(): void {
    if (this.#waiting.length === 0) this.finish();
    else
      this.#fail(
        new PortError('transient', this.#subject, `git cat-file gave no answer for ${IDLE / 1000} seconds`),
      );
  }

  #unexpectedEnd(): PortError {
    return failureOf({
      action: 'read an object',
      subject: this.#subject,
      stderr: this.#stderr || 'git cat-file ended',
      otherwise: 'transient',
    });
  }

  #fail(error: Error): void {
    this.#drop(error);
    killGroup(this.#child);
  }

  #drop(error: Error): void {
    this.ended = true;
    clearTimeout(this.#timer);
    for (const question of this.#waiting.splice(0)) question.reject(error);
  }
}

/**
 * Reads objects of one mirror, through a process that starts with the first question and ends when idle.
 * The mirror knows no promisor remote, so a missing object is an answer and never a fetch.
 * A signal ends the waiting alone: the answer still arrives in its turn.
 */
export class ObjectReader {
  readonly #runner: GitRunner;
  readonly #gitDirectory: string;
  readonly #subject: string;
  #conversation: Conversation | undefined;

  constructor(runner: GitRunner, gitDirectory: string, subject: string) {
    this.#runner = runner;
    this.#gitDirectory = gitDirectory;
    this.#subject = subject;
  }

  /** Type and size. `name` is an id, abbreviated or followed by `^{type}`. */
  header(name: string, signal?: AbortSignal): Promise<Answer> {
    return untilCancelled(this.#ask(name, false), this.#subject, signal);
  }

  /** The whole object. */
  object(name: string, signal?: AbortSignal): Promise<Answer> {
    return untilCancelled(this.#ask(name, true), this.#subject, signal);
  }

  /** Ends the process once it has answered; the next question starts a new one. */
  rest(): void {
    this.#conversation?.finish();
    this.#conversation = undefined;
  }

  /** Ends the process now; open questions fail with `cancelled`. */
  close(): void {
    this.#conversation?.kill();
    this.#conversation = undefined;
  }

  /** Asks a second process where the first was killed before we knew. */
  async #ask(name: string, withContent: boolean): Promise<Answer> {
    const conversation = this.#converse();
    try {
      return await conversation.ask(name, withContent);
    } catch (error) {
      if (!conversation.wasKilled) throw error;
      return this.#converse().ask(name, withContent);
    }
  }

  #converse(): Conversation {
    if (!this.#conversation || this.#conversation.ended)
      this.#conversation = new Conversation(this.#runner, this.#gitDirectory, this.#subject);
    return this.#conversation;
  }
}
