import type { Instruction } from './instructions.ts';

/** Values of every flag of this name. */
export function flagValues(instruction: Instruction, name: string): string[] {
  return instruction.flags.filter((flag) => flag.name === name).map((flag) => flag.value);
}

/** A field of `--mount`: `key=value`. */
export function pair(field: string): [string, string] {
  const equals = field.indexOf('=');
  return equals < 0
    ? [field.toLowerCase(), '']
    : [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
}

/** The JSON form, or words between white space: Docker splits before it looks at quotes. */
export function copyWords(text: string): string[] {
  if (text.startsWith('[')) {
    const list = jsonStrings(text);
    if (list !== undefined) return list;
  }
  return text.split(/\s+/u).filter((word) => word !== '');
}

function jsonStrings(text: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}

/** What `ADD` fetches instead of taking it from the context. */
export function isRemote(source: string): boolean {
  return /^(?:(?:https?|git|ssh):\/\/|[A-Za-z0-9-]+@[^/]+:)/u.test(source);
}
