import { parseDocument, isScalar } from 'yaml';
import { ManifestError } from './errors.ts';
import { documentsOf } from './resources.ts';
import type { ResourceSelector } from './resources.ts';
import type { ScalarValue } from './scalar.ts';
import { setValue } from './yaml-edit.ts';
import { renderPath, YamlText } from './yaml-text.ts';
import type { Address, EditResult, Step } from './yaml-text.ts';

/** A key, an index, or the item of a list whose field has this value. */
export type PathStep =
  { readonly key: string } | { readonly index: number } | { readonly field: string; readonly value: string };

const REMEDY = 'write for example spec.template.spec.containers[name=manager].image or data["a.b/c"]';
const QUOTED = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'`;
const TOKEN = new RegExp(
  [
    String.raw`\.?\[(?<index>\d+)\]`,
    String.raw`\.?\[(?<quoted>${QUOTED})\]`,
    String.raw`\.?\[(?<field>[^\]=[]+)=(?<value>${QUOTED}|[^\]]*)\]`,
    String.raw`\.(?<key>${QUOTED}|[^.[\]=]+)`,
  ].join('|'),
  'y',
);

/**
 * Reads a path:
 * - `spec.replicas`: keys, a dot between them; `data["a.b/c"]` or `data."a.b/c"` for keys with dots or brackets
 * - `images[0].newTag`: an item by its index, from 0
 * - `containers[name=manager].image`: the item whose `name` is `manager`, `[name="a]b"]` in quotes
 * @throws ManifestError
 */
export function parsePath(path: string): PathStep[] {
  const { steps, rest } = takePath(path);
  if (rest === '' && steps.length > 0) return steps;
  throw new ManifestError(path, `is no path${rest === '' ? '' : ` from \`${rest}\` on`}`, { remedy: REMEDY });
}

/** Splits `PATH=VALUE` at the first `=` outside of brackets. @throws ManifestError */
export function parseAssignment(assignment: string): { path: string; value: string } {
  const { steps, rest } = takePath(assignment);
  if (rest.startsWith('=') && steps.length > 0) {
    return { path: assignment.slice(0, assignment.length - rest.length), value: rest.slice(1) };
  }
  throw new ManifestError(assignment, 'is not PATH=VALUE', {
    remedy: REMEDY.replace('.image', '.image=VALUE'),
  });
}

/**
 * What stands at the path; mappings as objects.
 * @param file named in errors
 * @returns undefined when there is nothing
 */
export function readPath(text: string, path: string, options: { file: string } & ResourceSelector): unknown {
  const yaml = new YamlText(text, options.file);
  const found = parsePath(path);
  const values = documentsOf(yaml, options)
    .flatMap((document) => toAddress(yaml, document, found) ?? [])
    .filter((at) => yaml.node(at) !== undefined);
  const [first] = values;
  if (values.length > 1) throw ambiguous(yaml, path, values);
  return first === undefined ? undefined : yaml.value(first);
}

/**
 * Sets the scalar at the path. In a file of several documents it is the one that has the path, or the only selected
 * one. Missing keys at its end are made; missing items are an error.
 * @param value a string stays a string: it is quoted where YAML would read something else
 */
export function setPath(
  text: string,
  path: string,
  value: ScalarValue | ((old: unknown) => ScalarValue),
  options: { file: string } & ResourceSelector,
): EditResult {
  const yaml = new YamlText(text, options.file);
  const at = locate(yaml, path, options);
  return setValue(yaml, at, typeof value === 'function' ? value(yaml.value(at)) : value);
}

/**
 * What a VALUE typed by a person means: text where text stood; elsewhere what YAML reads (`3`, `true`, `null`,
 * `"3"` for the text).
 */
export function interpretValue(typed: string, old: unknown): ScalarValue {
  if (typeof old === 'string') return typed;
  const document = parseDocument(typed, { prettyErrors: false, logLevel: 'silent' });
  const { contents } = document;
  const value: unknown = isScalar(contents) && document.errors.length === 0 ? contents.value : typed;
  const readsWhole = value === null || typeof value === 'number' || typeof value === 'boolean';
  return typed !== '' && (readsWhole || typeof value === 'string') ? value : typed;
}

function locate(yaml: YamlText, path: string, selector: ResourceSelector): Address {
  const steps = parsePath(path);
  const documents = documentsOf(yaml, selector);
  const possible = documents.flatMap((document) => toAddress(yaml, document, steps) ?? []);
  const existing = possible.filter((at) => yaml.node(at) !== undefined);
  const candidates = existing.length > 0 ? existing : possible;
  const [only] = candidates;
  if (candidates.length > 1) throw ambiguous(yaml, path, candidates);
  if (only !== undefined) return only;
  throw new ManifestError(yaml.file, 'there is no such place in the file', {
    path,
    remedy:
      documents.length === 0
        ? 'no document has that kind and name'
        : 'check the names and indexes in the path',
  });
}

function ambiguous(yaml: YamlText, path: string, found: readonly Address[]): ManifestError {
  const lines = found.map((at) => yaml.line(at)).join(', ');
  return new ManifestError(yaml.file, `is in several documents (lines ${lines})`, {
    path,
    remedy: 'select one by kind and name',
  });
}

/** Undefined when an item on the way does not exist. */
function toAddress(yaml: YamlText, document: number, path: readonly PathStep[]): Address | undefined {
  let at: Address = { document, steps: [] };
  for (const step of path) {
    const next = 'key' in step ? step.key : 'index' in step ? step.index : itemWith(yaml, at, step);
    if (next === undefined) return undefined;
    at = { document, steps: [...at.steps, next] };
    if (typeof next === 'number' && yaml.node(at) === undefined) return undefined;
  }
  return at;
}

function itemWith(yaml: YamlText, list: Address, step: { field: string; value: string }): Step | undefined {
  const indexes = Array.from({ length: yaml.length(list) ?? 0 }, (_, index) => index);
  const found = indexes.filter((index) => {
    const field = { document: list.document, steps: [...list.steps, index, step.field] };
    return yaml.scalarText(field) === step.value;
  });
  if (found.length > 1) {
    throw yaml.error(`has ${found.length} items with ${step.field}=${step.value}`, {
      at: list,
      remedy: `use an index: ${found.map((index) => renderPath([index])).join(' or ')}`,
    });
  }
  return found[0];
}

function takePath(text: string): { steps: PathStep[]; rest: string } {
  const source = text.startsWith('[') ? text : `.${text}`;
  const steps: PathStep[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let match = TOKEN.exec(source); match !== null; match = TOKEN.exec(source)) {
    end = TOKEN.lastIndex;
    const { index, quoted, field, value, key } = match.groups ?? {};
    if (index !== undefined) steps.push({ index: Number(index) });
    else if (field !== undefined) steps.push({ field, value: unquote(value ?? '') });
    else steps.push({ key: unquote(quoted ?? key ?? '') });
  }
  return { steps, rest: source.slice(end) };
}

function unquote(text: string): string {
  if (text.startsWith("'") && text.endsWith("'") && text.length > 1)
    return text.slice(1, -1).replaceAll("''", "'");
  if (text.startsWith('"') && text.endsWith('"') && text.length > 1) {
    return text.slice(1, -1).replace(/\\(.)/g, '$1');
  }
  return text;
}
