import type { core, z } from 'zod';
import type { Problem } from './errors.ts';
import { meant, nearest, suggest } from './nearest.ts';
import { knownFields, schemasAt, unwrap, wanted, type Schema } from './schema.ts';
import { either, formatPath, notThis, show, type Path } from './words.ts';

/** A place that holds secrets: its values are never shown, and its remedy is the same for every mistake. */
export interface Hidden {
  readonly schema: Schema;
  readonly remedy: string;
}

/** What a document must answer to place an issue. */
export interface Places {
  valueAt(path: Path): unknown;
  writtenAt(path: Path): string | undefined;
  problem(path: Path, message: string, remedy?: string): Problem;
  problemAtKey(path: Path, key: string, message: string, remedy?: string): Problem;
}

type Issue = core.$ZodIssue;

/** Given to zod as its error map: an empty message says that the schema has none of its own. */
export const noMessage = (): string => '';

/** zod's issues in plain words, each at its line. */
export function problemsOf(
  issues: readonly Issue[],
  document: Places,
  schema: z.ZodType,
  hidden?: Hidden,
): Problem[] {
  const translator = new Translator(document, schema, hidden);
  const renamed = translator.renamed(issues);
  return issues
    .filter((issue) => !renamed.has(formatPath(issue.path as Path)))
    .flatMap((issue) => translator.problems(issue, []));
}

class Translator {
  readonly #document: Places;
  readonly #schema: Schema;
  readonly #hidden: Hidden | undefined;
  /** Several issues of one secret are one problem. */
  readonly #secrets = new Set<string>();

  constructor(document: Places, schema: Schema, hidden: Hidden | undefined) {
    this.#document = document;
    this.#schema = schema;
    this.#hidden = hidden;
  }

