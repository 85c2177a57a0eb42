import { escapeControls } from './words.ts';

/** Where something stands. Lines and columns count from 1. */
export interface Position {
  /** Name of the file or address, or of the environment variable. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Position {
  /** `applications.katib.targets[0].image`; '' is the whole document. */
  readonly path: string;
  /** What is wrong, and why. Holds no secret. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** A message stays readable when a whole file is wrong in the same way. */
const shown = 100;

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  /** @param problems at least one; kept in the order of the file */
  constructor(problems: readonly Problem[]) {
    const sorted = inFileOrder(problems);
    const more = sorted.length - shown;
    const lines = sorted.slice(0, shown).map(formatProblem);
    super([...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'));
    this.name = 'ConfigError';
    this.problems = sorted;
  }

  override toString(): string {
    return this.message;
  }
}

/** `file:line:column path: message. remedy`, on one line. */
export function formatProblem(problem: Problem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  const what = problem.path === '' ? `${where}: ` : `${where} ${problem.path}: `;
  const remedy = problem.remedy === undefined ? '' : `. ${problem.remedy}`;
  return escapeControls(`${what}${problem.message}${remedy}`);
}

function inFileOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map((one) => one.file))];
  return problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
