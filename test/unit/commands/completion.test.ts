import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Argument, Command, Option } from 'commander';
import { completionScript, shells, type Shell } from '../../../runtime/commands/completion-scripts.ts';
import { completedCommands } from '../../../runtime/commands/completion-words.ts';
import { describeWithTool } from '../../support/tools.ts';

function program(): Command {
  const plan = new Command('plan')
    .description("show what's next; changes $(nothing), `never`")
    .option('--config <location>', 'a path: or an address')
    .option('--deadline <seconds>', 'how long')
    .option('--no-wait', 'do not wait')
    .addOption(new Option('-o, --output <format>').choices(['table', 'json']))
    .addOption(new Option('--secret').hideHelp());
  const delivery = new Command('delivery').description('rebuild images').addCommand(plan);
  delivery.command('apply').description('do it');
  delivery.command('runs').command('create').description('write runs');
  const shell = new Command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
  const init = new Command('init').argument('[folder]', 'where');
  return new Command('slipway').addCommand(delivery).addCommand(shell).addCommand(init);
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'slipway-completion-'));
  for (const shell of shells)
    writeFileSync(path.join(folder, shell), completionScript(shell, completedCommands(program())));
  writeFileSync(path.join(folder, 'a file.yaml'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What each shell is asked with: the words up to the cursor, the last one under way. Gives the candidates. */
const ask: Readonly<Record<Shell, (words: readonly string[]) => string[]>> = {
  bash: (words) =>
    lines('bash', [
      '--norc',
      '-c',
      // readline's own answer where the function leaves it to readline is told as FILES
      `source ./bash; compopt() { left=; }; left=FILES
       COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slipway
       if ((\${#COMPREPLY[@]})); then printf '%s\\n' "\${COMPREPLY[@]}"; else echo $left; fi`,
      'bash',
      ...words,
    ]),
  zsh: (words) =>
    lines('zsh', [
      '-f',
      '-c',
      // the completion system runs inside the line editor alone: its functions are told apart here
      `compdef() { :; }; _files() { echo FILES; }; compadd() { shift; print -l -- "$@"; }
       _describe() { print -l -- "\${(@)\${(P@)2}%%:*}"; }
       source ./zsh; words=("$@"); CURRENT=$#; PREFIX=$words[CURRENT]; _slipway`,
      'zsh',
      ...words,
    ]).filter((word) => word === 'FILES' || word.startsWith(words.at(-1) ?? '')),
  fish: (words) => {
    const line = words.map((word) => word.replaceAll(' ', '\\ ')).join(' ');
    const found = lines('fish', ['--no-config', '-c', 'source ./fish; complete -C "$argv[1]"', line]);
    return found.map((one) => (one === 'a file.yaml' ? 'FILES' : (one.split('\t')[0] ?? ''))).filter(known);
  },
};

/** Beside files, fish offers the folder's other entries. */
const known = (word: string) => !shells.includes(word as Shell) || word === 'bash' || word === 'zsh';

function lines(file: string, args: readonly string[]): string[] {
  const output = execFileSync(file, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return output.split('\n').filter((line) => line !== '');
}

describeWithTool('bash', 'apt-get install bash')('bash', () => cases('bash'));
describeWithTool('zsh', 'apt-get install zsh')('zsh', () => cases('zsh'));
describeWithTool('fish', 'apt-get install fish')('fish', () => cases('fish'));

function cases(shell: Shell): void {
  it.each([
    ['groups', ['slipway', ''], ['completion', 'delivery', 'help', 'init']],
    ['the group begun', ['slipway', 'de'], ['delivery']],
    ['verbs', ['slipway', 'delivery', ''], ['apply', 'help', 'plan', 'runs']],
    ['verbs of verbs', ['slipway', 'delivery', 'runs', 'c'], ['create']],
    [
      'options',
      ['slipway', 'delivery', 'plan', '--'],
      ['--config', '--deadline', '--help', '--no-wait', '--output'],
    ],
    ['the option begun', ['slipway', 'delivery', 'plan', '--con'], ['--config']],
    ['choices', ['slipway', 'delivery', 'plan', '--output', ''], ['json', 'table']],
    ['choices of the short option', ['slipway', 'delivery', 'plan', '-o', 'j'], ['json']],
    ['files', ['slipway', 'delivery', 'plan', '--config', 'a'], ['FILES']],
    ['nothing that only a person knows', ['slipway', 'delivery', 'plan', '--deadline', ''], []],
    ['choices of an argument', ['slipway', 'completion', ''], ['bash', 'zsh']],
    ['a folder', ['slipway', 'init', 'a'], ['FILES']],
    ['nothing after a wrong word', ['slipway', 'delivry', 'pl'], []],
  ])('%s', (_, words, expected) => {
    expect(ask[shell](words).sort()).toEqual(expected);
  });
}

it('takes what stands after "=" in bash, where readline splits the word', () => {
  const words = ['slipway', 'delivery', 'plan', '--output', '='];
  expect(ask.bash(words).sort()).toEqual(['json', 'table']);
  expect(ask.bash([...words, 'j'])).toEqual(['json']);
});
