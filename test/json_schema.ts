/** What a value breaks of a JSON Schema, of the keywords that docs/schemas uses. */
type Schema = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

const BOUNDS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  minimum: (value, bound) => value >= bound,
  exclusiveMinimum: (value, bound) => value > bound,
  maximum: (value, bound) => value <= bound,
  exclusiveMaximum: (value, bound) => value < bound,
};

export function broken(value: unknown, schema: Schema, at = '$'): string[] {
  const { type, properties, additionalProperties, items, prefixItems, required, anyOf, allOf } = schema;
  const found: string[] = [];
  if (typeof type === 'string' && !TYPES[type](value)) found.push(`${at} is no ${type}`);
  if ('const' in schema && value !== schema.const) found.push(`${at} is not ${schema.const}`);
  if (schema.enum && !(schema.enum as unknown[]).includes(value)) found.push(`${at} is none of ${schema.enum}`);
  for (const [name, holds] of Object.entries(BOUNDS))
    if (name in schema && !holds(value as number, schema[name] as number)) found.push(`${at} breaks ${name}`);
  if (anyOf && (anyOf as Schema[]).every((s) => broken(value, s, at).length)) found.push(`${at} fits no alternative`);
  for (const s of (allOf as Schema[]) ?? []) found.push(...broken(value, s, at));
  if (schema.if && broken(value, schema.if as Schema, at).length === 0) found.push(...broken(value, schema.then as Schema, at));
  if (Array.isArray(value)) {
    if (value.length < ((schema.minItems as number) ?? 0)) found.push(`${at} is too short`);
    value.forEach((one, i) => {
      const own = (prefixItems as Schema[] | undefined)?.[i] ?? (items as Schema | undefined);
      if (own) found.push(...broken(one, own, `${at}[${i}]`));
    });
  }
  if (isObject(value)) {
    for (const name of (required as string[]) ?? []) if (!(name in value)) found.push(`${at} has no ${name}`);
    for (const [name, one] of Object.entries(value)) {
      const own = (properties as Record<string, Schema> | undefined)?.[name] ?? (additionalProperties as Schema | undefined);
      if (own) found.push(...broken(one, own, `${at}.${name}`));
    }
  }
  return found;
}
