import type { Scalar } from 'yaml';
import { isScalar, parseDocument } from 'yaml';

export type ScalarValue = string | number | boolean | null;

/** The scalar that is to be replaced, or an example to follow for a new one. */
export interface ScalarStyle {
  readonly type: Scalar.Type | undefined;
  /** Its bytes, for block scalars with header and line ends. */
  readonly source: string;
  /** Inside `{}` or `[]`, where `,` and brackets end a plain scalar. */
  readonly flow: boolean;
  readonly eol: string;
}

/** All that YAML allows unescaped on one line, less what some parser takes for a line break. */
const PRINTABLE = /^[\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u;

/**
 * The ways to write `value`, best first: in the style of the old scalar where the value permits, otherwise quoted.
 * The caller takes the first that reads back as `value` in its place.
 */
export function renderings(value: ScalarValue, style: ScalarStyle): string[] {
  if (typeof value !== 'string') return [withTail(renderPrimitive(value), style)];
  const quoted =
    style.type === 'QUOTE_SINGLE' ? [singleQuoted(value), doubleQuoted(value)] : preferDouble(value);
  const styled: (string | undefined)[] = [];
  if (style.type === 'PLAIN' || style.type === undefined) styled.push(plain(value, style.flow));
  if (style.type === 'BLOCK_LITERAL' || style.type === 'BLOCK_FOLDED') styled.push(block(value, style));
  const flowScalars = quoted.filter((one) => one !== undefined).map((one) => withTail(one, style));
  return [...styled.filter((one) => one !== undefined), ...flowScalars];
}

/** A plain scalar that YAML 1.1 (which Go tools read) and YAML 1.2 both take for this very string. */
export function isPlainString(value: string, flow: boolean): boolean {
  if (value === '' || !PRINTABLE.test(value) || value.trim() !== value) return false;
  if (flow && /[,[\]{}]/.test(value)) return false;
  // Go skips underscores in numbers wherever they stand: `1_0e5`.
  if (!Number.isNaN(Number(value.replaceAll('_', '') || 'none'))) return false;
  return (['1.1', '1.2'] as const).every((version) => {
    const document = parseDocument(value, { version, prettyErrors: false, logLevel: 'silent' });
    const { contents } = document;
    return (
      document.errors.length === 0 &&
      document.comment === null &&
      isScalar(contents) &&
      contents.type === 'PLAIN' &&
      contents.tag === undefined &&
      contents.value === value
    );
  });
}

function renderPrimitive(value: number | boolean | null): string {
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  return Object.is(value, -0) ? '-0.0' : String(value);
}

function plain(value: string, flow: boolean): string | undefined {
  return isPlainString(value, flow) ? value : undefined;
}

function singleQuoted(value: string): string | undefined {
  return PRINTABLE.test(value) ? `'${value.replaceAll("'", "''")}'` : undefined;
}

function doubleQuoted(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function preferDouble(value: string): (string | undefined)[] {
  const both = [doubleQuoted(value), singleQuoted(value)];
  return /["\\]/.test(value) && PRINTABLE.test(value) ? both.reverse() : both;
}

/** A block scalar ends with its line break; what stands in its place must too. */
function withTail(rendered: string, style: ScalarStyle): string {
  const isBlock = style.type === 'BLOCK_LITERAL' || style.type === 'BLOCK_FOLDED';
  return isBlock && style.source.endsWith('\n') ? rendered + style.eol : rendered;
}

function block(value: string, { source, eol }: ScalarStyle): string | undefined {
  const header = /^([|>])([-+]?)([ \t]*(?:#[^\r\n]*)?)\r?\n/.exec(source);
  const indent = /\n( +)\S/.exec(source)?.[1];
  const content = value.replace(/\n+$/, '');
  if (header === null || indent === undefined || content === '' || /^[ \n]/.test(content)) return undefined;
  const lines = content.split('\n');
  if (!lines.every((line) => PRINTABLE.test(line) && (line === '' || line.trim() !== ''))) return undefined;
  const folded = header[1] === '>' && lines.length > 1;
  const breaks = value.length - content.length;
  const body = lines.map((line) => (line === '' ? '' : indent + line)).join(eol);
  const chomping = breaks === 0 ? '-' : breaks === 1 ? '' : '+';
  const tail = breaks > 1 ? eol.repeat(breaks) : source.endsWith('\n') ? eol : '';
  return `${folded ? '|' : (header[1] ?? '|')}${chomping}${header[3] ?? ''}${eol}${body}${tail}`;
}
