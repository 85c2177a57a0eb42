import { Command } from 'commander';
import { cancelCommand } from './delivery-cancel.ts';
import { convertCommand, schemaCommand, validateCommand } from './delivery-config.ts';
import { buildCommand, logsCommand, statusCommand } from './delivery-pairs.ts';
import { applyCommand, planCommand } from './delivery-passes.ts';
import { closeSupersededCommand, updateManifestsCommand } from './delivery-proposals.ts';
import { runCommand } from './delivery-run.ts';
import { runsCommand } from './delivery-runs.ts';
import { acceptCommand, holdCommand, releaseCommand, retryCommand } from './delivery-words.ts';

const exitStatuses = `
Exit statuses:
  0  done
  1  failed, or stopped before its end
  2  bad usage or config
  3  done with some items failed: an action, a build, or something that could not be read`;

/** `slipway delivery`: app CD. */
export function deliveryCommand(): Command {
  const group = new Command('delivery')
    .description('rebuild images whose inputs changed, and propose manifests that use them')
    .addHelpText('after', exitStatuses);
  const verbs = [
    validateCommand(),
    planCommand(),
    applyCommand(),
    runCommand(),
    statusCommand(),
    logsCommand(),
    buildCommand(),
    cancelCommand(),
    retryCommand(),
    holdCommand(),
    releaseCommand(),
    acceptCommand(),
    runsCommand(),
    updateManifestsCommand(),
    closeSupersededCommand(),
    convertCommand(),
    schemaCommand(),
  ];
  for (const verb of verbs) group.addCommand(verb);
  return group;
}
