import type { DType } from '../../graph/graph.ts';
import { type CType, TYPES } from '../parts.ts';

export const typeOf = (dtype: DType): CType => TYPES[dtype];

/** A float constant of C. */
export const floatText = (value: number): string => {
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
};
