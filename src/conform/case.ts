import { bytesOf, type DType, newValues, showShape, sizeOf, type Values } from '../graph/graph.ts';
import { unpackInt4 } from '../graph/int4.ts';
import type { PlacedOperand } from '../ops/op.ts';
import type { Heap } from '../wasm/heap.ts';

/** One case of a golden file. Fields are unchecked JSON: read them by the functions below, which check. */
export type Case = Readonly<Record<string, unknown>> & { readonly name: string; readonly op: string };

/** What is wrong with a golden file or case; it becomes a failure of that case. */
export class MalformedCase extends Error {}

const DTYPES: Readonly<Record<string, DType>> = {
  int4: 'i4',
  int8: 'i8',
  uint8: 'u8',
  int16: 'i16',
  int32: 'i32',
  int64: 'i64',
  float32: 'f32',
};

/** No golden case comes near it; a shape beyond it is a mistake. */
const MAX_ELEMENTS = 2 ** 28;

export interface Decoded {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly values: Values;
}

export const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

/** The elements of a golden tensor `{shape, dtype, data}`: row-major, little-endian, base64; int4 comes unpacked. */
export function decode(tensor: unknown, what: string): Decoded {
  if (!isRecord(tensor)) throw new MalformedCase(`${what} is not a tensor`);
  const dtype = DTYPES[String(tensor.dtype)];
  if (!dtype) throw new MalformedCase(`${what} has the unknown dtype ${JSON.stringify(tensor.dtype)}`);
  const shape = numbers(tensor.shape, `${what}.shape`);
  if (!shape.every((d) => Number.isInteger(d) && d >= 0)) throw new MalformedCase(`${what} has the shape ${showShape(shape)}`);
  if (tensor.values !== undefined) return { shape, dtype, values: tensor.values as Values };
  if (typeof tensor.data !== 'string') throw new MalformedCase(`${what}.data is not a base64 string`);
  const bytes = fromBase64(tensor.data, what);
  const n = sizeOf(shape);
  const expected = bytesOf(dtype, n);
  if (bytes.length !== expected) {
    throw new MalformedCase(`${what} holds ${bytes.length} bytes but ${n} elements of ${tensor.dtype} need ${expected}`);
  }
  if (dtype === 'i4') return { shape, dtype, values: unpackInt4(bytes, n) };
  const values = newValues(dtype, n);
  new Uint8Array(values.buffer).set(bytes);
  return { shape, dtype, values };
}

function fromBase64(text: string, what: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new MalformedCase(`${what}.data is not base64`);
  }
}

export function numbers(v: unknown, what: string): readonly number[] {
  if (!Array.isArray(v) || !v.every((n) => typeof n === 'number' && Number.isFinite(n))) {
    throw new MalformedCase(`${what} is not a list of numbers`);
  }
  return v;
}

/** What a case computes, by the name of its field. */
export type Results = Readonly<Record<string, Values>>;

/** Runs the operator of one case through the engine. `c.heap` is the engine; all memory is freed by the caller. */
export type Runner = (c: Reader) => Results;

/** Reads a case field by field into memory, with a clear message where something is missing. */
export class Reader {
  readonly #path: string;
  constructor(
    readonly heap: Heap,
    readonly fields: Readonly<Record<string, unknown>>,
    path = '',
  ) {
    this.#path = path;
  }

  /** A part of the case as a reader of its own. */
  in(name: string): Reader {
    const part = this.fields[name];
    if (!isRecord(part)) throw new MalformedCase(`${this.#path}${name} is missing or not an object`);
    return new Reader(this.heap, part, `${this.#path}${name}.`);
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  number(name: string): number {
    const v = this.fields[name];
    if (typeof v !== 'number' || !Number.isFinite(v)) throw new MalformedCase(`${this.#path}${name} is missing or not a number`);
    return v;
  }

  text(name: string): string {
    const v = this.fields[name];
    if (typeof v !== 'string') throw new MalformedCase(`${this.#path}${name} is missing or not a string`);
    return v;
  }

  flag(name: string): boolean {
    return this.fields[name] === true;
  }

  /** A list of integers; as a shape, a possible one. */
  list(name: string): readonly number[] {
    const found = numbers(this.fields[name], this.#path + name);
    const isShape = /shape|dims/.test(name);
    const fits = found.every(Number.isInteger) && (!isShape || (found.every((d) => d >= 0) && sizeOf(found) <= MAX_ELEMENTS));
    if (!fits) throw new MalformedCase(`${this.#path}${name} is ${showShape(found)}`);
    return found;
  }

  /** `{h, w}` as [h, w]. */
  pair(name: string): [number, number] {
    const part = this.in(name);
    return [part.number('h'), part.number('w')];
  }

  /** `{n, h, w, c}` as [n, h, w, c]. */
  dims(name: string): [number, number, number, number] {
    const part = this.in(name);
    return [part.number('n'), part.number('h'), part.number('w'), part.number('c')];
  }

  decode(name: string): Decoded {
    return decode(this.fields[name], this.#path + name);
  }

  /** The tensor in memory. */
  tensor(name: string): PlacedOperand {
    const { dtype, shape, values } = this.decode(name);
    return { ...this.heap.tensor(dtype, shape, values), quant: null, data: values };
  }

  /** Memory for a tensor that is computed. */
  output(dtype: DType, shape: readonly number[]): PlacedOperand {
    return { ...this.heap.tensor(dtype, shape), quant: null, data: null };
  }

  /** The tensor in memory, or null where the case has none. */
  optional(name: string): PlacedOperand | null {
    return this.has(name) ? this.tensor(name) : null;
  }
}
