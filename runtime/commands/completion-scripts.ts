import type { Completed, CompletedCommand } from './completion-words.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A script that the shell sources. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return { bash, zsh, fish }[shell](commands);
}

/** Where a command stands, as the scripts keep it while they walk the words: ` delivery plan`. */
const place = (path: readonly string[]) => path.map((word) => ` ${word}`).join('');
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const quoteFish = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const flat = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

interface Patterns {
  /** Of place and next word that lead to the next place. */
  readonly further: readonly string[];
  /** Beginnings of place and next word that change nothing: arguments of what has no verbs. */
  readonly within: readonly string[];
}

function patternsOf(commands: readonly CompletedCommand[]): Patterns {
  return {
    further: commands.filter(({ path }) => path.length > 0).map(({ path }) => place(path)),
    within: commands.filter((one) => one.commands.length === 0).map(({ path }) => `${place(path)} `),
  };
}

/**
 * The walk of bash and zsh from the program to where the cursor stands.
 * @param astray what to do at a word that is unknown
 */
function walk(commands: readonly CompletedCommand[], astray: string): string {
  const { further, within } = patternsOf(commands);
  const unmoved = ["*' -'*", ...within.map((beginning) => `${quote(beginning)}*`)];
  return `    case "$at $word" in
    ${further.map(quote).join(' | ')}) at="$at $word" ;;
    ${unmoved.join(' | ')}) ;;
    *) ${astray} ;;
    esac`;
}

/** Arms of a `case` over place and last word: what may stand after an option that takes a value. */
function values(commands: readonly CompletedCommand[], arm: (value: Completed) => string): string {
  return commands
    .flatMap(({ path, options }) =>
      options.flatMap(({ long, short, value }) => {
        if (value === undefined) return [];
        const names = [long, short].filter((name) => name !== undefined);
        return [`    ${names.map((name) => quote(`${place(path)} ${name}`)).join(' | ')}) ${arm(value)} ;;`];
      }),
    )
    .join('\n');
}

/** File names are left to readline, which quotes and descends better: it is asked when nothing was found. */
function bash(commands: readonly CompletedCommand[]): string {
  const words = commands.map(({ path, commands: children, options, argument }) => {
    const names = options.flatMap(({ long, short }) => long ?? short ?? []);
    const follow = Array.isArray(argument) ? argument : children.map(({ name }) => name);
    const files = argument === 'file' ? '' : ' files=no';
    return `    ${quote(place(path))}) words=${quote(follow.join(' '))} options=${quote(names.join(' '))}${files} ;;`;
  });
  const arm = (value: Completed) => {
    if (value === 'file') return 'return';
    return value === 'free'
      ? '_slipway_no_files; return'
      : `_slipway_words ${quote(value.join(' '))}; return`;
  };
  return `# Completes slipway in bash. In ~/.bashrc: source <(slipway completion bash)
_slipway_no_files() { compopt +o default 2>/dev/null || :; }

_slipway_words() {
  _slipway_no_files
  COMPREPLY=()
  local word
  for word in $1; do
    if [[ $word == "$current"* ]]; then COMPREPLY+=("$word"); fi
  done
}

_slipway() {
  local current=\${COMP_WORDS[COMP_CWORD]} last=\${COMP_WORDS[COMP_CWORD - 1]} at='' word words='' options='' files=''
  COMPREPLY=()
  # readline takes "--option=value" for three words
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $last == '=' ]]; then
    last=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
${walk(commands, '_slipway_no_files; return')}
  done
  case "$at $last" in
${values(commands, arm)}
  esac
  case "$at" in
${words.join('\n')}
  esac
  if [[ $current == -* ]]; then
    _slipway_words "$options"
  elif [[ -n $words ]]; then
    _slipway_words "$words"
  elif [[ -n $files ]]; then
    _slipway_no_files
  fi
}

complete -o default -F _slipway slipway
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const described = (name: string, description: string) => quote(`${name}:${flat(description)}`);
  const arm = (value: Completed) => {
    if (value === 'file') return '_files; return';
    return value === 'free' ? 'return' : `compadd -- ${value.map(quote).join(' ')}; return`;
  };
  const items = commands.map(({ path, commands: children, options, argument }) => {
    const flags = options.flatMap(({ long, short, description }) =>
      [long, short].filter((name) => name !== undefined).map((name) => described(name, description)),
    );
    const words = Array.isArray(argument)
      ? argument.map(quote)
      : children.map(({ name, description }) => described(name, description));
    const files = argument === 'file' ? 'yes' : '';
    return `    ${quote(place(path))}) words_=(${words.join(' ')}) options_=(${flags.join(' ')}) files=${quote(files)} ;;`;
  });
  return `#compdef slipway
# Completes slipway in zsh. In ~/.zshrc, after compinit: source <(slipway completion zsh)
_slipway() {
  local at='' word files=''
  local -a words_ options_
  for word in "\${(@)words[2,CURRENT-1]}"; do
${walk(commands, 'return')}
  done
  case "$at \${words[CURRENT-1]}" in
${values(commands, arm)}
  esac
  case "$at" in
${items.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe option options_
  elif (( \${#words_} )); then
    _describe command words_
  elif [[ -n $files ]]; then
    _files
  fi
}

compdef _slipway slipway
if [[ \${funcstack[1]} == _slipway ]]; then _slipway; fi
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ path, commands: children, options, argument }) => {
    const here = `complete -c slipway -n ${quoteFish(`__slipway_at '${place(path)}'`)}`;
    return [
      ...children.map(({ name, description }) => `${here} -a ${name} -d ${quoteFish(flat(description))}`),
      ...options.map(({ long, short, description, value }) =>
        [
          here,
          ...(long ? [`-l ${long.slice(2)}`] : []),
          ...(short ? [`-s ${short.slice(1)}`] : []),
          ...(value === undefined ? [] : [fishValue(value)]),
          `-d ${quoteFish(flat(description))}`,
        ].join(' '),
      ),
      ...(Array.isArray(argument) ? [`${here} -a ${quoteFish(argument.join(' '))}`] : []),
      ...(argument === 'file' ? [`${here} -F`] : []),
    ];
  });
  const { further, within } = patternsOf(commands);
  return `# Completes slipway in fish: slipway completion fish > ~/.config/fish/completions/slipway.fish
function __slipway_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${further.map(quoteFish).join(' ')}
        set at "$at $word"
      case '* -*' ${within.map((beginning) => quoteFish(`${beginning}*`)).join(' ')}
      case '*'
        return 1
    end
  end
  test "$at" = "$argv[1]"
end

complete -c slipway -f
${lines.join('\n')}
`;
}

function fishValue(value: Completed): string {
  if (value === 'file') return '-r -F';
  return value === 'free' ? '-x' : `-x -a ${quoteFish(value.join(' '))}`;
}
