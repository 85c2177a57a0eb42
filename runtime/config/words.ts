/** Longest value that a message shows, in characters. */
const longest = 60;

/** Fields and indices from the root of a document to a value. */
export type Path = readonly PropertyKey[];

/** `applications.katib.targets[0].image`; names with other characters as `["a b"]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = String(part);
    if (!/^[\w$-]+$/u.test(name)) return `${text}[${show(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

/** A value in a message: on one line, short, without control characters and without credentials of a URL. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(shorten(escapeControls(withoutCredentials(value)))).replaceAll('\\\\u', '\\u');
    case 'number':
    case 'boolean':
      return String(value);
    default:
      if (value === null || value === undefined) return 'nothing';
      return Array.isArray(value) ? 'a list' : 'a mapping';
  }
}

/** `not …` at the end of a message about a value of the wrong type. */
export function notThis(value: unknown): string {
  return typeof value === 'number' ? `not the number ${value}` : `not ${show(value)}`;
}

/** `a`, `a or b`, `a, b or c`. */
export function either(words: readonly string[], conjunction: 'or' | 'and' = 'or'): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}

/** Control characters, line separators and those that turn the direction of text, as `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function shorten(text: string): string {
  const characters = Array.from(text.slice(0, 4 * longest));
  return characters.length > longest ? `${characters.slice(0, longest).join('')}…` : text;
}

function withoutCredentials(text: string): string {
  return text.replace(/\b(https?:\/\/)[^/@\s]*@/gu, '$1***@');
}
