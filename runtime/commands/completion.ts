import { Argument, Command } from 'commander';
import { completionScript, shells, type Shell } from './completion-scripts.ts';
import { completedCommands } from './completion-words.ts';

/**
 * `slipway completion`: a script for a shell, with every word in it, so that no process starts while a person types.
 * @param program gives the whole command line, every group loaded
 */
export function completionCommand(program: () => Promise<Command>): Command {
  return new Command('completion')
    .description('print a script that completes commands, options and their values')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  $ source <(slipway completion bash)    # in ~/.bashrc',
        '  $ source <(slipway completion zsh)     # in ~/.zshrc, after compinit',
        '  $ slipway completion fish > ~/.config/fish/completions/slipway.fish',
      ].join('\n'),
    )
    .action(async (shell: Shell) => {
      process.stdout.write(completionScript(shell, completedCommands(await program())));
    });
}
