import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';
import { stringify } from 'yaml';

export type OutputFormat = 'table' | 'json' | 'yaml';
export const outputFormats: readonly OutputFormat[] = ['table', 'json', 'yaml'];

/** Prints a value for a machine, or as `table` for a person. */
export function print(format: OutputFormat, value: unknown, table: () => string): void {
  switch (format) {
    case 'json':
      process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
      return;
    case 'yaml':
      process.stdout.write(stringify(value));
      return;
    case 'table':
      process.stdout.write(`${table()}\n`);
  }
}

type Colour = Parameters<typeof styleText>[0];

/** Colour on a terminal that wants it; plain text elsewhere. */
export function paint(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}

/** `1 pair`, `2 pairs`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** Columns without frames; the last one is wrapped to the width of the terminal. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = process.stdout.columns || 160;
  const plain = (text: string) => stripVTControlCharacters(text).length;
  const widths = head.map((title, index) =>
    Math.max(plain(title), ...rows.map((row) => plain(row[index] ?? ''))),
  );
  const used = widths.slice(0, -1).reduce((sum, one) => sum + one + 2, 0);
  const last = Math.max(20, Math.min(widths.at(-1) ?? 20, width - used - 1));
  const table = new Table({
    head: head.map((title) => paint('bold', title)),
    chars: Object.fromEntries(
      [
        'top',
        'top-mid',
        'top-left',
        'top-right',
        'bottom',
        'bottom-mid',
        'bottom-left',
        'bottom-right',
        'left',
        'left-mid',
        'mid',
        'mid-mid',
        'right',
        'right-mid',
      ]
        .map((key) => [key, ''])
        .concat([['middle', '  ']]),
    ) as Partial<Record<Table.CharName, string>>,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colWidths: [...widths.slice(0, -1), last],
    wordWrap: true,
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
