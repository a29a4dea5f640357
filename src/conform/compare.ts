import type { Values } from '../graph/graph.ts';
import { type Case, decode, type Results } from './case.ts';

export interface Failure {
  readonly file: string;
  readonly name: string;
  /** First element that differs, or -1 where nothing could be compared. */
  readonly index: number;
  readonly expected: number | string;
  readonly actual: number | string;
}

export type Difference = Omit<Failure, 'file' | 'name'> & { readonly field: string };

/** First difference between what a case expects and what was computed, or null. */
export function difference(golden: Case, results: Results, rounding: 'double' | 'single'): Difference | null {
  for (const [field, values] of Object.entries(results)) {
    const wanted = expectedOf(golden, field, rounding);
    if (wanted === undefined || wanted === null) continue;
    const { values: expected } = decode(wanted, field);
    const found = firstDifference(expected, values);
    if (found) return { field, ...found };
  }
  return null;
}

/**
 * The field of a case that holds what is right under `rounding`. Quirks follow the operator's definition, given for double
 * rounding. Single rounding is given for `output` and the sequence only, where it differs; final states are not given,
 * and the sequence holds its last step.
 */
function expectedOf(golden: Case, field: string, rounding: 'double' | 'single'): unknown {
  if (field === 'output' && golden.output_ideal) return rounding === 'double' ? golden.output_ideal : undefined;
  if (rounding === 'double') return golden[field];
  const expected = golden[`${field}_single_rounding`];
  if (expected) return expected;
  if (field === 'output_sequence' || (field === 'output' && !golden.output_sequence_single_rounding)) return golden[field];
  return undefined;
}

export function firstDifference(expected: Values, actual: Values): Omit<Difference, 'field'> | null {
  if (expected.length !== actual.length) {
    return { index: -1, expected: `${expected.length} elements`, actual: `${actual.length} elements` };
  }
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] !== actual[i]) return { index: i, expected: Number(expected[i]), actual: Number(actual[i]) };
  }
  return null;
}

/** Two numbers as a difference, or null where they are equal. */
export const numbersDiffer = (field: string, expected: number, actual: number): Difference | null =>
  expected === actual ? null : { field, index: -1, expected, actual };