  /** @param base where the issue's own path begins */
  problems(issue: Issue, base: Path): Problem[] {
    const path = [...base, ...issue.path];
    const secret = this.#secretAt(path);
    if (secret !== undefined) return this.#aboutSecret(path.slice(0, secret), issue);
    switch (issue.code) {
      case 'unrecognized_keys':
        return this.#unknownFields(issue.keys, path);
      case 'invalid_key':
        return [...this.#badName(issue, path), ...this.#behindBadName(path)];
      case 'invalid_union':
        return this.#union(issue.errors, path);
      default:
        return [this.#simple(issue, path)];
    }
  }

  /** Required fields that are missing because their names are mistyped: the unknown field says it all. */
  renamed(issues: readonly Issue[]): ReadonlySet<string> {
    const meant = issues.flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [];
      const path = issue.path as Path;
      const free = this.#freeFields(path);
      return issue.keys.flatMap((key) => {
        const near = nearest(key, free);
        return near === undefined ? [] : [[...path, near]];
      });
    });
    return new Set(meant.filter((path) => this.#document.valueAt(path) === undefined).map(formatPath));
  }

  /** Known fields of the mapping that it does not have. */
  #freeFields(path: Path): string[] {
    const given = Object.keys(Object(this.#document.valueAt(path)) as object);
    return knownFields(schemasAt(this.#schema, path)).filter((one) => !given.includes(one));
  }

  #simple(issue: Issue, path: Path): Problem {
    const value = this.#document.valueAt(path);
    const schemas = schemasAt(this.#schema, path);
    if (value === undefined)
      return this.#document.problem(path, 'is missing', `give ${wanted(schemas)}${described(schemas)}`);
    if (issue.message !== '')
      return this.#document.problem(
        path,
        `${typeof value === 'string' ? `${show(value)} ` : ''}${issue.message}`,
      );
    return this.#document.problem(path, message(issue, value, schemas), this.#remedy(issue, value, path));
  }

  #remedy(issue: Issue, value: unknown, path: Path): string | undefined {
    if (value === null) return 'give a value, or leave the field out';
    if (issue.code === 'invalid_value' && typeof value === 'string')
      return meant(nearest(value, issue.values.map(String)));
    if (issue.code !== 'invalid_type') return undefined;
    const written = this.#document.writtenAt(path);
    if (issue.expected === 'string' && written !== undefined && typeof value !== 'string')
      return `put it in quotes: ${JSON.stringify(written)}`;
    const unquoted =
      issue.expected === 'number'
        ? /^-?\d+(?:\.\d+)?$/u
        : issue.expected === 'boolean'
          ? /^(?:true|false)$/u
          : undefined;
    return typeof value === 'string' && unquoted?.test(value) === true
      ? 'write it without quotes'
      : undefined;
  }

  #unknownFields(keys: readonly string[], path: Path): Problem[] {
    const known = knownFields(schemasAt(this.#schema, path));
    const free = this.#freeFields(path);
    return keys.map((key) => {
      const hint = suggest(key, free) ?? (known.length > 0 ? 'leave it out' : undefined);
      return this.#document.problemAtKey(path, key, `unknown field \`${show(key).slice(1, -1)}\``, hint);
    });
  }

  #badName(issue: core.$ZodIssueInvalidKey, path: Path): Problem[] {
    const key = String(path.at(-1));
    return issue.issues.map((one) =>
      this.#document.problemAtKey(path.slice(0, -1), key, `the name ${show(key)} ${one.message}`),
    );
  }

  /** zod does not look at the value behind a bad name. */
  #behindBadName(path: Path): Problem[] {
    const result = schemasAt(this.#schema, path)
      .map((schema) => (schema as z.ZodType).safeParse(this.#document.valueAt(path), { error: noMessage }))
      .find((one) => !one.success);
    return (result?.error.issues ?? []).flatMap((issue) => this.problems(issue, path));
  }

  /** The issues of the one member that was meant; when none was, what the members are. */
  #union(members: readonly (readonly Issue[])[], path: Path): Problem[] {
    const member = members.find(
      (issues) =>
        !issues.some((one) => one.path.length === 0 && ['invalid_type', 'invalid_value'].includes(one.code)),
    );
    if (member !== undefined) return member.flatMap((issue) => this.problems(issue, path));
    const value = this.#document.valueAt(path);
    const schemas = schemasAt(this.#schema, path);
    if (value === undefined) return [this.#document.problem(path, 'is missing', `give ${wanted(schemas)}`)];
    return [this.#document.problem(path, mustBe(wanted(schemas), value))];
  }

  #secretAt(path: Path): number | undefined {
    const hidden = this.#hidden;
    if (hidden === undefined) return undefined;
    const depth = path.findIndex((_, index) =>
      schemasAt(this.#schema, path.slice(0, index + 1)).includes(unwrap(hidden.schema)),
    );
    return depth < 0 ? undefined : depth + 1;
  }

  #aboutSecret(path: Path, issue: Issue): Problem[] {
    const name = formatPath(path);
    if (this.#secrets.has(name)) return [];
    this.#secrets.add(name);
    return [
      this.#document.problem(path, secretMessage(this.#document.valueAt(path), issue), this.#hidden?.remedy),
    ];
  }
}

/** Of the issue only what the schema itself says, which shows no value. */
function secretMessage(value: unknown, issue: Issue): string {
  if (value === undefined || value === null) return 'is missing';
  if (typeof value !== 'object') return 'holds a value where only a reference to a secret may stand';
  return issue.code === 'custom' && issue.message !== '' ? issue.message : 'is no reference to a secret';
}

function message(issue: Issue, value: unknown, schemas: readonly Schema[]): string {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe(wanted(schemas), value);
    case 'invalid_value':
      return mustBe(either(issue.values.map((one) => JSON.stringify(one))), value);
    case 'too_small':
      return tooSmall(issue, value);
    case 'too_big':
      return tooBig(issue, value);
    case 'invalid_format':
      return `${show(value)} is no ${issue.format === 'url' ? 'URL' : issue.format}`;
    default:
      return `${show(value)} is not allowed here`;
  }
}

function mustBe(what: string, value: unknown): string {
  return value === null ? `is empty; it must be ${what}` : `must be ${what}, ${notThis(value)}`;
}

function tooSmall(issue: core.$ZodIssueTooSmall, value: unknown): string {
  const least = issue.minimum;
  if (issue.origin === 'string') return 'must not be empty';
  if (issue.origin === 'array') return `needs at least ${least} ${least === 1 ? 'entry' : 'entries'}`;
  return `must be ${issue.inclusive ? 'at least' : 'more than'} ${least}, not ${show(value)}`;
}

function tooBig(issue: core.$ZodIssueTooBig, value: unknown): string {
  const most = issue.maximum;
  if (issue.origin === 'string') return `must have at most ${most} characters, not ${String(value).length}`;
  if (issue.origin === 'array') return `must have at most ${most} entries`;
  return `must be ${issue.inclusive ? 'at most' : 'less than'} ${most}, not ${show(value)}`;
}

function described(schemas: readonly Schema[]): string {
  const [text] = schemas.flatMap((one) => (one as z.ZodType).description ?? []);
  return text === undefined ? '' : ` (${text.charAt(0).toLowerCase()}${text.slice(1)})`;
}
