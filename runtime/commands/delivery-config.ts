import { Command } from 'commander';
import { formatProblem } from '../config/errors.ts';
import { deliverySchema } from '../config/json-schema.ts';
import { convertOriginal } from '../delivery/config/convert.ts';
import { openDelivery } from './delivery-session.ts';
import { examples, withConfig, type Flags } from './delivery-flags.ts';
import { count, print } from './output.ts';

export function validateCommand(): Command {
  return withConfig(new Command('validate'))
    .description('check a config; every problem is named with file, line and remedy')
    .addHelpText('after', examples('validate --config applications.yaml'))
    .action(async (flags: Flags) => {
      await using session = await openDelivery(flags);
      const { pairs } = await session.source.read(session.signal);
      const result = {
        valid: true,
        applications: new Set(pairs.map(({ application }) => application)).size,
        versions: new Set(pairs.map(({ version }) => version)).size,
        pairs: pairs.length,
      };
      const { applications, versions } = result;
      print(
        flags.output,
        result,
        () =>
          `${session.config} is valid: ${count(applications, 'application')}, ${count(versions, 'version')}, ${count(pairs.length, 'pair')}`,
      );
    });
}

export function convertCommand(): Command {
  return withConfig(new Command('convert'))
    .description('print an original applications.yaml in the short format; comments on entries are kept')
    .addHelpText('after', examples('convert --config applications.yaml > delivery.yaml'))
    .action(async (flags: Flags) => {
      await using session = await openDelivery(flags);
      const document = await session.home.documents.read(session.config, session.signal);
      const { text, warnings } = convertOriginal(document);
      for (const warning of warnings) process.stderr.write(`${formatProblem(warning)}\n`);
      print(flags.output, { text, warnings }, () => text.trimEnd());
    });
}

export function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of the short format, for editors')
    .addHelpText('after', examples('schema > delivery.schema.json'))
    .action(() => print('json', deliverySchema(), () => ''));
}
