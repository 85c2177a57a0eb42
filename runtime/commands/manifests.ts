import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';
import { setEnvironment } from '../manifests/environment.ts';
import { ManifestError } from '../manifests/errors.ts';
import { parseImageArgument } from '../manifests/image-reference.ts';
import { readImages, setImages } from '../manifests/kustomization.ts';
import { interpretValue, parseAssignment, setPath } from '../manifests/path.ts';
import type { EditResult } from '../manifests/yaml-text.ts';
import { UsageError } from './errors.ts';
import { findKustomization, readTextFile, replaceTextFile } from './files.ts';

type Output = 'table' | 'json' | 'yaml';

interface EditOptions {
  readonly dryRun?: boolean;
  readonly output: Output;
}

interface FileOptions extends EditOptions {
  readonly file: string;
  readonly kind?: string;
  readonly name?: string;
  readonly container?: string;
}

/** `slipway manifests`: edits of YAML files that leave every other byte as it is. */
export function manifestsCommand(): Command {
  const group = new Command('manifests').description(
    'edit kustomizations and other YAML; comments, order and quoting stay as they are',
  );
  group.addCommand(setImageCommand());
  group.addCommand(setEnvCommand());
  group.addCommand(setCommand());
  return group;
}

function setImageCommand(): Command {
  return withOutput(new Command('set-image'))
    .description('set names, tags and digests under `images:`, as `kustomize edit set image` means it')
    .argument('<images...>', 'NAME=NEW[:TAG][@DIGEST], NAME:TAG or NAME@DIGEST; * keeps what the entry has')
    .option('--dir <folder>', 'folder of the kustomization', '.')
    .addHelpText(
      'after',
      `
Examples:
  $ slipway manifests set-image centraldashboard=gcr.io/kubeflow/centraldashboard:v1.2-g0123456789ab
  $ slipway manifests set-image --dir profiles/base kfam:v1.3 'proxy=*@sha256:…'
  $ slipway manifests set-image --dry-run a=registry.example.com/a:v2 b=registry.example.com/b:v2`,
    )
    .action(async (args: string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<EditOptions & { dir: string }>();
      const overrides = collect(args, parseImageArgument);
      const path = await findKustomization(options.dir);
      await edit(path, options, (text) => {
        for (const { name } of overrides) warnOfNewName(text, path, name);
        return setImages(text, overrides, path);
      });
    });
}

function setEnvCommand(): Command {
  return withFile(new Command('set-env'))
    .description('set environment values of containers, config map generators or .env files')
    .argument('<values...>', 'NAME=VALUE')
    .option('--container <name>', 'the container of this name')
    .addHelpText(
      'after',
      `
Examples:
  $ slipway manifests set-env V2_DRIVER_IMAGE=gcr.io/kubeflow/driver:v2 --file apiserver.yaml --container api-server
  $ slipway manifests set-env LOG_LEVEL=debug --file all.yaml --kind Deployment --name kfam
  $ slipway manifests set-env userid-header=x-user --file params.env`,
    )
    .action(async (args: string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions>();
      const values = collect(args, parseVariable);
      await edit(options.file, options, (text) =>
        inTurn(text, values, (current, { variable, value }) =>
          setEnvironment(current, variable, value, selection(options)),
        ),
      );
    });
}

function setCommand(): Command {
  return withFile(new Command('set'))
    .description('set any value of a YAML file by its path')
    .argument('<values...>', 'PATH=VALUE')
    .addHelpText(
      'after',
      `
Paths:
  spec.replicas                      keys; data["a.b/c"] where a key holds dots
  images[0].newTag                   an item by its index
  containers[name=manager].image     the item whose name is manager
A VALUE is text where text stood; elsewhere what YAML reads: 3, true, null, "3".

Examples:
  $ slipway manifests set spec.replicas=3 --file deployment.yaml
  $ slipway manifests set 'spec.template.spec.containers[name=manager].image=gcr.io/a/b:v2' \\
      --file all.yaml --kind Deployment --name controller`,
    )
    .action(async (args: string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions>();
      const values = collect(args, parseAssignment);
      await edit(options.file, options, (text) =>
        inTurn(text, values, (current, { path, value }) =>
          setPath(current, path, (old) => interpretValue(value, old), selection(options)),
        ),
      );
    });
}

