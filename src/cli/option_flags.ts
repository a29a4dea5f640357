import { type Command, InvalidArgumentError, Option } from 'commander';
import type * as v from 'valibot';
import { aboutOf, defaultOf, type OptionsSchema } from '../options/option.ts';
import { checksOf, kindOf, type SchemaShape } from '../options/words.ts';
import { integer, number, wrap } from './values.ts';

/** A flag for each option of a schema: its name, help, default and choices. */
export function optionFlags(command: Command, schema: OptionsSchema): Command {
  for (const [name, field] of Object.entries(schema.entries)) command.addOption(flagOf(name, field));
  return command;
}

/** Options that were given as flags. */
export function optionsFrom(schema: OptionsSchema, flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = Object.entries(schema.entries).map(([name, field]) => [name, flags[flagOf(name, field).attributeName()]]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function flagOf(name: string, field: v.GenericSchema): Option {
  const { about, text } = aboutOf(field);
  const fallback = defaultOf(field);
  const help = ['number', 'string'].includes(typeof fallback) ? `${about} (${fallback})` : about;
  if (text) {
    const flag = new Option(`--${kebab(text.flag ?? name)} <${text.form}>`, help);
    return flag.argParser((value, before) => refusing(() => text.parse(value, before)));
  }
  const kind = kindOf(field as unknown as SchemaShape);
  const choices = kind.type === 'picklist' ? (kind.options ?? []) : [];
  if (choices.length && choices.every((c) => typeof c === 'string'))
    return new Option(`--${kebab(name)} <name>`, help).choices(choices as string[]);
  if (kind.type === 'boolean') return new Option(`--${fallback ? 'no-' : ''}${kebab(name)}`, help);
  if (kind.type === 'record') return new Option(`--${kebab(name)} <name=n>`, help).argParser(byName);
  const whole = choices.length > 0 || checksOf(kind).some((c) => c.type === 'integer');
  return new Option(`--${kebab(name)} <n>`, help).argParser(whole ? integer : number);
}

/** NAME=NUMBER, as often as wanted. */
function byName(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, name, value] = /^(.+)=([^=]+)$/.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError('It is not NAME=NUMBER.');
  return { ...before, [name]: number(value) };
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const refusing = <T>(parse: () => T): T => wrap(parse)('');
