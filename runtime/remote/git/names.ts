import { PortError } from '../../ports/errors.ts';

/** Refuses what git itself would refuse, before it reaches a command line. */

const HEX = /^[0-9a-f]+$/;

export function isOid(text: string): boolean {
  return (text.length === 40 || text.length === 64) && HEX.test(text);
}

export function checkOid(oid: string): string {
  if (!isOid(oid)) throw invalid(oid, `"${printable(oid)}" is not a full object id`);
  return oid;
}

/** Git's own rules (git help check-ref-format) for a full name. */
export function isRefName(ref: string): boolean {
  return (
    ref.startsWith('refs/') &&
    !hasControl(ref) &&
    !/[ ~^:?*[\\]|\.\.|@\{|\/\/|[/.]$/.test(ref) &&
    ref.split('/').length > 2 &&
    ref.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
  );
}

export function checkRef(ref: string): string {
  if (!isRefName(ref)) throw invalid(ref, `"${printable(ref)}" is not a full ref name, like refs/heads/main`);
  return ref;
}

/** A full ref name; a trailing `*` stands for any rest. */
export function checkPattern(pattern: string): string {
  const name = pattern.endsWith('*') ? `${pattern.slice(0, -1)}x/x` : pattern;
  if (!isRefName(name)) throw invalid(pattern, `"${printable(pattern)}" is not a pattern of full ref names`);
  return pattern;
}

export function matchesPattern(ref: string, pattern: string): boolean {
  return pattern.endsWith('*') ? ref.startsWith(pattern.slice(0, -1)) : ref === pattern;
}

/** A path below the root of a repository: `/` between segments, none of them empty, `.`, `..` or `.git`. */
export function checkPath(path: string): string {
  if (path.includes('\0') || !path.split('/').every(isFileName))
    throw invalid(path, `"${printable(path)}" is not a path inside a repository`);
  return path;
}

/** What git accepts as the name of one entry of a tree that it would check out. */
export function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.toLowerCase() !== '.git' && !name.includes('/');
}

export function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** The text without control characters, fit for a message of one line. */
export function printable(text: string): string {
  return Array.from(text, (character) => (hasControl(character) ? ' ' : character))
    .join('')
    .slice(0, 200);
}

function invalid(subject: string, message: string): PortError {
  return new PortError('invalid', printable(subject), message);
}
