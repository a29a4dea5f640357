import { sizeOf } from '../../src/graph/graph.ts';
import { CLAMPS } from '../clamps.ts';

/** Arrays in float64 and what definitions of operators are made of: windows, reductions, places. */

export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

// biome-ignore lint/suspicious/noExplicitAny: attributes of every operator
type Any = any;
export type Definition = (x: readonly Array64[], a: Any, y: readonly (readonly number[])[]) => Float64Array[];

/** Every index of `shape` in order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const at = shape.map(() => 0);
  for (let n = sizeOf(shape); n > 0; n--) {
    yield at;
    for (let i = shape.length - 1; i >= 0 && ++at[i] === shape[i]; i--) at[i] = 0;
  }
}

/** Element of `x` at `at`, 0 outside, dimensions of 1 stretched and aligned at the end. */
export function get(x: Array64, at: readonly number[]): number {
  let place = 0;
  const skip = at.length - x.shape.length;
  for (let i = 0; i < x.shape.length; i++) {
    const index = x.shape[i] === 1 ? 0 : at[i + skip];
    if (index < 0 || index >= x.shape[i]) return 0;
    place = place * x.shape[i] + index;
  }
  return x.data[place];
}

/** One output from a function of its index. */
export const each = (shape: readonly number[], f: (at: number[]) => number): Float64Array[] => {
  const y = new Float64Array(sizeOf(shape));
  let i = 0;
  for (const at of indices(shape)) y[i++] = f(at);
  return [y];
};

export const clamp = (v: number, activation = 'none') => Math.min(Math.max(v, CLAMPS[activation][0]), CLAMPS[activation][1]);

export const unary =
  (f: (v: number, a: Any) => number): Definition =>
  ([x], a) => [x.data.map((v) => f(v, a))];
export const binary =
  (f: (a: number, b: number) => number): Definition =>
  ([p, q], a, [shape]) =>
    each(shape, (at) => clamp(f(get(p, at), get(q, at)), a.activation));

/** Rows above (d = 0) or columns left (d = 1) of an image [n, h, w, c]: TensorFlow's SAME, its VALID, or as told. */
export function before(
  { padding, stride, dilation = [1, 1] }: Any,
  image: readonly number[],
  filter: [number, number],
  d: 0 | 1,
): number {
  if (padding === 'valid') return 0;
  if (padding !== 'same') return [padding.top, padding.left][d];
  const size = image[1 + d];
  const last = (Math.ceil(size / stride[d]) - 1) * stride[d] + (filter[d] - 1) * dilation[d];
  return Math.floor(Math.max(0, last + 1 - size) / 2);
}

/** Sum over the taps of a window of f(tap, iy, ix), those outside the image left out. */
export function window(
  a: Any,
  image: readonly number[],
  filter: [number, number],
  oy: number,
  ox: number,
  f: (ky: number, kx: number, iy: number, ix: number) => void,
) {
  const [top, left] = [before(a, image, filter, 0), before(a, image, filter, 1)];
  const [dh, dw] = a.dilation ?? [1, 1];
  for (let ky = 0; ky < filter[0]; ky++) {
    for (let kx = 0; kx < filter[1]; kx++) {
      const [iy, ix] = [oy * a.stride[0] - top + ky * dh, ox * a.stride[1] - left + kx * dw];
      if (iy >= 0 && iy < image[1] && ix >= 0 && ix < image[2]) f(ky, kx, iy, ix);
    }
  }
}

export function pool(x: Array64, a: Any, shape: readonly number[], f: (values: number[]) => number): Float64Array[] {
  return each(shape, ([n, oy, ox, c]) => {
    const values: number[] = [];
    window(a, x.shape, a.filter, oy, ox, (_, __, iy, ix) => values.push(get(x, [n, iy, ix, c])));
    return clamp(f(values), a.activation);
  });
}

export function resize(
  x: Array64,
  a: Any,
  shape: readonly number[],
  mix: (at: number, size: number) => [number, number][],
): Float64Array[] {
  const place = (o: number, size: number, out: number) => {
    const scale = a.alignCorners && out > 1 ? (size - 1) / (out - 1) : size / out;
    return { o, scale };
  };
  return each(shape, ([n, oy, ox, c]) => {
    const [h, w] = [place(oy, x.shape[1], shape[1]), place(ox, x.shape[2], shape[2])];
    let sum = 0;
    for (const [iy, ky] of mix(source(h, a), x.shape[1])) {
      for (const [ix, kx] of mix(source(w, a), x.shape[2])) sum += ky * kx * get(x, [n, iy, ix, c]);
    }
    return sum;
  });
}

const source = ({ o, scale }: { o: number; scale: number }, a: Any) =>
  a.halfPixelCenters ? (o + 0.5) * scale - (a.nearest ? 0 : 0.5) : o * scale;

/** Place along `axis` of the first that no other beats. */
export function placeOf(x: Array64, axis: number, at: readonly number[], beats: (a: number, b: number) => boolean): number {
  const values = Array.from({ length: x.shape[axis] }, (_, i) => get4(x, ...at.toSpliced(axis, 0, i)));
  return values.findIndex((v) => values.every((w) => !beats(w, v)));
}

/** f of each row of the last axis. */
export const rows = ({ shape, data }: Array64, f: (row: number[]) => number[]): Float64Array => {
  const n = shape[shape.length - 1];
  const y = new Float64Array(data.length);
  for (let at = 0; at < y.length; at += n) y.set(f([...data.subarray(at, at + n)]), at);
  return y;
};

/** f of all values that fall together where the axes go. */
export function reduced(
  x: Array64,
  axes: readonly number[],
  shape: readonly number[],
  f: (values: number[]) => number,
): Float64Array[] {
  const groups = Array.from({ length: sizeOf(shape) }, (): number[] => []);
  let i = 0;
  for (const at of indices(x.shape)) {
    const place = x.shape.reduce((p, d, k) => (axes.includes(k) ? p : p * d + at[k]), 0);
    groups[place].push(x.data[i++]);
  }
  return [Float64Array.from(groups, f)];
}

/** Python's range(size)[begin:end:stride]. */
export function placesTaken(size: number, begin: number, end: number, stride: number): number[] {
  const [from, to] = [begin, end].map((v) => (v < 0 ? v + size : v));
  const places: number[] = [];
  if (stride > 0) for (let p = Math.max(from, 0); p < Math.min(to, size); p += stride) places.push(p);
  else for (let p = Math.min(from, size - 1); p > Math.max(to, -1); p += stride) places.push(p);
  return places;
}

/** Element at an index of exactly x's rank. */
export function get4(x: Array64, ...at: number[]): number {
  return x.data[at.reduce((place, p, i) => place * x.shape[i] + p, 0)];
}

/** Operands and attributes on which each operator is tried. */
