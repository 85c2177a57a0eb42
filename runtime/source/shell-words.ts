/** What a variable of a Dockerfile holds. */
export type Value =
  | { readonly kind: 'set'; readonly text: string }
  /** Declared without a value. */
  | { readonly kind: 'unset' }
  /** Known only to the build; `why` completes "$NAME …". */
  | { readonly kind: 'unknown'; readonly why: string };

export type Expansion =
  | { readonly text: string; readonly problem?: undefined }
  /** Why nobody can say before the build. */
  | { readonly problem: string };

export interface ExpansionRules {
  readonly lookup: (name: string) => Value;
  /** Backslash, or the one of `# escape=`. */
  readonly escape: string;
}

/** Doubling variables would otherwise fill the memory. */
const longestText = 4096;

/** Splits at white space outside of quotes, as `ENV` and `ARG` do. Quotes and escapes stay. */
export function splitWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === escape && quote !== "'") {
      word += character + text.charAt(index + 1);
      index++;
    } else if (quote === '' && /\s/u.test(character)) {
      if (word !== '') words.push(word);
      word = '';
    } else {
      if (quote === '' && (character === '"' || character === "'")) quote = character;
      else if (character === quote) quote = '';
      word += character;
    }
  }
  return word === '' ? words : [...words, word];
}

/** Takes quotes and escapes away and puts variables in, as Docker's shell lexer does. */
export function expand(word: string, rules: ExpansionRules): Expansion {
  let text = '';
  let quote = '';
  for (let index = 0; index < word.length; index++) {
    const character = word.charAt(index);
    if (character === rules.escape && quote !== "'") {
      const next = word.charAt(index + 1);
      const escapes = quote === '' || next === '"' || next === '$' || next === rules.escape;
      text += escapes ? next : character + next;
      index++;
    } else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === '$' && quote !== "'") {
      const variable = readVariable(word, index);
      if (variable === undefined)
        return { problem: `${JSON.stringify(word)} has a substitution that only builders know` };
      const value = substitute(variable, rules);
      if (value.problem !== undefined) return value;
      text += value.text;
      index += variable.length - 1;
    } else text += character;
    if (text.length > longestText) return { problem: `a value is longer than ${longestText} characters` };
  }
  return quote === '' ? { text } : { problem: `${JSON.stringify(word)} has a quote that does not end` };
}

interface Variable {
  readonly name: string;
  /** `-`, `+` and `?`, with `:` in front where empty counts as unset; '' for a plain variable; '$' for a lone dollar. */
  readonly operator: string;
  readonly word: string;
  readonly length: number;
}

function readVariable(text: string, start: number): Variable | undefined {
  const rest = text.slice(start);
  const plain = /^\$([A-Za-z_]\w*)/u.exec(rest);
  if (plain !== null) return { name: plain[1] ?? '', operator: '', word: '', length: plain[0].length };
  if (!/^\$[{\d@*#?!$-]/u.test(rest)) return { name: '', operator: '$', word: '', length: 1 };
  const head = /^\$\{([A-Za-z_]\w*)(:?[-+?])?/u.exec(rest);
  if (head === null) return undefined;
  const end = closingBrace(rest, head[0].length);
  const [, name = '', operator = ''] = head;
  const word = rest.slice(head[0].length, end);
  if (end < 0 || (operator === '' && word !== '')) return undefined;
  return { name, operator, word, length: end + 1 };
}

function closingBrace(text: string, from: number): number {
  let depth = 0;
  for (let index = from; index < text.length; index++) {
    if (text.startsWith('${', index)) depth++;
    else if (text.charAt(index) === '}' && depth-- === 0) return index;
  }
  return -1;
}

function substitute({ name, operator, word }: Variable, rules: ExpansionRules): Expansion {
  if (operator === '$') return { text: '$' };
  const value = rules.lookup(name);
  if (value.kind === 'unknown') return { problem: `$${name} ${value.why}` };
  const isEmpty = value.kind === 'unset' || (operator.startsWith(':') && value.text === '');
  if (operator.endsWith('-') && isEmpty) return expand(word, rules);
  if (operator.endsWith('+')) return isEmpty ? { text: '' } : expand(word, rules);
  return value.kind === 'set' && (operator === '' || !isEmpty)
    ? { text: value.text }
    : { problem: `$${name} has no value` };
}
