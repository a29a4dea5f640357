/**
 * JSON Schemas (2020-12) of the files that other tools read, from the schemas that check them when they are read; and of what verbs print.
 *   node --import tsx scripts/schemas.ts      writes docs/schemas/
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
// for the currencies of chips
import '../src/mcu/index.ts';
import { ablationSchema } from '../src/ablate/schema.ts';
import { checksOf, kindOf, type SchemaShape } from '../src/options/words.ts';
import { recipeSchema, STAGES } from '../src/pipeline.ts';
import { historySchema } from '../src/report/history.ts';
import { printedSchemas } from './printed_schemas.ts';

export type Json = { readonly [key: string]: unknown };

const KEYWORDS: Readonly<Record<string, string>> = {
  min_value: 'minimum',
  gt_value: 'exclusiveMinimum',
  max_value: 'maximum',
  lt_value: 'exclusiveMaximum',
  min_length: 'minItems',
};

function jsonOf(shape: SchemaShape & { readonly literal?: unknown; readonly default?: unknown }): Json {
  if (shape.type === 'nullable') return { anyOf: [jsonOf(shape.wrapped!), { type: 'null' }] };
  if (shape.wrapped) {
    const usual = shape.default === undefined || typeof shape.default === 'function' ? {} : { default: shape.default };
    return { ...jsonOf(shape.wrapped), ...usual };
  }
  const inner = kindOf(shape);
  if (inner !== shape) return jsonOf(inner);
  const checks = checksOf(shape).flatMap(({ type, requirement }) =>
    type === 'integer' ? [['type', 'integer']] : KEYWORDS[type] ? [[KEYWORDS[type], requirement]] : [],
  );
  return { ...bare(shape), ...Object.fromEntries(checks) };
}

function bare(shape: SchemaShape & { readonly literal?: unknown }): Json {
  const { type } = shape;
  if (type === 'literal') return { const: shape.literal };
  if (type === 'picklist') return { enum: shape.options };
  if (type === 'union') return { anyOf: (shape.options as SchemaShape[]).map(jsonOf) };
  if (type === 'array') return { type, items: jsonOf(shape.item!) };
  if (type === 'tuple') return { type: 'array', prefixItems: shape.items!.map(jsonOf), minItems: shape.items!.length };
  if (type === 'record') return { type: 'object', additionalProperties: jsonOf(shape.value!) };
  if (shape.entries) return objectOf(shape.entries);
  return ['string', 'number', 'boolean', 'null'].includes(type) ? { type } : {};
}

function objectOf(entries: Readonly<Record<string, SchemaShape>>): Json {
  const isNeeded = ([, shape]: [string, SchemaShape]) => !['optional', 'exact_optional'].includes(shape.type);
  const required = Object.entries(entries)
    .filter(isNeeded)
    .map(([name]) => name);
  const properties = Object.fromEntries(Object.entries(entries).map(([name, shape]) => [name, jsonOf(shape)]));
  return { type: 'object', properties, ...(required.length && { required }) };
}

/** Each built-in stage with its options; a stage of a plugin has any. */
function stageOf(): Json {
  const known = STAGES.names.map((stage): Json => {
    const { properties, ...rest } = objectOf(STAGES.get(stage).kind.options.entries as Record<string, SchemaShape>);
    const names = { stage: { const: stage }, ...(properties as Json) };
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    return { if: { properties: { stage: { const: stage } } }, then: { ...rest, properties: names } };
  });
  return { type: 'object', properties: { stage: { type: 'string' } }, required: ['stage'], allOf: known };
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Of what each verb prints with --json, by the name of the file. */
export const printed = (): Readonly<Record<string, Json>> =>
  Object.fromEntries(Object.entries(printedSchemas()).map(([verb, schema]) => [`${verb}.json`, { $schema: DIALECT, ...schema }]));

/** By the name of the file. */
export function schemas(): Readonly<Record<string, Json>> {
  const head = (title: string): Json => ({ $schema: DIALECT, title });
  const recipe = jsonOf(recipeSchema as SchemaShape) as { properties: Json };
  const properties = { ...recipe.properties, stages: { type: 'array', items: stageOf() } };
  return {
    'recipe.json': { ...head('recipe.json of thumbnet compress, version 1'), ...recipe, properties },
    'history.json': { ...head('history.json of thumbnet compress, version 2'), ...jsonOf(historySchema as SchemaShape) },
    'ablation.json': { ...head('ablation.json of thumbnet ablate, version 1'), ...jsonOf(ablationSchema as SchemaShape) },
  };
}

export const textOf = (schema: Json): string => `${JSON.stringify(schema, null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('../docs/schemas/', import.meta.url);
  const verbs = new URL('printed/', folder);
  mkdirSync(verbs, { recursive: true });
  for (const [name, schema] of Object.entries(schemas())) writeFileSync(new URL(name, folder), textOf(schema));
  for (const [name, schema] of Object.entries(printed())) writeFileSync(new URL(name, verbs), textOf(schema));
}
