import { posix } from 'node:path';
import { normalizeImageName, parseImage } from './image.ts';
import { copyWords, flagValues, isRemote, pair } from './instruction-words.ts';
import { heredocName, isKnownFrontend, parseInstructions } from './instructions.ts';
import type { Instruction } from './instructions.ts';
import { Variables } from './variables.ts';

/** Something that an instruction takes from the build context. */
export interface ContextSource {
  /** From the root of the context; '' for all of it. */
  readonly path: string;
  /** Whether `*`, `?` and `[` in it are wildcards. */
  readonly wildcards: boolean;
  readonly instruction: 'ADD' | 'COPY' | 'RUN';
  /** Counted from 1. */
  readonly line: number;
}

/** An image that the build reads: `FROM`, `COPY --from`, `RUN --mount=from=`. */
export interface ImageUse {
  /** As in the file, variables put in as far as they are known. */
  readonly reference: string;
  /** Normalized, for comparison; undefined where the reference could not be read. */
  readonly name: string | undefined;
  readonly instruction: string;
  readonly line: number;
}

export interface Stage {
  readonly name: string | undefined;
  /** Index of the stage, or the image, that it starts from; undefined for `scratch`. */
  readonly base: number | ImageUse | undefined;
}

export type DockerfileReading = {
  readonly stages: readonly Stage[];
  /** Of all stages up to the target, without `scratch`. */
  readonly external: readonly ImageUse[];
  /** `ONBUILD` instructions that an image on top of the target would run. */
  readonly triggers: readonly string[];
} & (
  | { readonly provable: true; readonly sources: readonly ContextSource[] }
  /** Nobody can say from the text what the build reads. */
  | { readonly provable: false; readonly reason: string }
);

export interface DockerfileOptions {
  /** Name or index of the stage to build. @default the last one */
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** `os/arch[/variant]`: gives `TARGETARCH` and the like their values. */
  readonly platform?: string;
  /** `ONBUILD` triggers of images that we know, by normalized name. Other images are taken to have none. */
  readonly triggers?: ReadonlyMap<string, readonly string[]>;
}

/**
 * What a Dockerfile reads from its context and which images it uses, as far as its text proves it.
 * All stages up to the target count: BuildKit leaves out those that the target does not need, kaniko and buildah may
 * not. An `ONBUILD` counts as if it ran in its own stage too. What narrows a `COPY` (`--exclude`) is left out.
 * A value given to an `ARG` is believed, though a base image that sets the same name would win.
 */
export function readDockerfile(text: string, options: DockerfileOptions = {}): DockerfileReading {
  const parsed = parseInstructions(text);
  if (parsed.problem !== undefined)
    return { provable: false, reason: parsed.problem, stages: [], external: [], triggers: [] };
  const frontend = options.buildArgs?.['BUILDKIT_SYNTAX'];
  const reader = new Reader(parsed.escape, options);
  if (frontend !== undefined && !isKnownFrontend(frontend))
    reader.refuse(`the build argument BUILDKIT_SYNTAX=${frontend} may give instructions another meaning`);
  for (const instruction of parsed.instructions) {
    if (instruction.keyword === 'FROM' && reader.isPastTarget()) break;
    reader.read(instruction);
  }
  return reader.reading();
}

const copyFlags = new Set(['from', 'chown', 'chmod', 'link', 'parents', 'exclude']);
const addFlags = new Set(['chown', 'chmod', 'link', 'exclude', 'keep-git-dir', 'checksum', 'unpack']);
const runFlags = new Set(['mount', 'network', 'security', 'device']);
/** Mounts that start empty or hold what is no part of the context. */
const otherMounts = new Set(['cache', 'tmpfs', 'secret', 'ssh']);

class Reader {
  readonly #options: DockerfileOptions;
  readonly #global: Variables;
  readonly #stages: (Stage & { readonly variables: Variables; readonly triggers: string[] })[] = [];
  readonly #sources: ContextSource[] = [];
  readonly #external: ImageUse[] = [];
  #refusal: string | undefined;