function withOutput(command: Command): Command {
  return command
    .option('--dry-run', 'print the difference and write nothing')
    .addOption(
      new Option('-o, --output <format>', 'how to say what changed')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    );
}

function withFile(command: Command): Command {
  return withOutput(command)
    .requiredOption('--file <path>', 'the file to edit')
    .option('--kind <kind>', 'only in objects of this kind')
    .option('--name <name>', 'only in objects (or config map generators) of this name');
}

/** Reads, edits, and writes what changed. */
async function edit(path: string, options: EditOptions, change: (text: string) => EditResult): Promise<void> {
  const file = await readTextFile(path);
  const result = asUsage(() => change(file.text));
  const changed = result.text !== file.text;
  if (changed && options.dryRun !== true) await replaceTextFile(file, result.text);
  report(path, file.text, result, options);
}

function report(path: string, before: string, { text, changes }: EditResult, options: EditOptions): void {
  const { output } = options;
  const dryRun = options.dryRun === true;
  const named = path.replace(/^\/+/, '');
  const diff =
    dryRun && text !== before ? createTwoFilesPatch(`a/${named}`, `b/${named}`, before, text) : undefined;
  if (output !== 'table') {
    const summary = {
      file: path,
      changed: text !== before,
      dryRun,
      changes,
      ...(diff === undefined ? {} : { diff }),
    };
    print(output === 'json' ? `${JSON.stringify(summary, undefined, 2)}\n` : stringify(summary));
  } else if (text === before) {
    print(`${path}: already up to date\n`);
  } else if (diff !== undefined) {
    print(colourDiff(diff));
  } else {
    for (const one of changes) {
      print(`${path}:${one.line}: ${one.path}: ${show(one.before)} → ${show(one.after)}\n`);
    }
  }
}

function colourDiff(diff: string): string {
  const colours = [
    [/^(?:\+\+\+|---|=+$)/, 'bold'],
    [/^@@/, 'cyan'],
    [/^\+/, 'green'],
    [/^-/, 'red'],
  ] as const;
  return diff
    .split('\n')
    .filter((line) => !/^=+$/.test(line))
    .map((line) => {
      const colour = colours.find(([pattern]) => pattern.test(line))?.[1];
      return colour === undefined ? line : styleText(colour, line, { stream: process.stdout });
    })
    .join('\n');
}

function show(value: unknown): string {
  if (value === undefined) return styleText('dim', '(none)', { stream: process.stdout });
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function print(text: string): void {
  process.stdout.write(text);
}

/** An entry that renames to the very image would be the one that was meant. */
function warnOfNewName(text: string, file: string, name: string): void {
  const entries = asUsage(() => readImages(text, file));
  if (entries.some((entry) => entry.name === name)) return;
  const renamed = entries.find((entry) => entry.current.name === name);
  if (renamed === undefined) return;
  process.stderr.write(
    `${file}:${renamed.line}: warning: \`${name}\` is the newName of the entry \`${renamed.name}\`; an entry of its own ` +
      `is added. To change that one, write ${renamed.name}=${name}…\n`,
  );
}

function parseVariable(argument: string): { variable: string; value: string } {
  const equals = argument.indexOf('=');
  if (equals < 1) throw new ManifestError(argument, 'is not NAME=VALUE');
  return { variable: argument.slice(0, equals), value: argument.slice(equals + 1) };
}

function selection({ file, kind, name, container }: FileOptions) {
  return {
    file,
    ...(kind === undefined ? {} : { kind }),
    ...(name === undefined ? {} : { name }),
    ...(container === undefined ? {} : { container }),
  };
}

/** One edit after another on the same text. */
function inTurn<T>(
  text: string,
  items: readonly T[],
  change: (text: string, item: T) => EditResult,
): EditResult {
  return items.reduce<EditResult>(
    (current, item) => {
      const next = change(current.text, item);
      return { text: next.text, changes: [...current.changes, ...next.changes] };
    },
    { text, changes: [] },
  );
}

/** Parses every argument, so that all the wrong ones are told at once. */
function collect<T>(args: readonly string[], parse: (argument: string) => T): T[] {
  const problems: string[] = [];
  const parsed = args.flatMap((argument) => {
    try {
      return [parse(argument)];
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
  return parsed;
}

function asUsage<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ManifestError) throw new UsageError(error.message);
    throw error;
  }
}
