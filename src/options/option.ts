import * as v from 'valibot';
import type { RangeOptions } from '../search/distribution.ts';
import { type SchemaShape, unwrapped } from './words.ts';

/** A schema of the options of something, field by field. */
export type OptionsSchema = v.GenericSchema & { readonly entries: Readonly<Record<string, v.GenericSchema>> };

/** Values that a search tries: from low to high, or these. */
export type Range =
  | (RangeOptions & { readonly low: number; readonly high: number; readonly integer?: boolean })
  | { readonly choices: readonly (string | number | boolean)[] };

/** How a value that is neither a number nor a name is written on the command line. */
export interface Text {
  /** The flag, where it is not the option's own name. */
  readonly flag?: string;
  /** Its argument in the help, for example `name=bits`. */
  readonly form: string;
  /** @param before what the same flag gave before, where it may be repeated. @throws Error that says what is wrong */
  parse(text: string, before?: unknown): unknown;
}

interface About {
  readonly about: string;
  readonly search?: Range;
  readonly text?: Text;
}

/**
 * An option with what help says of it.
 *
 * @param fallback its value where it is not given
 * @param more     `search`: which values a search tries; `text`: how it is written on the command line
 */
export const option = <S extends v.GenericSchema, const D extends v.InferInput<S>>(
  schema: S,
  fallback: D,
  about: string,
  more: Omit<About, 'about'> = {},
) => v.optional(v.pipe(schema, v.metadata({ about, ...more })), fallback);

/** An option that may be absent. */
export const optional = <S extends v.GenericSchema>(schema: S, about: string, more: Omit<About, 'about'> = {}) =>
  v.optional(v.pipe(schema, v.metadata({ about, ...more })));

/** What an option's schema says of it beside its values. */
export const aboutOf = (schema: v.GenericSchema): About =>
  v.getMetadata(unwrapped(schema as unknown as SchemaShape) as unknown as v.GenericSchema) as unknown as About;

/** Values of an option that a search tries; null where it leaves the option alone. */
export const rangeOf = (schema: v.GenericSchema): Range | null => aboutOf(schema).search ?? null;

/** The value of an option that is not given. */
export const defaultOf = (schema: v.GenericSchema): unknown => (schema as { default?: unknown }).default;
