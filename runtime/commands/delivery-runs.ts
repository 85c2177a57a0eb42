import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { createRuns, type CreatedRun, type OmittedRun } from '../delivery/create-runs.ts';
import { parseRunTemplate } from '../delivery/pipeline-runs.ts';
import { deliveryOptions, openDelivery, type DeliveryFlags } from './delivery-session.ts';
import { examples, withSettings, withSource } from './delivery-flags.ts';
import { exitStatus, UsageError } from './errors.ts';
import { outputFormats, print, renderTable, type OutputFormat } from './output.ts';

export function runsCommand(): Command {
  const group = new Command('runs').description('Tekton PipelineRuns for those who start builds themselves');
  return group.addCommand(createCommand());
}

interface CreateFlags extends DeliveryFlags {
  readonly template: string;
  /** A folder, as the original's create-runs has it. */
  readonly output: string;
  /** The format of what is printed. */
  readonly o: OutputFormat;
}

const parametersHelp = `
The name of a run is made of its inputs: the same inputs give the same file. Parameters of the template are kept unless
the run has one of that name: path_to_context, path_to_docker_file, path_to_manifests_dir and src_image_url as in the
original, and application, version, git-url, git-revision, context, dockerfile, target, platforms, build-args, image,
tags, image-tag and build-key. A template with resources is the original's: it gets app-repo, manifests and image in
place of the latter.`;

function createCommand(): Command {
  return withSource(withSettings(new Command('create')))
    .description('write one PipelineRun for every application and version, made from a template')
    .requiredOption('--template <file>', 'a PipelineRun of tekton.dev/v1, v1beta1 or v1alpha1')
    .requiredOption('--output <folder>', 'where the files are written; made when it does not exist')
    .addOption(new Option('-o <format>', 'of the report').choices([...outputFormats]).default('table'))
    .addHelpText(
      'after',
      `${parametersHelp}\n${examples('runs create --config applications.yaml --template run.yaml --output runs')}`,
    )
    .action(async (flags: CreateFlags) => {
      await using session = await openDelivery(flags);
      const { home, signal, settings, source, system } = session;
      const template = parseRunTemplate(await home.documents.read(flags.template, signal));
      const desired = await source.read(signal);
      const observed = await system.observe(desired, signal);
      const plan = system.plan(desired, observed, home.clock.now());
      const location = (name: string) => home.registry.location(name);
      const { runs, omitted } = createRuns(template, plan, observed, deliveryOptions(settings), location);
      const written = await writeAll(flags.output, runs);
      print(flags.o, { runs: written, omitted }, () => runsTable(written, omitted));
      if (omitted.length > 0) process.exitCode = exitStatus.partly;
    });
}

type WrittenRun = Omit<CreatedRun, 'text'> & { readonly file: string };

async function writeAll(directory: string, runs: readonly CreatedRun[]): Promise<WrittenRun[]> {
  try {
    await mkdir(directory, { recursive: true });
    return await Promise.all(
      runs.map(async ({ text, ...run }) => {
        const file = join(directory, `${run.name}.yaml`);
        await writeFile(file, text);
        return { ...run, file };
      }),
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new UsageError(
      `${directory}: the runs cannot be written (${String(error.code)}); name a folder with --output`,
    );
  }
}

function runsTable(runs: readonly WrittenRun[], omitted: readonly OmittedRun[]): string {
  return renderTable(
    ['VERSION', 'APPLICATION', 'STATE', 'NEEDED', 'RUN'],
    [
      ...runs.map(({ version, application, state, needed, file }) => [
        version,
        application,
        state,
        needed ? 'yes' : 'no',
        file,
      ]),
      ...omitted.map(({ version, application, state, reason }) => [
        version,
        application,
        state,
        '',
        `none: ${reason}`,
      ]),
    ],
  );
}
