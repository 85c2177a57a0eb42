import { DockerfileParser } from 'dockerfile-ast';
import type { Instruction as AstInstruction } from 'dockerfile-ast';
import { splitWords } from './shell-words.ts';

/** One instruction of a Dockerfile: comments, line continuations and here-documents taken out. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string;
  /** `--name=value` in front of the arguments; value '' for a bare `--name`. */
  readonly flags: readonly { readonly name: string; readonly value: string }[];
  readonly arguments: string;
  /** Counted from 1. */
  readonly line: number;
  /** Here-documents that belong to it, by name. */
  readonly heredocs: readonly string[];
}

export type ParsedDockerfile =
  | {
      readonly instructions: readonly Instruction[];
      readonly escape: string;
      readonly problem?: undefined;
    }
  | { readonly problem: string };

/** The parser takes time that grows faster than the text, and the text may be anybody's. */
const longestDockerfile = 128 * 1024;

const keywords = new Set(
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' ',
  ),
);

const mayHaveHeredocs = new Set(['ADD', 'COPY', 'RUN']);

const knownFrontend = /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$/u;

/** Whether a `# syntax=` frontend reads Dockerfiles as we do. */
export function isKnownFrontend(image: string): boolean {
  return knownFrontend.test(image.trim());
}

export function parseInstructions(text: string): ParsedDockerfile {
  if (text.length > longestDockerfile)
    return { problem: `it is longer than ${longestDockerfile / 1024} KiB` };
  const content = text.replace(/^\uFEFF/u, '').replace(/\r\n/gu, '\n');
  const document = DockerfileParser.parse(content);
  const frontend = document.getDirectives().find((one) => one.getName().toLowerCase() === 'syntax');
  if (frontend !== undefined && !isKnownFrontend(frontend.getValue()))
    return { problem: `its "# syntax=${frontend.getValue()}" may give instructions another meaning` };
  const escape = document.getEscapeCharacter();
  const lines = content.split('\n');
  const instructions: Instruction[] = [];
  for (const parsed of document.getInstructions()) {
    const instruction = readInstruction(parsed, lines, escape);
    if (instruction.problem !== undefined) return instruction;
    instructions.push(instruction);
  }
  return { instructions, escape };
}

type ReadInstruction = (Instruction & { readonly problem?: undefined }) | { readonly problem: string };

function readInstruction(parsed: AstInstruction, lines: readonly string[], escape: string): ReadInstruction {
  const { start, end } = parsed.getRange();
  const line = start.line + 1;
  const heredocs = heredocsOf(parsed);
  for (const heredoc of heredocs) {
    if (heredoc.end === undefined)
      return { problem: `line ${line}: here-document ${heredoc.name} does not end` };
  }
  const bodies = heredocs.length === 0 ? end.line + 1 : bodyStart(lines, start.line, escape);
  const header = lines.slice(start.line, bodies);
  if (header.some((one) => one.trimEnd().endsWith(escape + escape)))
    return {
      problem: `line ${line}: builders disagree on whether ${escape}${escape} at the end continues a line`,
    };
  const text = logicalLine(header, escape);
  const [, word = '', rest = ''] = /^\s*(\S+)\s*(.*)$/su.exec(text) ?? [];
  const keyword = word.toUpperCase();
  if (!keywords.has(keyword)) return { problem: `line ${line}: unknown instruction ${JSON.stringify(word)}` };
  // What a builder does not take for a here-document it would read as instructions.
  const begun = mayHaveHeredocs.has(keyword) ? splitWords(rest, escape).map(heredocName) : [];
  if (heredocs.some(({ name }) => !begun.includes(name)))
    return { problem: `line ${line}: unclear whether "<<" begins a here-document` };
  return { keyword, line, heredocs: heredocs.map(({ name }) => name), ...splitFlags(rest) };
}

function heredocsOf(parsed: AstInstruction): { readonly name: string; readonly end: number | undefined }[] {
  // Every instruction has the method; the types show it on some only.
  const holder = parsed as unknown as { getHeredocs(): AstHeredoc[] };
  return holder.getHeredocs().map((heredoc) => ({
    name: heredoc.getName(),
    end: heredoc.getDelimiterRange()?.start.line,
  }));
}

interface AstHeredoc {
  getName(): string;
  getDelimiterRange(): { readonly start: { readonly line: number } } | null;
}

/** The name of the here-document that a word begins. */
export function heredocName(word: string): string | undefined {
  return /^\d*<<-?(["']?)([^<"'\s]+)\1$/u.exec(word)?.[2];
}

/** The first line that does not continue the one before. */
function bodyStart(lines: readonly string[], first: number, escape: string): number {
  let line = first;
  while (continues(lines[line] ?? '', escape)) line++;
  return line + 1;
}

function continues(line: string, escape: string): boolean {
  return line.trimEnd().endsWith(escape);
}

function logicalLine(lines: readonly string[], escape: string): string {
  return lines
    .filter((line, index) => index === 0 || !/^\s*(?:#|$)/u.test(line))
    .map((line) => (continues(line, escape) ? line.trimEnd().slice(0, -1) : line))
    .join('')
    .trim();
}

function splitFlags(text: string): Pick<Instruction, 'flags' | 'arguments'> {
  const flags: { name: string; value: string }[] = [];
  let rest = text;
  for (;;) {
    const [whole, name, value = ''] =
      /^--([\w-]+)(?:=((?:"[^"]*"|'[^']*'|[^\s"'])*))?(?:\s+|$)/u.exec(rest) ?? [];
    if (whole === undefined || name === undefined) return { flags, arguments: rest };
    flags.push({ name, value });
    rest = rest.slice(whole.length);
  }
}
