/** Large .npz archives on disk: small arrays are read whole, large ones stay where they are, or are unpacked into a file of their own. */
import { Inflate } from 'fflate';
import { crc32 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { host } from '../host/node.ts';
import type { NamedArrays } from './arrays.ts';
import { broken, isWords, type NpyArray, readHeader, readNumbersOrWords, TYPES } from './npy.ts';
import { PAGED_BYTES, pagedIn, readAt, reopen, temporaryFile } from './paged.ts';
import { listed, type Reading } from './raw.ts';
import { isOfSystem } from './system.ts';
import { DEFLATE, otherwiseCompressed } from './zip.ts';

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  /** Bytes as stored, and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Of its local header. */
  readonly at: number;
}

const PIECE = 1 << 22;
const LARGEST_HEADER = 1 << 16;

const damaged = (where: string, why: string) =>
  new CompressError('bad-file', `${where} is damaged: ${why}`, 'it was probably cut short or damaged on its way: copy it again');

/** @param file its path @param where how messages call it @param most bytes of an array that is read whole */
export function npzOnDisk(file: string, where: string, { notes }: Pick<Reading, 'notes'>, most = PAGED_BYTES): NamedArrays {
  const entries = entriesOf(file, where);
  const isArray = ({ name }: Entry) => name.endsWith('.npy') && !isOfSystem(name);
  const others = entries.filter((e) => !isArray(e)).map((e) => e.name);
  if (others.length) notes.push(`not used in ${where}: ${listed(others)}`);
  const arrays = new Map(entries.filter(isArray).map((e) => [e.name.slice(0, -4), e]));
  const known = new Map<string, NpyArray>();
  const read = (name: string) => {
    const array = known.get(name) ?? arrayOf(file, arrays.get(name)!, where, most);
    if (array.paged) known.set(name, array);
    return array;
  };
  return { where, names: [...arrays.keys()], read, fileOf: () => where };
}

/** Bytes of the largest array in an archive; 0 where it is none that can be read. */
export function largestIn(file: string): number {
  try {
    return entriesOf(file, file).reduce((most, e) => Math.max(most, e.size), 0);
  } catch (e) {
    if (e instanceof CompressError) return 0;
    throw e;
  }
}

/** An array that is alone in a large file. */
export const npyOnDisk = (file: string, where: string): NpyArray => {
  reopen(file);
  const { size } = host.node!.sync.statSync(file);
  return pagedNpy(file, 0, size, readAt(file, 0, Math.min(size, LARGEST_HEADER)), where);
};

function arrayOf(file: string, entry: Entry, archive: string, most: number): NpyArray {
  const where = `${archive}:${entry.name.slice(0, -4)}`;
  if (entry.method !== 0 && entry.method !== DEFLATE)
    throw otherwiseCompressed(archive, { name: entry.name, compression: entry.method });
  const local = readAt(file, entry.at, 30);
  const view = new DataView(local.buffer);
  if (view.getUint32(0, true) !== 0x04034b50) throw damaged(archive, `${entry.name} is not where it should be`);
  const from = entry.at + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (entry.size < most) {
    const pieces: Uint8Array[] = [];
    unpack(file, from, entry, where, (piece) => void pieces.push(piece.slice()));
    return readNumbersOrWords(joined(pieces), where);
  }
  if (entry.method === 0) {
    unpack(file, from, entry, where, () => {});
    return pagedNpy(file, from, entry.size, readAt(file, from, Math.min(entry.size, LARGEST_HEADER)), where);
  }
  const unpacked = temporaryFile(entry.name, (write) => unpack(file, from, entry, where, write));
  return pagedNpy(unpacked, 0, entry.size, readAt(unpacked, 0, Math.min(entry.size, LARGEST_HEADER)), where);
}

