import * as v from 'valibot';
import { CompressError, checkOptionNames } from '../errors.ts';
import { demand, type SchemaShape, unwrapped } from './words.ts';

/** Options checked against a schema, with defaults filled in. @throws CompressError `bad-option` naming the field */
export function checkOptions<S extends v.GenericSchema>(schema: S, options: unknown, what: string): v.InferOutput<S> {
  checkNames(schema as SchemaShape, options, what);
  const found = v.safeParse(schema, options);
  if (found.success) return found.output;
  const [issue] = found.issues;
  throw new CompressError(
    'bad-option',
    `${what}: ${v.getDotPath(issue) ?? 'what it is given'} ${demand(schema as SchemaShape, issue)}`,
    `see \`thumbnet ${what} --help\` for what is accepted`,
  );
}

/** Names of options at any depth. */
function checkNames(schema: SchemaShape, value: unknown, where: string): void {
  const { entries, item, type } = unwrapped(schema);
  if (typeof value !== 'object' || value === null || type === 'loose_object') return;
  if (item && Array.isArray(value)) value.forEach((one, i) => void checkNames(item, one, `${where}: ${i}`));
  if (!entries) return;
  checkOptionNames(value, Object.keys(entries), where);
  for (const [name, one] of Object.entries(value)) if (entries[name]) checkNames(entries[name], one, `${where}: ${name}`);
}
