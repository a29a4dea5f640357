/** How an array is stored in an HDF5 file: in one piece or in chunks, through filters. */
import { unzlibSync } from 'fflate';
import { MOST_DENSE } from '../../data/zip.ts';
import { adler32 } from '../../digest.ts';
import { sizeOf } from '../../graph/graph.ts';
import { badFile, Cursor, unsupported } from './hdf5_cursor.ts';
import type { Hdf5File } from './hdf5_file.ts';

/** No network for a microcontroller has as much in one array. */
const MOST_BYTES = 2 ** 26;

/** Refuses what claims to be larger than the file can hold, before it is read. */
export function checkSize(file: Hdf5File, size: number, where: string): void {
  if (!(size >= 0 && size <= MOST_DENSE * file.bytes.length))
    throw badFile(`"${where}" claims ${size} bytes in a file of ${file.bytes.length}`);
  if (size > MOST_BYTES)
    throw unsupported(`"${where}" has ${size} bytes, and ${MOST_BYTES} are read at most`, 'give a smaller model');
}

interface Stored {
  readonly shape: readonly number[];
  /** Bytes of an element. */
  readonly size: number;
  readonly where: string;
  readonly fill: Uint8Array | null;
}

/** The bytes of an array, its elements in order. */
export function storedBytes(file: Hdf5File, layout: number, filters: number | undefined, stored: Stored): Uint8Array {
  const { shape, size, where, fill } = stored;
  const total = sizeOf(shape) * size;
  const unwritten = () => {
    const bytes = new Uint8Array(total);
    if (fill?.length === size && fill.some((b) => b !== 0)) for (let at = 0; at < total; at += size) bytes.set(fill, at);
    return bytes;
  };
  const c = new Cursor(file, layout);
  const version = c.u8();
  const kind = c.u8();
  if (version !== 3 && !(version === 4 && kind < 2)) {
    const how = kind === 2 ? 'in chunks' : kind === 3 ? 'as parts of other arrays (virtual)' : 'in one piece';
    throw unsupported(`"${where}" is stored ${how} by a layout of version ${version}`, "save it without libver='latest'");
  }
  if (kind === 0) {
    c.skip(2);
    return c.bytes(total);
  }
  if (kind === 1) {
    const at = c.address();
    return at === null ? unwritten() : new Cursor(file, at).bytes(total);
  }
  const rank = c.u8() - 1;
  const tree = c.address();
  const chunk = Array.from({ length: rank }, () => c.u32());
  if (rank !== shape.length || chunk.some((n) => n < 1)) throw badFile(`"${where}" has chunks of other axes`);
  const most = sizeOf(shape.map((n, axis) => Math.ceil(n / chunk[axis])));
  checkSize(file, most * sizeOf(chunk) * size, where);
  const bytes = unwritten();
  if (tree === null) return bytes;
  const undo = filtersAt(file, filters, where);
  let read = 0;
  file.leaves(tree, 1, 8 + 8 * (rank + 1), (leaf, key) => {
    if (++read > most) throw badFile(`"${where}" has more than its ${most} chunks`);
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
/** Of HDF5 itself and of h5py, and those that are registered and usual. */
const OTHER_FILTERS: Readonly<Record<number, string>> = {
  4: 'szip',
  5: 'n-bit packing',
  6: 'scale and offset',
  32000: 'LZF',
  32001: 'Blosc',
  32004: 'LZ4',
  32015: 'Zstandard',
};

/** What undoes the filters that chunks went through, the last one first. */
function filtersAt(file: Hdf5File, at: number | undefined, where: string): Undo {
  const ids = at === undefined ? [] : filterIds(file, at);
  const unknown = ids.find((id) => ![DEFLATE, SHUFFLE, FLETCHER32].includes(id));
  if (unknown !== undefined) {
    const filter = OTHER_FILTERS[unknown] ?? `HDF5's filter ${unknown}`;
    throw unsupported(`"${where}" is stored by ${filter}, which is not read`, "save it with compression='gzip' or without");
  }
  return (bytes, skipped, size, element) => {
    let content = bytes;
    for (let i = ids.length - 1; i >= 0; i--) {
      if (skipped & (1 << i)) continue;
      if (ids[i] === DEFLATE) content = inflated(content, size + 4, where);
      else if (ids[i] === FLETCHER32) content = verified(content, where);
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

const damaged = (where: string, why: string) => badFile(`a chunk of "${where}" is damaged: ${why}`);

function inflated(bytes: Uint8Array, most: number, where: string): Uint8Array {
  let content: Uint8Array;
  try {
    content = unzlibSync(bytes, { out: new Uint8Array(most) });
  } catch (e) {
    throw damaged(where, (e as Error).message);
  }
  const end = bytes.subarray(-4);
  if (end.length < 4 || adler32(content) !== new DataView(end.buffer, end.byteOffset).getUint32(0))
    throw damaged(where, 'its checksum does not agree');
  return content;
}

/** The bytes before a Fletcher checksum of their 16-bit words, that of HDF5: sums modulo 65535, an odd last byte is the upper one of its word. */
function verified(bytes: Uint8Array, where: string): Uint8Array {
  const content = bytes.subarray(0, -4);
  const end = bytes.subarray(-4);
  let [low, high] = [0, 0];
  for (let i = 0; i < content.length; i += 2) {
    low = (low + content[i] * 256 + (content[i + 1] ?? 0)) % 65535;
    high = (high + low) % 65535;
  }
  const [a, b, c, d] = end;
  if (end.length < 4 || (a + 256 * b) % 65535 !== low || (c + 256 * d) % 65535 !== high)
    throw damaged(where, 'its checksum does not agree');
  return content;
}

/** Bytes of the same place in each element lie together. */
function unshuffled(bytes: Uint8Array, element: number): Uint8Array {
  const count = Math.floor(bytes.length / element);
  const out = Uint8Array.from(bytes);
  for (let b = 0; b < element; b++) for (let i = 0; i < count; i++) out[i * element + b] = bytes[b * count + i];
  return out;
}
