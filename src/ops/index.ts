import { CompressError } from '../errors.ts';
import type { AnyRow } from './op.ts';

export type * from './op.ts';

/** The table: one line per operator. */
export const OPS: Readonly<Record<string, AnyRow>> = {};

/** The row of an operator kind. */
export function rowOf(op: string): AnyRow {
  const row = OPS[op];
  if (!row) {
    throw new CompressError('unsupported', `operator "${op}" is not known`, `supported are ${Object.keys(OPS).join(', ')}`);
  }
  return row;
}
