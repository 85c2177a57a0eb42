import type { Command } from 'commander';

/** What may follow: words of a list, the name of a file or folder, or something that only the person knows. */
export type Completed = readonly string[] | 'file' | 'free';

export interface CompletedOption {
  /** `--output`. */
  readonly long: string | undefined;
  /** `-o`. */
  readonly short: string | undefined;
  readonly description: string;
  /** Undefined for a switch. */
  readonly value: Completed | undefined;
}

export interface CompletedCommand {
  /** From the program on: `['delivery', 'plan']`; empty is the program itself. */
  readonly path: readonly string[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** Of the first argument; undefined when it takes none. */
  readonly argument: Completed | undefined;
}

/** Every command of the program with the words that may follow it, the program first. */
export function completedCommands(program: Command): readonly CompletedCommand[] {
  return visit(program, []);
}

function visit(command: Command, path: readonly string[]): readonly CompletedCommand[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const [argument] = command.registeredArguments;
  const own: CompletedCommand = {
    path,
    commands: children.map((child) => ({
      name: child.name(),
      description: child.summary() || child.description(),
    })),
    options: help.visibleOptions(command).map((option) => ({
      long: option.long,
      short: option.short,
      description: option.description,
      value: option.required || option.optional ? completed(option.argChoices, option.flags) : undefined,
    })),
    argument: argument && completed(argument.argChoices, argument.name()),
  };
  return [own, ...children.flatMap((child) => visit(child, [...path, child.name()]))];
}

/** @param usage `--config <location>`, `dir` */
function completed(choices: readonly string[] | undefined, usage: string): Completed {
  if (choices) return choices;
  const placeholder = /[<[]([\w-]+)[^<[]*$/.exec(usage)?.[1] ?? usage;
  return /^(file|path|folder|dir|directory|location)$/.test(placeholder) ? 'file' : 'free';
}
