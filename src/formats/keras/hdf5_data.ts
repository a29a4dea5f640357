/** Values in an HDF5 file: types, shapes, attributes, and arrays in one piece or in chunks. */
import { unzlibSync } from 'fflate';
import { sizeOf } from '../../graph/graph.ts';
import { badFile, Cursor, type Hdf5File, MESSAGE, type Message, unsupported } from './hdf5_file.ts';

/** Datatype classes of the specification. */
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
const ENUM = 8;
const VARIABLE = 9;

interface Type {
  readonly kind: 'integer' | 'float' | 'text' | 'variable text' | 'other';
  readonly size: number;
  readonly isBig: boolean;
  readonly isSigned: boolean;
}

function typeAt(file: Hdf5File, at: number): Type {
  const c = new Cursor(file, at);
  const kind = c.u8() & 15;
  const bits = c.u8();
  c.skip(2);
  const size = c.u32();
  const type = { size, isBig: (bits & 1) === 1, isSigned: (bits & 8) !== 0 };
  if (kind === INTEGER) return { ...type, kind: 'integer' };
  if (kind === FLOAT) return { ...type, kind: 'float' };
  if (kind === STRING) return { ...type, kind: 'text' };
  // logical values are an enumeration of integers
  if (kind === ENUM) return { ...typeAt(file, c.at), size };
  if (kind === VARIABLE) return { ...type, kind: (bits & 15) === 1 ? 'variable text' : 'other' };
  return { ...type, kind: 'other' };
}

function shapeAt(file: Hdf5File, at: number): number[] {
  const c = new Cursor(file, at);
  const version = c.u8();
  const rank = c.u8();
  c.skip(version === 1 ? 6 : 2);
  return Array.from({ length: rank }, () => c.length());
}

/** deflate never shrinks below 1/1032 (zlib's documentation) */
const MOST_DENSE = 1032;
const MOST_ELEMENTS = 2 ** 26;

/** Refuses what claims to be larger than the file can hold, before it is read. */
function counted(file: Hdf5File, size: number, where: string): void {
  if (size >= 0 && size <= Math.min(MOST_ELEMENTS, MOST_DENSE * file.bytes.length)) return;
  throw badFile(`"${where}" claims ${size} values in a file of ${file.bytes.length} bytes`);
}

/** Text attributes of an object, by name. */
export function textsOf(file: Hdf5File, messages: readonly Message[], where: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const at of file.attributes(messages)) readAttribute(file, at, where, found);
  return found;
}

function readAttribute(file: Hdf5File, at: number, where: string, found: Map<string, string[]>): void {
  const c = new Cursor(file, at);
  const version = c.u8();
  const isShared = version > 1 && (c.u8() & 3) !== 0;
  if (version === 1) c.skip(1);
  const sizes = [c.u16(), c.u16(), c.u16()];
  if (version === 3) c.skip(1);
  const padded = (size: number) => (version === 1 ? 8 * Math.ceil(size / 8) : size);
  const name = plainText(c.bytes(sizes[0]), true);
  c.skip(padded(sizes[0]) - sizes[0]);
  if (isShared) return;
  const type = typeAt(file, c.at);
  const shape = shapeAt(file, c.skip(padded(sizes[1])).at);
  c.skip(padded(sizes[2]));
  const count = sizeOf(shape);
  counted(file, count * type.size, `${where}@${name}`);
  if (type.kind === 'text')
    found.set(
      name,
      texts(count, () => plainText(c.bytes(type.size))),
    );
  if (type.kind === 'variable text')
    found.set(
      name,
      texts(count, () => variableText(c)),
    );
}

const texts = (count: number, read: () => string): string[] => Array.from({ length: count }, read);

/** Up to its first zero; padding at the end is none of it. */
function plainText(bytes: Uint8Array, isName = false): string {
  const end = bytes.indexOf(0);
  const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  return isName ? text : text.replace(/ +$/, '');
}

function variableText(c: Cursor): string {
  const length = c.u32();
  const heap = c.address();
  const index = c.u32();
  if (length === 0 || heap === null || index === 0) return '';
  return plainText(c.file.heapObject(heap, index).subarray(0, length), true);
}

/** The numbers of a dataset; null for an object that is none. */
export function arrayOf(
  file: Hdf5File,
  messages: readonly Message[],
  where: string,
): { readonly shape: number[]; readonly data: Float32Array } | null {
  const part = (type: number) => messages.find((m) => m.type === type)?.at;
  const [space, typed, layout] = [part(MESSAGE.dataspace), part(MESSAGE.datatype), part(MESSAGE.layout)];
  if (space === undefined || typed === undefined || layout === undefined) return null;
  const shape = shapeAt(file, space);
  const type = typeAt(file, typed);
  if (type.kind !== 'integer' && type.kind !== 'float') return null;
  const count = sizeOf(shape);
  counted(file, count * type.size, where);
  const bytes = storedBytes(file, layout, part(MESSAGE.filters), { shape, size: type.size, where });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = reader(type, where);
  return { shape, data: Float32Array.from({ length: count }, (_, i) => read(view, i * type.size)) };
}

