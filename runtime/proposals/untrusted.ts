/**
 * Text of a repository, made safe to stand in a pull request: bots act on lines that begin with `/`, forges notify on
 * `@` and link on `#`, and a fence must not be closed from inside.
 * Source: Prow runs commands that it finds in bodies with the author's rights.
 */
export function fenced(text: string, limit = 500): string {
  const lines = cut(visible(text), limit)
    .split('\n')
    .map((line) => line.replace(/^(\s*)([/@#])/, '$1\u200b$2'));
  const longest = Math.max(2, ...(lines.join('\n').match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${lines.join('\n')}\n${fence}`;
}

/** One line, for titles and commit subjects. */
export function oneLine(text: string, limit = 200): string {
  return cut(visible(text).replace(/\s+/g, ' ').trim(), limit);
}

/** A value inside a sentence or a table: code of one line, where nothing is linked and nobody is notified. */
export function code(text: string, limit = 200): string {
  const value = oneLine(text, limit).replaceAll('`', "'").replaceAll('|', '\u00a6');
  return value === '' ? '' : `\`${value}\``;
}

function visible(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?|[\u2028\u2029]/g, '\n')
      // Control and format characters (directions, zero width) can hide what a reviewer approves.
      .replace(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, '')
      // Our own marks are comments.
      .replaceAll('<!--', '<\u200b!--')
  );
}

export function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
