import { Command, CommanderError } from 'commander';
import { type Code, CompressError } from '../errors.ts';
import { loadPlugins } from '../plugins.ts';
import { hasConfig, withConfig } from './config.ts';
import { EXAMPLES } from './examples.ts';
import { BAD_INPUT, DONE, EXIT_CODES_TEXT, INTERRUPTED, MISSED } from './exit_codes.ts';
import { columns, complain, proseFor, wrapped } from './output.ts';
import { pluginsIn } from './plugins.ts';
import { withOwnTargets } from './target_names.ts';
import { addVerbs } from './verbs.ts';
import { VERSION } from './version.ts';

/** Verbs with their options. @param verb the one that is asked for; all where none is */
export async function program(verb?: string): Promise<Command> {
  const command = new Command('thumbnet')
    .description('Fits a trained neural network into a Cortex-M microcontroller.')
    .version(VERSION, '-v, --version')
    .showHelpAfterError('(add --help for what is accepted)')
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .option('--plugin <file>', "a module that registers stages, criteria, calibrators or samplers of one's own; may be repeated")
    .addHelpText('after', () => `\n${wrapped(`Exit codes: ${EXIT_CODES_TEXT}`, columns())}`);
  await addVerbs(command, verb);
  for (const sub of command.commands) {
    demandLast(sub);
    const examples = EXAMPLES[sub.name()];
    if (examples) sub.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ thumbnet ${line}`).join('\n')}`);
  }
  const outputError = (text: string, write: (text: string) => void) => write(proseFor(process.stderr, text));
  for (const sub of [command, ...command.commands])
    sub.exitOverride().configureHelp({ sortSubcommands: false, helpWidth: columns() }).configureOutput({ outputError });
  return command;
}

/** An option that must be given is asked for after the arguments, and after options that are not known were named. */
function demandLast(command: Command): void {
  const mandatory = command.options.filter((o) => o.mandatory);
  for (const option of mandatory) {
    option.mandatory = false;
    option.description += ' (required)';
  }
  command.hook('preAction', () => {
    const missing = mandatory.find((o) => command.getOptionValue(o.attributeName()) === undefined);
    if (missing) command.error(`error: the option ${missing.flags} is required`, { code: 'thumbnet.missingOption' });
  });
}

const EXIT_CODES: Partial<Record<Code, number>> = {
  interrupted: INTERRUPTED,
  'goal-not-reached': MISSED,
};

/** A message about an option of the command that runs, by its flag: `--max-drop` for `maxDrop`. */
function asTyped(command: Command, [verb]: readonly string[], message: string): string {
  const [, about, name] = /^(\w+): (\w+) must be/.exec(message) ?? [];
  if (about !== verb) return message;
  const option = command.commands.find((c) => c.name() === verb)?.options.find((o) => o.attributeName() === name);
  return option?.long ? message.replace(name, option.long) : message;
}

/** A config file may hold options of every verb, and a script for shells completes them all. */
const isAboutAll = ([verb]: readonly string[]): boolean => verb === 'completion' || hasConfig();

/** Runs one command line; the exit code. Only here errors are caught. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await loadPlugins(pluginsIn(argv));
  } catch (e) {
    return failed(e, argv);
  }
  const command = await program(isAboutAll(argv) ? undefined : argv[0]);
  try {
    await command.parseAsync(withOwnTargets(withConfig(command, argv)), { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : DONE;
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? DONE : BAD_INPUT;
    return failed(e, argv, command);
  }
}

function failed(e: unknown, argv: readonly string[], command?: Command): number {
  if (!(e instanceof CompressError)) throw e;
  complain(`error: ${command ? asTyped(command, argv, e.message) : e.message}`);
  return EXIT_CODES[e.code] ?? BAD_INPUT;
}
