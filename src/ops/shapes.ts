import { CompressError } from '../errors.ts';
import { showShape, sizeOf } from '../graph/graph.ts';
import type { Shape } from './dims.ts';
import type { Channels } from './op.ts';

export function mismatch(what: string, fix: string): CompressError {
  return new CompressError('shape-mismatch', what, fix);
}

/** The shape of an elementwise result: dimensions are aligned at the end, and a 1 stretches. */
export function broadcast(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw mismatch(
        `operands of shapes ${showShape(a)} and ${showShape(b)} do not broadcast`,
        'make their dimensions equal, or 1',
      );
    }
    return m === 1 ? n : m;
  });
}

/** `axis` counted from the front. */
export function axisOf(axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (!(found >= 0 && found < rank)) {
    throw mismatch(`axis ${axis} does not exist in ${rank} dimensions`, `use an axis from 0 to ${rank - 1}`);
  }
  return found;
}

/** `shape` with one dimension of -1 computed from the number of elements. */
export function resolveShape(shape: Shape, from: Shape): number[] {
  const count = sizeOf(from);
  const known = shape.reduce((n, d) => (d === -1 ? n : n * d), 1);
  const found = shape.map((d) => (d === -1 ? count / known : d));
  if (sizeOf(found) !== count || !found.every(Number.isInteger)) {
    throw mismatch(`${showShape(from)} cannot be reshaped to ${showShape(shape)}`, `use a shape of ${count} elements`);
  }
  return found;
}

export const last = (shape: Shape): number => shape[shape.length - 1] ?? 1;

/** Channels of an elementwise operator: every operand that has channels of its own keeps them. */
export function keepChannels(x: readonly (Shape | null)[]): Channels {
  const c = Math.max(...x.map((s) => (s ? last(s) : 1)));
  const along = x.flatMap((s, i) => (s && last(s) === c ? [[i, s.length - 1] as const] : []));
  const varying = x.some((s) => s && last(s) !== c && sizeOf(s) !== 1);
  return varying ? { kind: 'fixed' } : { kind: 'keep', along };
}
