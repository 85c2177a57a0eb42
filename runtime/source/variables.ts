import type { Instruction } from './instructions.ts';
import { expand, splitWords } from './shell-words.ts';
import type { Expansion, Value } from './shell-words.ts';

const unset: Value = { kind: 'unset' };
const undeclared: Value = { kind: 'unknown', why: 'is not declared here, and the base image may set it' };

/** A name that stands for the commit being built: the tag of every build would be another. */
export const commitPlaceholder = '${commit}';

/** What `ARG` and `ENV` have made known so far, in front of the first `FROM` or in a stage. */
export class Variables {
  readonly #args: Map<string, Value>;
  readonly #environment: Map<string, Value>;
  readonly #given: ReadonlyMap<string, Value>;
  readonly #global: Variables | undefined;
  readonly #escape: string;

  private constructor(state: {
    args: Map<string, Value>;
    environment: Map<string, Value>;
    given: ReadonlyMap<string, Value>;
    global: Variables | undefined;
    escape: string;
  }) {
    this.#args = state.args;
    this.#environment = state.environment;
    this.#given = state.given;
    this.#global = state.global;
    this.#escape = state.escape;
  }

  /** For what stands in front of the first `FROM`. */
  static global(
    escape: string,
    buildArgs: Readonly<Record<string, string>>,
    platform: string | undefined,
  ): Variables {
    const platformArgs = platformVariables(platform);
    const given = new Map<string, Value>(platformArgs);
    for (const [name, text] of Object.entries(buildArgs))
      given.set(
        name,
        text.includes(commitPlaceholder)
          ? { kind: 'unknown', why: 'changes with every commit' }
          : { kind: 'set', text },
      );
    return new Variables({
      args: new Map(platformArgs),
      environment: new Map(),
      given,
      global: undefined,
      escape,
    });
  }

  /** For a stage on an image: sees nothing but what it declares. */
  stage(): Variables {
    return new Variables({
      args: new Map(),
      environment: new Map(),
      given: this.#given,
      global: this,
      escape: this.#escape,
    });
  }

  /** For a stage on this stage. */
  child(): Variables {
    return new Variables({
      args: new Map(this.#args),
      environment: new Map(this.#environment),
      given: this.#given,
      global: this.#global,
      escape: this.#escape,
    });
  }

  expand(word: string): Expansion {
    return expand(word, { escape: this.#escape, lookup: (name) => this.#lookup(name) });
  }

  arg(instruction: Instruction): void {
    for (const word of splitWords(instruction.arguments, this.#escape)) {
      const [name, text] = assignment(word);
      this.#args.set(
        name,
        this.#given.get(name) ?? (text === undefined ? this.#inherited(name) : this.#evaluate(text)),
      );
    }
  }

  env(instruction: Instruction): void {
    const words = splitWords(instruction.arguments, this.#escape);
    const [first = ''] = words;
    const assignments = first.includes('=') ? words.map(assignment) : [spaced(instruction.arguments)];
    // All of one instruction see what held before it.
    const values = assignments.map(([name, text]) => [name, this.#evaluate(text ?? '')] as const);
    for (const [name, value] of values) this.#environment.set(name, value);
  }

  /** `ARG name` in a stage takes over what stands in front of the first `FROM`. */
  #inherited(name: string): Value {
    return this.#global === undefined ? unset : (this.#global.#args.get(name) ?? unset);
  }

  #lookup(name: string): Value {
    const value = this.#environment.get(name) ?? this.#args.get(name);
    if (value !== undefined) return value;
    // No image stands behind the lines in front of the first FROM.
    return this.#global === undefined ? unset : undeclared;
  }

  #evaluate(word: string): Value {
    const expansion = this.expand(word);
    return expansion.problem === undefined
      ? { kind: 'set', text: expansion.text }
      : { kind: 'unknown', why: `is not known before the build (${expansion.problem})` };
  }
}

function assignment(word: string): [string, string | undefined] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** `ENV name all the rest`. */
function spaced(text: string): [string, string] {
  const [, name = '', value = ''] = /^(\S+)\s*(.*)$/su.exec(text) ?? [];
  return [name, value];
}

/** The `TARGET…` variables that builders give. */
function platformVariables(platform: string | undefined): [string, Value][] {
  if (platform === undefined) {
    const why = 'depends on the platform, and no `platforms` are set';
    return ['TARGETPLATFORM', 'TARGETOS', 'TARGETARCH', 'TARGETVARIANT', ...buildPlatform].map((name) => [
      name,
      { kind: 'unknown', why },
    ]);
  }
  const [os = '', architecture = '', variant = ''] = platform.split('/');
  const target = {
    TARGETPLATFORM: platform,
    TARGETOS: os,
    TARGETARCH: architecture,
    TARGETVARIANT: variant,
  };
  return [
    ...Object.entries(target).map(([name, text]): [string, Value] => [name, { kind: 'set', text }]),
    ...buildPlatform.map((name): [string, Value] => [
      name,
      { kind: 'unknown', why: 'depends on the machine that builds' },
    ]),
  ];
}

const buildPlatform = ['BUILDPLATFORM', 'BUILDOS', 'BUILDARCH', 'BUILDVARIANT'];
