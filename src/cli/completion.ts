/** Scripts by which shells complete verbs and options, written from the options themselves. */
import { Argument, type Command } from 'commander';
import { TARGETS } from '../targets/index.ts';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('a script that completes verbs, options and chips, for a shell to read')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .action((shell: string) => {
      process.stdout.write(SCRIPTS[shell](verbsOf(program)));
    });
}

interface Flag {
  readonly long: string;
  readonly about: string;
  readonly choices: readonly string[];
  /** Whether a value follows. */
  readonly takes: boolean;
  /** Whether that may be a file beside its choices: a chip of one's own. */
  readonly orFile: boolean;
}

interface Verb {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly Flag[];
}

const verbsOf = (program: Command): Verb[] =>
  program.commands.map((command) => ({
    name: command.name(),
    about: command.description(),
    flags: command.options.flatMap((o) => {
      const orFile = o.long === '--target';
      const choices = orFile ? TARGETS.map((t) => t.name) : (o.argChoices ?? []);
      return o.long ? [{ long: o.long, about: o.description, choices, takes: o.required || o.optional, orFile }] : [];
    }),
  }));

const words = (verb: Verb): string => [...verb.flags.map((f) => f.long), '--help'].join(' ');

function bash(verbs: readonly Verb[]): string {
  const cases = verbs.flatMap((verb) =>
    verb.flags
      .filter((f) => f.choices.length)
      .map((f) => `    ${verb.name}:${f.long}) COMPREPLY=($(compgen -W '${f.choices.join(' ')}' -- "$word")); return ;;\n`),
  );
  const options = verbs.map((verb) => `    ${verb.name}) options='${words(verb)}' ;;\n`);
  return `_thumbnet() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}" options=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${verbs.map((v) => v.name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case "$verb:$before" in
${cases.join('')}  esac
  case "$verb" in
${options.join('')}  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word")); fi
}
complete -o default -F _thumbnet thumbnet
`;
}

/** As it may stand in single quotes, and in the brackets of zsh. */
const quoted = (text: string): string =>
  text.replaceAll("'", '’').replaceAll('[', '(').replaceAll(']', ')').replaceAll('\\', '/');

function zsh(verbs: readonly Verb[]): string {
  const cases = verbs.map((verb) => {
    const flags = verb.flags.map((f) => {
      const words = f.choices.join(' ');
      const listed = f.orFile ? `:value:{compadd -- ${words}; _files}` : `:value:(${words})`;
      const value = f.choices.length ? listed : f.takes ? ':value:_files' : '';
      return `      '${f.long}[${quoted(f.about)}]${value}' \\\n`;
    });
    return `    ${verb.name}) _arguments \\\n${flags.join('')}      '--help[help]' '*:file:_files' ;;\n`;
  });
  return `#compdef thumbnet
_thumbnet() {
  if (( CURRENT == 2 )); then
    local -a verbs=(
${verbs.map((v) => `      '${v.name}:${quoted(v.about)}'\n`).join('')}    )
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join('')}  esac
}
if [[ $funcstack[1] == _thumbnet ]]; then _thumbnet "$@"; else compdef _thumbnet thumbnet; fi
`;
}

function fish(verbs: readonly Verb[]): string {
  const names = verbs.map((v) => `complete -c thumbnet -n __fish_use_subcommand -f -a ${v.name} -d '${quoted(v.about)}'\n`);
  const flags = verbs.flatMap((v) =>
    v.flags.map((f) => {
      const value = f.choices.length ? ` ${f.orFile ? '-r' : '-x'} -a '${f.choices.join(' ')}'` : f.takes ? ' -r' : '';
      return `complete -c thumbnet -n '__fish_seen_subcommand_from ${v.name}' -l ${f.long.slice(2)}${value} -d '${quoted(f.about)}'\n`;
    }),
  );
  return [...names, ...flags].join('');
}

const SCRIPTS: Readonly<Record<string, (verbs: readonly Verb[]) => string>> = { bash, zsh, fish };
