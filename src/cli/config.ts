/** `thumbnet.config.json` in the folder where the command runs: arguments and options that need not be typed. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { CompressError, nearestNames } from '../errors.ts';
import { complain } from './output.ts';
import { reason } from './reason.ts';

export const CONFIG = 'thumbnet.config.json';

/** Verbs that take no options from a file: they write it, or say what is wrong. */
const WITHOUT = ['init', 'doctor', 'completion', 'targets', 'report', 'demo', 'conform', 'worker', 'status'];

/** Whether the folder has one. */
export const hasConfig = (): boolean => existsSync(CONFIG);

type Values = Readonly<Record<string, unknown>>;

/**
 * The command line with what the file adds: options for all verbs that know them beside each other, those of one verb under its name; `model` is
 * the model where none is named. What was typed comes last, and so holds.
 *
 * @throws CompressError `bad-file` for a file that is no JSON object, `bad-option` for a name that no verb knows
 */
export function withConfig(program: Command, argv: readonly string[]): string[] {
  const [name, ...typed] = argv;
  const verb = program.commands.find((c) => c.name() === name);
  if (!verb || WITHOUT.includes(name) || typed.includes('--help') || typed.includes('-h') || !hasConfig()) return [...argv];
  const config = readConfig();
  checkNames(program, config);
  const own = isValues(config[name]) ? config[name] : {};
  checkOptions(verb, own);
  const given = {
    ...Object.fromEntries(Object.entries(config).filter(([key, v]) => optionOf(verb, key) && !isValues(v))),
    ...own,
  };
  const flags = Object.entries(given).flatMap(([key, value]) => {
    const option = optionOf(verb, key);
    return option && !typed.some((arg) => isFlag(arg, option)) ? written(option, value) : [];
  });
  const model = own.model ?? config.model;
  const files =
    typeof model === 'string' && verb.registeredArguments[0]?.name() === 'model' && !hasArgument(verb, typed) ? [model] : [];
  if (flags.length || files.length) complain(`${CONFIG} gives ${[...files, ...flags].join(' ')}`);
  return [name, ...files, ...flags, ...typed];
}

const isValues = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

function readConfig(): Values {
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(CONFIG, 'utf8'));
  } catch (e) {
    const why = e instanceof SyntaxError ? `it is not JSON: ${e.message}` : reason(e);
    throw new CompressError('bad-file', `${CONFIG} cannot be read: ${why}`, 'mend it, or write it anew by `thumbnet init`');
  }
  if (isValues(found)) return found;
  throw new CompressError('bad-file', `${CONFIG} holds no JSON object`, 'write it anew by `thumbnet init`');
}

const optionOf = (verb: Command, key: string): Option | undefined =>
  verb.options.find((o) => o.attributeName() === key || o.long === `--${key}`);

const isFlag = (arg: string, option: Option): boolean => arg === option.long || arg.startsWith(`${option.long}=`);

function checkNames(program: Command, config: Values): void {
  const verbs = program.commands.map((c) => c.name());
  for (const [key, value] of Object.entries(config)) {
    if (key === 'model' || key === '$schema') continue;
    if (isValues(value) ? verbs.includes(key) : program.commands.some((c) => optionOf(c, key))) continue;
    const known = isValues(value)
      ? verbs
      : ['model', ...program.commands.flatMap((c) => c.options.map((o) => o.attributeName()))];
    throw unknown(key, known);
  }
}

function checkOptions(verb: Command, own: Values): void {
  for (const key of Object.keys(own))
    if (key !== 'model' && !optionOf(verb, key))
      throw unknown(
        `${verb.name()}: ${key}`,
        verb.options.map((o) => o.attributeName()),
        key,
      );
}

const unknown = (what: string, known: readonly string[], key = what) =>
  new CompressError(
    'bad-option',
    `${CONFIG}: there is no option "${what}"`,
    `nearest are ${[...new Set(nearestNames(key, [...new Set(known)]))].slice(0, 3).join(', ')}`,
  );

/** A value as flags: true as the flag alone, a list as several, a table as NAME=VALUE pairs. */
function written(option: Option, value: unknown): string[] {
  const flag = option.long!;
  if (option.negate) return value === false ? [flag] : [];
  if (value === null || value === undefined || value === false) return [];
  if (!option.required && !option.optional) return [flag];
  if (isValues(value))
    return [
      flag,
      Object.entries(value)
        .map(([k, v]) => `${k}=${v}`)
        .join(','),
    ];
  return [flag, Array.isArray(value) ? value.join(',') : String(value)];
}

/** Whether an argument that is no option and no option's value was typed. */
function hasArgument(verb: Command, typed: readonly string[]): boolean {
  return typed.some((arg, i) => {
    if (arg.startsWith('-')) return false;
    const before = verb.options.find((o) => o.long === typed[i - 1]);
    return !(before && (before.required || before.optional));
  });
}
