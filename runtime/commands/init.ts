import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { formatProblem } from '../config/errors.ts';
import { convertOriginal } from '../delivery/config/convert.ts';
import { parseDelivery } from '../delivery/config/parse.ts';
import { configOfImages, emptyConfig } from '../delivery/start-config.ts';
import { makeFolder } from '../ports/folder.ts';
import { forgeRepository } from '../source/repository.ts';
import { UsageError } from './errors.ts';
import { readTextFile } from './files.ts';
import { readCheckout } from './init-checkout.ts';
import { startedSettings } from './init-settings.ts';

interface Flags {
  readonly from?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** What a config begins with. */
interface Start {
  readonly config: string;
  /** Hosts of its repositories. */
  readonly hosts: readonly string[];
  /** What was found and has no place in it, one line each. */
  readonly warnings: readonly string[];
}

/** `slipway init`: starts a config. */
export function initCommand(): Command {
  return new Command('init')
    .description('start a config, also from existing kustomizations or an original applications.yaml')
    .argument('[folder]', 'where delivery.yaml and slipway.yaml are written', '.')
    .option('--from <path>', 'checkout of a repository with kustomizations, or an original applications.yaml')
    .option('--force', 'overwrite what is there')
    .option('--dry-run', 'print the files and write nothing')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  $ slipway init',
        '  $ slipway init release --from ../manifests/apps',
        '  $ slipway init --from applications.yaml --dry-run',
      ].join('\n'),
    )
    .action(init);
}

async function init(folder: string, { from, force = false, dryRun = false }: Flags): Promise<void> {
  const start = await startFrom(from);
  for (const warning of start.warnings) process.stderr.write(`${warning}\n`);
  const files = new Map([
    [join(folder, 'delivery.yaml'), start.config],
    [join(folder, 'slipway.yaml'), startedSettings(start.hosts)],
  ]);
  if (dryRun) {
    for (const [path, text] of files) process.stdout.write(`--- # ${path}\n${text}`);
    return;
  }
  await write(folder, files, force);
  process.stdout.write(
    `${[...files.keys()].join(' and ')} written; next: slipway delivery validate, slipway doctor\n`,
  );
}

async function startFrom(from: string | undefined): Promise<Start> {
  if (from === undefined) return { config: emptyConfig(), hosts: [], warnings: [] };
  const facts = await stat(from).catch(() => {
    throw new UsageError(
      `${from}: does not exist; --from takes a folder of a checkout, or an applications.yaml`,
    );
  });
  return facts.isDirectory() ? startFromCheckout(from) : startFromOriginal(from);
}

async function startFromCheckout(folder: string): Promise<Start> {
  const { images, problems, ...checkout } = await readCheckout(folder);
  if (images.length === 0)
    throw new UsageError([
      ...problems,
      `${folder}: no kustomization below it has an images: entry; name the checkout of a repository that has some`,
    ]);
  const { text, leftOut } = configOfImages(images, checkout);
  return {
    config: text,
    hosts: hostsOf(checkout.repository === undefined ? [] : [checkout.repository]),
    warnings: [...problems, ...leftOut],
  };
}

async function startFromOriginal(path: string): Promise<Start> {
  const source = { name: path, text: (await readTextFile(path)).text };
  const { text, warnings } = convertOriginal(source);
  const { pairs } = parseDelivery(source);
  const repositories = pairs.flatMap((pair) => [
    ...(pair.source ? [pair.source.url] : []),
    ...pair.targets.map(({ into }) => into.url),
  ]);
  return { config: text, hosts: hostsOf(repositories), warnings: warnings.map(formatProblem) };
}

function hostsOf(repositories: readonly string[]): string[] {
  return [...new Set(repositories.flatMap((url) => forgeRepository(url)?.host ?? []))].sort();
}

async function write(folder: string, files: ReadonlyMap<string, string>, force: boolean): Promise<void> {
  const present = [...files.keys()].filter((path) => existsSync(path));
  if (present.length > 0 && !force)
    throw new UsageError(
      present.map((path) => `${path}: exists already; --force overwrites it, --dry-run only shows`),
    );
  await makeFolder(folder, 'make it writable for this user, or name another folder');
  for (const [path, text] of files) await writeFile(path, text, { flag: force ? 'w' : 'wx' });
}