/** An array that stays in a file, whose header is in `head` and begins at `from`. @throws as readNpy, and `unsupported` for orders that cannot stay there */
function pagedNpy(file: string, from: number, length: number, head: Uint8Array, name: string): NpyArray {
  const { type, swapped, fortran, shape, start } = readHeader(head, name);
  if (isWords(type) || swapped || fortran)
    throw new CompressError(
      'unsupported',
      `${name} is too large to be read whole, and is ${isWords(type) ? `of type ${type}` : swapped ? 'of big endian' : 'in Fortran order'}`,
      'save it again: numpy.ascontiguousarray(x, numpy.float32)',
    );
  const { bytes: width } = TYPES[type];
  if (length - start !== sizeOf(shape) * width)
    throw broken(
      name,
      `its header says [${shape}] of ${type}, ${sizeOf(shape) * width} bytes, but ${length - start} bytes follow`,
    );
  return { type, shape, data: new Uint8Array(0), paged: pagedIn(file, from + start, type, width, shape) };
}

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};

/** The content of an entry, piece by piece. @throws CompressError where its size or checksum is another */
function unpack(
  file: string,
  from: number,
  { method, crc, packed, size }: Entry,
  where: string,
  take: (piece: Uint8Array) => void,
) {
  let sum = 0;
  let length = 0;
  const got = (piece: Uint8Array) => {
    sum = crc32(piece, sum);
    length += piece.length;
    if (length > size) throw damaged(where, 'it is longer than it says');
    take(piece);
  };
  const inflate = method === DEFLATE ? new Inflate(got) : null;
  try {
    for (let done = 0; done < packed; done += PIECE) {
      const piece = readAt(file, from + done, Math.min(PIECE, packed - done));
      if (inflate) inflate.push(piece, done + PIECE >= packed);
      else got(piece);
    }
  } catch (e) {
    if (e instanceof CompressError) throw e;
    throw damaged(where, e instanceof Error ? e.message : String(e));
  }
  if (length !== size || sum !== crc) throw damaged(where, 'its checksum does not agree');
}

/** The central directory (PKWARE APPNOTE 6.3.10, sections 4.3.12 to 4.3.16). */
function entriesOf(file: string, where: string): Entry[] {
  reopen(file);
  const { size } = host.node!.sync.statSync(file);
  const tail = readAt(file, Math.max(0, size - 65557), Math.min(size, 65557));
  const view = new DataView(tail.buffer);
  let end = tail.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw damaged(where, 'it has no directory');
  let [length, at] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  if (end >= 20 && view.getUint32(end - 20, true) === 0x07064b50) {
    const large = new DataView(readAt(file, Number(view.getBigUint64(end - 12, true)), 56).buffer);
    [length, at] = [Number(large.getBigUint64(40, true)), Number(large.getBigUint64(48, true))];
  }
  if (at + length > size) throw damaged(where, 'its directory is not where it should be');
  return listOf(readAt(file, at, length), where);
}

function listOf(bytes: Uint8Array, where: string): Entry[] {
  const view = new DataView(bytes.buffer);
  const entries: Entry[] = [];
  for (let at = 0; at + 46 <= bytes.length; ) {
    if (view.getUint32(at, true) !== 0x02014b50) throw damaged(where, 'its directory is cut short');
    const [name, extra, comment] = [28, 30, 32].map((k) => view.getUint16(at + k, true));
    const behind = at + 46 + name;
    if (behind + extra > bytes.length) throw damaged(where, 'its directory is cut short');
    const large = largeOf(new DataView(bytes.buffer, behind, extra));
    const whole = (k: number) => {
      const v = view.getUint32(at + k, true);
      return v === 0xffffffff ? (large.shift() ?? v) : v;
    };
    const unpacked = whole(24);
    entries.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, behind)),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      size: unpacked,
      packed: whole(20),
      at: whole(42),
    });
    at = behind + extra + comment;
  }
  return entries;
}

/** Sizes of 64 bits, in their order: unpacked, packed, place. */
function largeOf(extra: DataView): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    const count = Math.min(3, Math.floor(Math.min(extra.getUint16(at + 2, true), extra.byteLength - at - 4) / 8));
    return Array.from({ length: count }, (_, i) => Number(extra.getBigUint64(at + 4 + 8 * i, true)));
  }
  return [];
}
