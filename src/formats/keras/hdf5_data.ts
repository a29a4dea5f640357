/** Values in an HDF5 file: types, shapes, attributes and arrays. */
import { sizeOf } from '../../graph/graph.ts';
import { fromBfloat16, fromHalf } from '../../graph/half.ts';
import { Cursor, unsupported } from './hdf5_cursor.ts';
import { type Hdf5File, MESSAGE, type Message } from './hdf5_file.ts';
import { checkSize, storedBytes } from './hdf5_storage.ts';

/** Datatype classes of the specification. */
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
const ENUM = 8;
const VARIABLE = 9;

interface Type {
  readonly kind: 'integer' | 'float' | 'bfloat16' | 'text' | 'variable text' | 'other';
  readonly size: number;
  readonly isBig: boolean;
  readonly isSigned: boolean;
}

/** Bits of the mantissa and bias of the exponent of floats that are known, by bytes. */
const FLOATS: Readonly<Record<number, readonly (readonly [mantissa: number, bias: number, kind: 'float' | 'bfloat16'])[]>> = {
  2: [
    [10, 15, 'float'],
    [7, 127, 'bfloat16'],
  ],
  4: [[23, 127, 'float']],
  8: [[52, 1023, 'float']],
};

function typeAt(file: Hdf5File, at: number): Type {
  const c = new Cursor(file, at);
  const kind = c.u8() & 15;
  const bits = c.u8();
  c.skip(2);
  const size = c.u32();
  const type = { size, isBig: (bits & 1) === 1, isSigned: (bits & 8) !== 0 };
  if (kind === INTEGER) return { ...type, kind: c.u16() === 0 && c.u16() === 8 * size ? 'integer' : 'other' };
  if (kind === FLOAT) {
    const mantissa = c.skip(7).u8();
    const bias = c.u32();
    const known = FLOATS[size]?.find((f) => f[0] === mantissa && f[1] === bias);
    return { ...type, kind: known ? known[2] : 'other' };
  }
  if (kind === STRING) return { ...type, kind: 'text' };
  // logical values are an enumeration of integers
  if (kind === ENUM) return { ...typeAt(file, c.at), size };
  if (kind === VARIABLE) return { ...type, kind: (bits & 15) === 1 ? 'variable text' : 'other' };
  return { ...type, kind: 'other' };
}

/** Type of a dataspace without any value. */
const NOTHING = 2;

function shapeAt(file: Hdf5File, at: number): number[] {
  const c = new Cursor(file, at);
  const version = c.u8();
  const rank = c.u8();
  const isNothing = c.skip(1).u8() === NOTHING && version > 1;
  c.skip(version === 1 ? 4 : 0);
  if (isNothing) return [0];
  return Array.from({ length: rank }, () => c.length());
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
  checkSize(file, count * type.size, `${where}@${name}`);
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
  const shared = messages.find((m) => m.isShared && (m.type === MESSAGE.dataspace || m.type === MESSAGE.datatype));
  if (shared) throw unsupported(`"${where}" has a type that is kept apart from it (a committed datatype)`, FLOAT32);
  const part = (type: number) => messages.find((m) => m.type === type)?.at;
  const [space, typed, layout] = [part(MESSAGE.dataspace), part(MESSAGE.datatype), part(MESSAGE.layout)];
  if (space === undefined || typed === undefined || layout === undefined) return null;
  if (part(MESSAGE.externalFiles) !== undefined)
    throw unsupported(`the values of "${where}" are in other files`, 'save the model in one file');
  const shape = shapeAt(file, space);
  const type = typeAt(file, typed);
  const count = sizeOf(shape);
  checkSize(file, count * type.size, where);
  const read = reader(type, where);
  const [filters, fill] = [part(MESSAGE.filters), part(MESSAGE.fillValue)];
  const bytes = storedBytes(file, layout, filters, { shape, size: type.size, where, fill: fill ? fillAt(file, fill) : null });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = read(view, i * type.size);
  return { shape, data };
}

const FLOAT32 = 'save the model with float32 weights';

type Read = (view: DataView, at: number) => number;

const READERS: Readonly<Partial<Record<Type['kind'], Readonly<Record<number, (little: boolean, isSigned: boolean) => Read>>>>> = {
  float: {
    2: (little) => (v, at) => fromHalf(v.getUint16(at, little)),
    4: (little) => (v, at) => v.getFloat32(at, little),
    8: (little) => (v, at) => v.getFloat64(at, little),
  },
  bfloat16: { 2: (little) => (v, at) => fromBfloat16(v.getUint16(at, little)) },
  integer: {
    1: (_, isSigned) => (v, at) => (isSigned ? v.getInt8(at) : v.getUint8(at)),
    2: (little, isSigned) => (v, at) => (isSigned ? v.getInt16(at, little) : v.getUint16(at, little)),
    4: (little, isSigned) => (v, at) => (isSigned ? v.getInt32(at, little) : v.getUint32(at, little)),
    8: (little, isSigned) => (v, at) => Number(isSigned ? v.getBigInt64(at, little) : v.getBigUint64(at, little)),
  },
};

function reader({ kind, size, isBig, isSigned }: Type, where: string): Read {
  const found = READERS[kind]?.[size];
  if (found) return found(!isBig, isSigned);
  throw unsupported(`"${where}" holds values of ${size} bytes, of a kind that is not read`, FLOAT32);
}

/** The bytes of a value that was never written; null where they are zeros. */
function fillAt(file: Hdf5File, at: number): Uint8Array | null {
  const c = new Cursor(file, at);
  const version = c.u8();
  const flags = c.u8();
  const isDefined = version === 3 ? (flags & 0x20) !== 0 : c.skip(1).u8() !== 0 || version === 1;
  return isDefined ? c.bytes(c.u32()) : null;
}
