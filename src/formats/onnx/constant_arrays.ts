import { type DType, newValues, sizeOf, type Tensor, type Values } from '../../graph/graph.ts';
import { dequantize } from '../../run/integer.ts';
import { unsupported } from './decode.ts';

/** Arrays of numbers while a graph's constants are computed. */

const made = (shape: readonly number[], dtype: DType, data: Values): Tensor => ({ name: '', shape, dtype, data, quant: null });

export const numbers = (t: Tensor | null): number[] =>
  Array.from(((t && dequantize(t)) ?? t?.data ?? []) as ArrayLike<number | bigint>, Number);

export function fromNumbers(shape: readonly number[], dtype: DType, list: readonly number[]): Tensor {
  const data = newValues(dtype, list.length);
  for (let i = 0; i < list.length; i++) {
    if (data instanceof BigInt64Array) data[i] = BigInt(Math.trunc(list[i]));
    else data[i] = dtype === 'f32' ? list[i] : Math.trunc(list[i]);
  }
  return made(shape, dtype, data);
}

/** Elements of a constant that the graph makes: more have no place on a microcontroller. */
const MOST_MADE = 2 ** 20;

export function checkSize(shape: readonly number[], what = 'it'): void {
  if (shape.every((d) => d >= -1) && sizeOf(shape) <= MOST_MADE) return;
  throw unsupported(`${what} makes a constant of shape [${shape.join(', ')}]`, 'export the model with constants folded');
}

/** Values stretched to a shape. */
export function expanded(t: Tensor, shape: readonly number[]): number[] {
  const values = numbers(t);
  if (values.length === sizeOf(shape)) return values;
  checkSize(shape);
  const from = [...new Array<number>(shape.length - t.shape.length).fill(1), ...t.shape];
  return Array.from({ length: sizeOf(shape) }, (_, i) => {
    let [rest, at, step] = [i, 0, 1];
    for (let d = shape.length - 1; d >= 0; d--) {
      const index = rest % shape[d];
      rest = Math.floor(rest / shape[d]);
      if (from[d] !== 1) at += index * step;
      step *= from[d];
    }
    return values[at];
  });
}

/** The places named along an axis, one after another. */
export function taken(a: Tensor, axis: number, places: readonly number[]): Tensor {
  const size = a.shape[axis];
  const inner = sizeOf(a.shape.slice(axis + 1));
  const values = numbers(a);
  const list: number[] = [];
  for (let outer = 0; outer < values.length; outer += size * inner)
    for (const place of places) for (let k = 0; k < inner; k++) list.push(values[outer + place * inner + k]);
  return fromNumbers(
    a.shape.map((d, i) => (i === axis ? places.length : d)),
    a.dtype,
    list,
  );
}

/** Arrays behind each other along an axis. */
export function joined(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  const outer = sizeOf(first.shape.slice(0, axis));
  const lists = parts.map(numbers);
  const list = Array.from({ length: outer }, (_, i) =>
    lists.flatMap((values) => values.slice((i * values.length) / outer, ((i + 1) * values.length) / outer)),
  ).flat();
  const size = parts.reduce((n, t) => n + t.shape[axis], 0);
  return fromNumbers(
    first.shape.map((d, i) => (i === axis ? size : d)),
    first.dtype,
    list,
  );
}