function reader({ kind, size, isBig, isSigned }: Type, where: string): (view: DataView, at: number) => number {
  const little = !isBig;
  const readers: Readonly<Record<string, (view: DataView, at: number) => number>> =
    kind === 'float'
      ? {
          2: (v, at) => half(v.getUint16(at, little)),
          4: (v, at) => v.getFloat32(at, little),
          8: (v, at) => v.getFloat64(at, little),
        }
      : {
          1: (v, at) => (isSigned ? v.getInt8(at) : v.getUint8(at)),
          2: (v, at) => (isSigned ? v.getInt16(at, little) : v.getUint16(at, little)),
          4: (v, at) => (isSigned ? v.getInt32(at, little) : v.getUint32(at, little)),
          8: (v, at) => Number(isSigned ? v.getBigInt64(at, little) : v.getBigUint64(at, little)),
        };
  const found = readers[size];
  if (found) return found;
  throw unsupported(`"${where}" holds numbers of ${size} bytes`, 'save the model with float32 weights');
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
}

interface Stored {
  readonly shape: readonly number[];
  /** Bytes of an element. */
  readonly size: number;
  readonly where: string;
}

function storedBytes(file: Hdf5File, layout: number, filters: number | undefined, stored: Stored): Uint8Array {
  const { shape, size, where } = stored;
  const total = sizeOf(shape) * size;
  const c = new Cursor(file, layout);
  const version = c.u8();
  const kind = c.u8();
  if (version !== 3 && !(version === 4 && kind < 2))
    throw unsupported(`"${where}" is stored in a way that Keras does not use`, "save it without libver='latest'");
  if (kind === 0) {
    c.skip(2);
    return c.bytes(total);
  }
  if (kind === 1) {
    const at = c.address();
    return at === null ? new Uint8Array(total) : new Cursor(file, at).bytes(total);
  }
  const rank = c.u8() - 1;
  const tree = c.address();
  const chunk = Array.from({ length: rank }, () => c.u32());
  if (rank !== shape.length || chunk.some((n) => n < 1)) throw badFile(`"${where}" has chunks of other axes`);
  counted(file, sizeOf(chunk) * size, where);
  const bytes = new Uint8Array(total);
  if (tree === null) return bytes;
  const undo = filtersAt(file, filters, where);
  file.leaves(tree, 1, 8 + 8 * (rank + 1), (leaf, key) => {
    const k = new Cursor(file, key);
    const stored = k.u32();
    const skipped = k.u32();
    const start = chunk.map(() => k.number(8));
    const content = undo(new Cursor(file, leaf).bytes(stored), skipped, sizeOf(chunk) * size, size);
    place(bytes, shape, content, chunk, start, size);
  });
  return bytes;
}

/** Copies a chunk's rows into the array; what reaches beyond its ends is left out. */
function place(
  into: Uint8Array,
  shape: readonly number[],
  chunk: Uint8Array,
  sides: readonly number[],
  start: readonly number[],
  size: number,
): void {
  const last = shape.length - 1;
  const copy = (axis: number, from: number, to: number) => {
    const count = Math.min(sides[axis], shape[axis] - start[axis]);
    if (count <= 0) return;
    if (axis === last) {
      const at = (to * shape[axis] + start[axis]) * size;
      into.set(chunk.subarray(from * sides[axis] * size, (from * sides[axis] + count) * size), at);
      return;
    }
    for (let i = 0; i < count; i++) copy(axis + 1, from * sides[axis] + i, to * shape[axis] + start[axis] + i);
  };
  if (last >= 0) copy(0, 0, 0);
}

type Undo = (bytes: Uint8Array, skipped: number, size: number, element: number) => Uint8Array;

const DEFLATE = 1;
const SHUFFLE = 2;
const FLETCHER32 = 3;

/** What undoes the filters that chunks went through, the last one first. */
function filtersAt(file: Hdf5File, at: number | undefined, where: string): Undo {
  const ids = at === undefined ? [] : filterIds(file, at);
  const unknown = ids.find((id) => ![DEFLATE, SHUFFLE, FLETCHER32].includes(id));
  if (unknown !== undefined)
    throw unsupported(`"${where}" is compressed by HDF5's filter ${unknown}`, "save it with compression='gzip' or without");
  return (bytes, skipped, size, element) => {
    let content = bytes;
    for (let i = ids.length - 1; i >= 0; i--) {
      if (skipped & (1 << i)) continue;
      if (ids[i] === DEFLATE) content = inflated(content, size + 4, where);
      else if (ids[i] === FLETCHER32) content = content.subarray(0, content.length - 4);
      else content = unshuffled(content, element);
    }
    if (content.length < size) throw badFile(`a chunk of "${where}" has ${content.length} bytes of ${size}`);
    return content;
  };
}

function filterIds(file: Hdf5File, at: number): number[] {
  const c = new Cursor(file, at);
  const version = c.u8();
  const count = c.u8();
  if (version === 1) c.skip(6);
  return Array.from({ length: count }, () => {
    const id = c.u16();
    const named = version === 1 || id >= 256 ? c.u16() : 0;
    c.skip(2);
    const values = c.u16();
    c.skip(version === 1 ? 8 * Math.ceil(named / 8) : named);
    c.skip(4 * (version === 1 ? values + (values % 2) : values));
    return id;
  });
}

function inflated(bytes: Uint8Array, most: number, where: string): Uint8Array {
  try {
    return unzlibSync(bytes, { out: new Uint8Array(most) });
  } catch (e) {
    throw badFile(`a chunk of "${where}" is damaged: ${(e as Error).message}`);
  }
}

/** Bytes of the same place in each element lie together. */
function unshuffled(bytes: Uint8Array, element: number): Uint8Array {
  const count = Math.floor(bytes.length / element);
  const out = Uint8Array.from(bytes);
  for (let b = 0; b < element; b++) for (let i = 0; i < count; i++) out[i * element + b] = bytes[b * count + i];
  return out;
}
