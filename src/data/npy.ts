/**
 * NumPy's .npy files, versions 1 to 3, any byte order, C or Fortran order.
 * Source: NumPy 2.1, "numpy.lib.format" (magic, header length, a Python dict as header, raw elements).
 */
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { fromHalf } from '../graph/half.ts';
import type { Samples } from './dataset.ts';
import type { PagedSamples } from './paged.ts';

export type NpyData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array;

/** Elements in C order. `type` is NumPy's, of the host's byte order: f2 is widened to Float32Array, b1 is a Uint8Array of 0 and 1. */
export interface NpyArray {
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: NpyData;
  /** Of an array of words (U or S) its elements; `data` is empty. */
  readonly words?: readonly string[];
  /** Of an array that stays in its file; `data` is empty. */
  readonly paged?: PagedSamples;
}

export const TYPES = {
  f2: { bytes: 2, array: Uint16Array },
  f4: { bytes: 4, array: Float32Array },
  f8: { bytes: 8, array: Float64Array },
  u1: { bytes: 1, array: Uint8Array },
  i1: { bytes: 1, array: Int8Array },
  b1: { bytes: 1, array: Uint8Array },
  u2: { bytes: 2, array: Uint16Array },
  i2: { bytes: 2, array: Int16Array },
  u4: { bytes: 4, array: Uint32Array },
  i4: { bytes: 4, array: Int32Array },
  u8: { bytes: 8, array: BigUint64Array },
  i8: { bytes: 8, array: BigInt64Array },
} as const;

/** Elements of little endian as they are kept: 8 and 16 bits and floats of 32 as they are, all else as float32. */
export function typedOf(type: string, bytes: Uint8Array, count: number): Samples {
  const { array } = TYPES[type as keyof typeof TYPES];
  const data = new array(bytes.buffer as ArrayBuffer, bytes.byteOffset, count);
  if (data instanceof Float32Array || data instanceof Uint8Array || data instanceof Int8Array || data instanceof Int16Array)
    return data;
  if (type === 'f2') return Float32Array.from(data as Uint16Array, fromHalf);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // "\x93NUMPY"

export const isNpy = (bytes: Uint8Array): boolean => MAGIC.every((b, i) => bytes[i] === b);

/**
 * @param bytes a whole .npy file
 * @param name  how messages call it
 * @throws CompressError `bad-file` when it is not .npy, cut short or longer than its header says; `unsupported` for types without numbers
 */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  const { type } = readHeader(bytes, name);
  if (isWords(type)) throw noNumbers(name, type);
  return readNumbersOrWords(bytes, name);
}

/** The same, of labels that may be words. */
export function readNumbersOrWords(bytes: Uint8Array, name: string): NpyArray {
  const { type, swapped, fortran, shape, start } = readHeader(bytes, name);
  const count = sizeOf(shape);
  if (isWords(type)) {
    return { type, shape, data: new Uint8Array(0), words: readWords(bytes.subarray(start), type, swapped, shape, name) };
  }
  const { bytes: width, array } = TYPES[type];
  if (!Number.isSafeInteger(count) || bytes.length - start !== count * width) {
    throw broken(name, `its header says [${shape}] of ${type}, ${count * width} bytes, but ${bytes.length - start} bytes follow`);
  }
  const raw = new Uint8Array(bytes.subarray(start)); // a copy: aligned, and the file can be freed
  if (swapped) for (let i = 0; i < raw.length; i += width) raw.subarray(i, i + width).reverse();
  let data: NpyData = new array(raw.buffer, 0, count);
  if (type === 'f2') data = Float32Array.from(data as Uint16Array, fromHalf);
  if (type === 'b1') data = (data as Uint8Array).map((b) => (b ? 1 : 0));
  return { type, shape, data: fortran ? fromFortran(data, shape) : data };
}

type WordType = `${'U' | 'S'}${number}`;

export const isWords = (type: string): type is WordType => /^[US]\d{1,6}$/.test(type);

/** Words of one length each, filled up with zeros: UCS-4 (U) or bytes (S). */
function readWords(raw: Uint8Array, type: WordType, swapped: boolean, shape: readonly number[], name: string): string[] {
  const width = Number(type.slice(1)) * (type[0] === 'U' ? 4 : 1);
  const count = sizeOf(shape);
  if (width === 0 || raw.length !== count * width)
    throw broken(name, `its header says [${shape}] of ${type}, but ${raw.length} bytes follow`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: count }, (_, i) => {
    if (type[0] === 'S') return new TextDecoder().decode(raw.subarray(i * width, (i + 1) * width)).replace(/\0+$/, '');
    let word = '';
    for (let at = i * width; at < (i + 1) * width; at += 4) {
      const code = view.getUint32(at, !swapped);
      if (code > 0x10ffff) throw broken(name, `element ${i} is no text`);
      if (code) word += String.fromCodePoint(code);
    }
    return word;
  });
}

/** A version 1.0 file, little endian, C order. */
export function writeNpy(data: Exclude<NpyData, Uint32Array | BigUint64Array>, shape: readonly number[]): Uint8Array {
  const type = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((t) => t !== 'f2' && data instanceof TYPES[t].array)!;
  const descr = (TYPES[type].bytes === 1 ? '|' : '<') + type;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const header = `${dict.padEnd(64 * Math.ceil((dict.length + 11) / 64) - 11)}\n`;
  const out = new Uint8Array(10 + header.length + data.byteLength);
  out.set([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  out.set(new TextEncoder().encode(header), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return out;
}

export const broken = (name: string, what: string) =>
  new CompressError(
    'bad-file',
    `${name} is damaged: ${what}`,
    'write it again with numpy.save, or copy it again if it was cut short',
  );

const noNumbers = (name: string, type: string) =>
  new CompressError(
    'unsupported',
    `${name} holds elements of type ${type}`,
    `save numbers: astype(numpy.float32) for examples, astype(numpy.int32) for labels (read are ${Object.keys(TYPES).join(', ')})`,
  );

export function readHeader(bytes: Uint8Array, name: string) {
  if (!isNpy(bytes)) throw broken(name, 'it does not start with the six bytes of a .npy file');
  const major = bytes[6];
  if (bytes.length < 12 || major < 1 || major > 3) throw broken(name, `version ${major} of its header is unknown`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = major === 1 ? 10 : 12;
  const start = from + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length) throw broken(name, 'it ends inside its header');
  const text = new TextDecoder().decode(bytes.subarray(from, start));
  const descr = /'descr'\s*:\s*'([<>|=]?)(\w+)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const tuple = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (!order || !tuple || !/'descr'/.test(text)) throw broken(name, 'its header is not a description of an array');
  if (!descr || !(descr[2] in TYPES || isWords(descr[2]))) throw noNumbers(name, descr ? descr[2] : 'record or object');
  return {
    type: descr[2] as keyof typeof TYPES | WordType,
    swapped: descr[1] === '>',
    fortran: order[1] === 'True',
    shape: (tuple[1].match(/\d+/g) ?? []).map(Number),
    start,
  };
}

/** The first index runs fastest in `data`; in the result the last one does. */
function fromFortran<T extends NpyData>(data: T, shape: readonly number[]): T {
  const out = data.slice() as T;
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = new Array<number>(shape.length).fill(0);
  for (let to = 0, from = 0; to < data.length; to++) {
    out[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
