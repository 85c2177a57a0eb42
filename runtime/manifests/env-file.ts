import { ManifestError } from './errors.ts';
import type { EditResult } from './yaml-text.ts';

export interface EnvironmentLine {
  readonly variable: string;
  /** Undefined: the line has no `=`. */
  readonly value: string | undefined;
  /** Counted from 1. */
  readonly line: number;
}

const LINE = /^(?<head>\uFEFF?[ \t]*)(?<variable>[^\s#=][^=]*?)(?:(?<equals>=)(?<value>.*))?$/u;

/** The KEY=VALUE lines of a `.env` file as kustomize reads them: `#` begins a comment line, values are taken as they stand. */
export function readLines(text: string): EnvironmentLine[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const groups = LINE.exec(line)?.groups;
    const { variable, value } = groups ?? {};
    return variable === undefined ? [] : [{ variable, value, line: index + 1 }];
  });
}

/** Sets the value of one line, or adds the line at the end. */
export function setLine(text: string, variable: string, value: string, file: string): EditResult {
  if (/[\r\n]/.test(value)) {
    throw new ManifestError(file, 'a value in this file cannot have several lines', { path: variable });
  }
  const found = readLines(text).filter((line) => line.variable === variable);
  const [hit] = found;
  if (hit === undefined) return addLine(text, variable, value);
  if (found.length > 1) {
    throw new ManifestError(file, `is set on lines ${found.map(({ line }) => line).join(', ')}`, {
      path: variable,
      place: { line: found[1]?.line ?? 1, column: 1 },
      remedy: 'remove all but one',
    });
  }
  if (hit.value === value) return { text, changes: [] };
  const lines = text.split('\n');
  const old = lines[hit.line - 1] ?? '';
  const end = old.endsWith('\r') ? '\r' : '';
  const head = old.slice(0, old.indexOf(variable) + variable.length);
  lines[hit.line - 1] = `${head}=${value}${end}`;
  return {
    text: lines.join('\n'),
    changes: [{ path: variable, before: hit.value, after: value, line: hit.line }],
  };
}

function addLine(text: string, variable: string, value: string): EditResult {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const isEmpty = text === '' || text === '\uFEFF';
  const gap = isEmpty || text.endsWith('\n') ? '' : eol;
  const tail = gap === '' ? eol : '';
  const added = `${text}${gap}${variable}=${value}${tail}`;
  const line = (text + gap).split('\n').length;
  return { text: added, changes: [{ path: variable, before: undefined, after: value, line }] };
}