  constructor(escape: string, options: DockerfileOptions) {
    this.#options = options;
    this.#global = Variables.global(escape, options.buildArgs ?? {}, options.platform);
  }

  /** The first reason is kept: it is the one to cure first. */
  refuse(reason: string): void {
    this.#refusal ??= reason;
  }

  isPastTarget(): boolean {
    return this.#options.target !== undefined && this.#targetIndex() !== undefined;
  }

  reading(): DockerfileReading {
    if (this.#stages.length === 0) this.refuse('it has no FROM');
    const { target } = this.#options;
    if (target !== undefined && this.#targetIndex() === undefined)
      this.refuse(`it has no stage ${JSON.stringify(target)}`);
    const common = {
      stages: this.#stages.map(({ name, base }) => ({ name, base })),
      external: this.#external,
      triggers: this.#stages.at(-1)?.triggers ?? [],
    };
    return this.#refusal === undefined
      ? { provable: true, sources: this.#sources, ...common }
      : { provable: false, reason: this.#refusal, ...common };
  }

  read(instruction: Instruction): void {
    const { keyword } = instruction;
    const stage = this.#stages.at(-1);
    if (keyword === 'FROM') {
      this.#from(instruction);
      return;
    }
    if (stage === undefined) {
      if (keyword === 'ARG') this.#global.arg(instruction);
      else this.refuse(`line ${instruction.line}: ${keyword} stands in front of the first FROM`);
      return;
    }
    if (keyword === 'ARG') stage.variables.arg(instruction);
    else if (keyword === 'ENV') stage.variables.env(instruction);
    else if (keyword === 'COPY' || keyword === 'ADD') this.#copy(instruction, keyword, stage.variables);
    else if (keyword === 'RUN') this.#run(instruction, stage.variables);
    else if (keyword === 'ONBUILD') {
      stage.triggers.push(instruction.arguments);
      this.#trigger(instruction.arguments, instruction.line);
    }
  }

  #from(instruction: Instruction): void {
    const [word = '', as, alias] = instruction.arguments.split(/\s+/u);
    if (word === '') this.refuse(`line ${instruction.line}: FROM names no image`);
    const name = as?.toLowerCase() === 'as' ? alias?.toLowerCase() : undefined;
    const expansion = this.#global.expand(word);
    const reference = expansion.problem === undefined ? expansion.text : word;
    const parent = this.#stageIndex(reference, false);
    const base = parent ?? this.#image(reference, expansion.problem === undefined, instruction);
    const inherited = parent === undefined ? undefined : this.#stages[parent];
    this.#stages.push({
      name,
      base,
      variables: inherited?.variables.child() ?? this.#global.stage(),
      triggers: [],
    });
    const known = typeof base === 'object' && base.name !== undefined ? base.name : '';
    for (const trigger of this.#options.triggers?.get(known) ?? []) this.#trigger(trigger, instruction.line);
  }

  #image(reference: string, isKnown: boolean, { keyword, line }: Instruction): ImageUse | undefined {
    if (reference === 'scratch') return undefined;
    const use = { reference, name: isKnown ? imageName(reference) : undefined, instruction: keyword, line };
    this.#external.push(use);
    return use;
  }

  #trigger(text: string, line: number): void {
    // A trigger has the grammar of an instruction; FROM, ONBUILD and MAINTAINER are none.
    const parsed = parseInstructions(text);
    const [instruction] = parsed.problem === undefined ? parsed.instructions : [];
    if (instruction === undefined || /^(?:FROM|ONBUILD)$/u.test(instruction.keyword))
      this.refuse(`line ${line}: cannot read the ONBUILD trigger ${JSON.stringify(text)}`);
    else this.read({ ...instruction, line });
  }

