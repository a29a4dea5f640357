import { type Builder, ByteBuffer } from 'flatbuffers';
import { CompressError } from '../../errors.ts';

/**
 * FlatBuffers by field number, for a file that may hold anything: every read is checked against the file's end, and the
 * elements read altogether are limited, since tables may refer to the same bytes over and over.
 */
export class FlatFile {
  readonly #buffer: ByteBuffer;
  #budget: number;

  constructor(readonly bytes: Uint8Array) {
    this.#buffer = new ByteBuffer(bytes);
    this.#budget = 64 * bytes.length + 1e6;
  }

  /** The outermost table of a file of the kind that `identifier` marks. */
  root(identifier: string): FlatTable {
    this.need(0, 8);
    const found = String.fromCharCode(...this.bytes.subarray(4, 8));
    if (found !== identifier) throw badFile(`bytes 4 to 7 are not the mark "${identifier}" of a .tflite file`);
    return this.table(0);
  }

  /** The table that the offset at `at` points to. */
  table(at: number): FlatTable {
    const start = this.follow(at);
    this.need(start, 4);
    const fields = start - this.#buffer.readInt32(start);
    this.need(fields, 4);
    this.need(fields, this.#buffer.readUint16(fields));
    this.need(start, this.#buffer.readUint16(fields + 2));
    return new FlatTable(this, this.#buffer, start);
  }

  /** Where the offset at `at` points. */
  follow(at: number): number {
    this.need(at, 4);
    return at + this.#buffer.readUint32(at);
  }

  /** First element and length of a vector whose offset lies at `at`. */
  vector(at: number, size: number): { first: number; length: number } {
    const start = this.follow(at);
    this.need(start, 4);
    const length = this.#buffer.readUint32(start);
    this.need(start + 4, length * size);
    return { first: start + 4, length };
  }

  need(at: number, count: number): void {
    if (!(at >= 0 && at + count <= this.bytes.length)) {
      throw badFile(`${count} bytes at offset ${at} are missing: the file has ${this.bytes.length}`);
    }
    this.#budget -= count;
    if (this.#budget < 0) throw badFile(`its tables refer to the same bytes again and again, last at offset ${at}`);
  }
}

export function badFile(what: string, fix = 'give a complete .tflite file, as the converter wrote it'): CompressError {
  return new CompressError('bad-file', `not a valid .tflite file: ${what}`, fix);
}

/** One table; a field that is left out reads as its default. */
export class FlatTable {
  constructor(
    readonly file: FlatFile,
    readonly buffer: ByteBuffer,
    readonly start: number,
  ) {}

  /** Address of field `id`, or 0 where it is left out. */
  #field(id: number, size: number): number {
    const offset = this.buffer.__offset(this.start, 4 + 2 * id);
    if (!offset) return 0;
    this.file.need(this.start + offset, size);
    return this.start + offset;
  }

  /** Fields that the table has room for. */
  fieldCount(): number {
    return (this.buffer.readUint16(this.start - this.buffer.readInt32(this.start)) - 4) >> 1;
  }

  has(id: number): boolean {
    return this.#field(id, 1) > 0;
  }

  i8(id: number, otherwise = 0): number {
    const at = this.#field(id, 1);
    return at ? this.buffer.readInt8(at) : otherwise;
  }

  u8(id: number, otherwise = 0): number {
    return this.i8(id, otherwise) & 255;
  }

  bool(id: number, otherwise = false): boolean {
    return this.i8(id, Number(otherwise)) !== 0;
  }

  i32(id: number, otherwise = 0): number {
    const at = this.#field(id, 4);
    return at ? this.buffer.readInt32(at) : otherwise;
  }

  u32(id: number, otherwise = 0): number {
    return this.i32(id, otherwise) >>> 0;
  }

  u64(id: number): number {
    const at = this.#field(id, 8);
    return at ? Number(this.buffer.readUint64(at)) : 0;
  }

  f32(id: number, otherwise = 0): number {
    const at = this.#field(id, 4);
    return at ? this.buffer.readFloat32(at) : otherwise;
  }

  string(id: number): string {
    return new TextDecoder().decode(this.bytes(id));
  }

  bytes(id: number): Uint8Array {
    const at = this.#field(id, 4);
    if (!at) return new Uint8Array(0);
    const { first, length } = this.file.vector(at, 1);
    return this.file.bytes.subarray(first, first + length);
  }

  i32s(id: number): number[] {
    return this.#list(id, 4, (at) => this.buffer.readInt32(at));
  }

  f32s(id: number): number[] {
    return this.#list(id, 4, (at) => this.buffer.readFloat32(at));
  }

  i64s(id: number): number[] {
    return this.#list(id, 8, (at) => Number(this.buffer.readInt64(at)));
  }

  table(id: number): FlatTable | null {
    const at = this.#field(id, 4);
    return at ? this.file.table(at) : null;
  }

  tables(id: number): FlatTable[] {
    return this.#list(id, 4, (at) => this.file.table(at));
  }

  #list<T>(id: number, size: number, read: (at: number) => T): T[] {
    const at = this.#field(id, 4);
    if (!at) return [];
    const { first, length } = this.file.vector(at, size);
    return Array.from({ length }, (_, i) => read(first + i * size));
  }
}

/** What a field is written as; offsets are of what was written before. */
export type FlatField = readonly ['i8' | 'i32' | 'f32' | 'offset', number, number?];

/** Writes a table; a scalar that equals its default (0 unless given) is left out. Returns its offset. */
export function writeTable(builder: Builder, fields: Readonly<Record<number, FlatField>>): number {
  const ids = Object.keys(fields).map(Number);
  builder.startObject(Math.max(-1, ...ids) + 1);
  // the largest first, so that no room is lost to alignment
  const order = ids.sort((a, b) => Number(fields[a][0] === 'i8') - Number(fields[b][0] === 'i8') || a - b);
  for (const id of order) {
    const [kind, value, otherwise = 0] = fields[id];
    if (kind === 'i8') builder.addFieldInt8(id, value, otherwise);
    else if (kind === 'i32') builder.addFieldInt32(id, value, otherwise);
    else if (kind === 'f32') builder.addFieldFloat32(id, value, otherwise);
    else builder.addFieldOffset(id, value, 0);
  }
  return builder.endObject();
}

export function writeList(builder: Builder, size: 4 | 8, values: readonly number[], add: (v: number) => void): number {
  builder.startVector(size, values.length, size);
  for (let i = values.length - 1; i >= 0; i--) add(values[i]);
  return builder.endVector();
}

export const writeInts = (b: Builder, values: readonly number[]) => writeList(b, 4, values, (v) => b.addInt32(v));
export const writeFloats = (b: Builder, values: readonly number[]) => writeList(b, 4, values, (v) => b.addFloat32(v));
export const writeLongs = (b: Builder, values: readonly number[]) => writeList(b, 8, values, (v) => b.addInt64(BigInt(v)));
export const writeOffsets = (b: Builder, values: readonly number[]) => writeList(b, 4, values, (v) => b.addOffset(v));

/** Bytes whose first lies at a multiple of 16 from the file's start. */
export function writeBytes(builder: Builder, bytes: Uint8Array): number {
  builder.prep(16, bytes.length);
  return builder.createByteVector(bytes);
}