  #copy(instruction: Instruction, keyword: 'COPY' | 'ADD', variables: Variables): void {
    if (this.#hasUnknownFlag(instruction, keyword === 'COPY' ? copyFlags : addFlags)) return;
    const from = flagValues(instruction, 'from')[0];
    if (from !== undefined) {
      this.#usedImage(from, instruction, variables);
      return;
    }
    const words = copyWords(instruction.arguments);
    if (words.length < 2) {
      this.refuse(`line ${instruction.line}: ${keyword} has no source or destination`);
      return;
    }
    for (const word of words.slice(0, -1)) {
      if (instruction.heredocs.includes(heredocName(word) ?? '')) continue;
      const expansion = variables.expand(word);
      if (expansion.problem !== undefined)
        this.refuse(`line ${instruction.line}: ${keyword} ${word}: ${expansion.problem}`);
      else if (keyword === 'COPY' || !isRemote(expansion.text))
        this.#source(expansion.text, /[*?[]/u.test(expansion.text), keyword, instruction.line);
    }
  }

  #run(instruction: Instruction, variables: Variables): void {
    if (this.#hasUnknownFlag(instruction, runFlags)) return;
    for (const value of flagValues(instruction, 'mount')) this.#mount(value, instruction, variables);
  }

  #mount(value: string, instruction: Instruction, variables: Variables): void {
    const { line } = instruction;
    if (/["']/u.test(value)) {
      this.refuse(`line ${line}: cannot read --mount=${value}`);
      return;
    }
    const fields = new Map(value.split(',').map((field) => pair(field)));
    const type = fields.get('type') ?? 'bind';
    const from = fields.get('from');
    if (from !== undefined) {
      this.#usedImage(from, instruction, variables);
      return;
    }
    if (otherMounts.has(type)) return;
    if (type !== 'bind') {
      this.refuse(`line ${line}: unknown mount type ${JSON.stringify(type)}`);
      return;
    }
    const source = variables.expand(fields.get('source') ?? fields.get('src') ?? '');
    if (source.problem !== undefined) {
      this.refuse(`line ${line}: --mount=${value}: ${source.problem}`);
      return;
    }
    this.#source(source.text, false, 'RUN', line);
  }

  /** `--from`: a stage, its index, or an image; never the context. */
  #usedImage(from: string, instruction: Instruction, variables: Variables): void {
    const expansion = variables.expand(from);
    const reference = expansion.problem === undefined ? expansion.text : from;
    if (this.#stageIndex(reference, true) === undefined)
      this.#image(reference, expansion.problem === undefined, instruction);
  }

  #source(path: string, wildcards: boolean, instruction: ContextSource['instruction'], line: number): void {
    // As builders do: nothing leads out of the context.
    const inside = posix.normalize(`/${path}`).replace(/^\/+|\/+$/gu, '');
    this.#sources.push({ path: inside, wildcards, instruction, line });
  }

  #hasUnknownFlag(instruction: Instruction, known: ReadonlySet<string>): boolean {
    const unknown = instruction.flags.find((flag) => !known.has(flag.name));
    const unread = instruction.arguments.startsWith('--') ? instruction.arguments : undefined;
    const flag = unknown === undefined ? unread : `--${unknown.name}`;
    if (flag !== undefined)
      this.refuse(`line ${instruction.line}: unknown flag ${instruction.keyword} ${flag}`);
    return flag !== undefined;
  }

  #stageIndex(name: string, orIndex: boolean): number | undefined {
    const wanted = name.toLowerCase();
    const index = this.#stages.findLastIndex((stage) => stage.name === wanted);
    if (index >= 0) return index;
    return orIndex && /^\d+$/u.test(name) && Number(name) < this.#stages.length ? Number(name) : undefined;
  }

  #targetIndex(): number | undefined {
    return this.#stageIndex(this.#options.target ?? '', true);
  }
}

function imageName(reference: string): string | undefined {
  try {
    return normalizeImageName(parseImage(reference).name);
  } catch {
    return undefined;
  }
}
