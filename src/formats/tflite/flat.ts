import { CompressError } from '../../errors.ts';

/**
 * FlatBuffers by field number, for a file that may hold anything: every read is checked against the file's end, and the
 * elements read altogether are limited, since tables may refer to the same bytes over and over.
 */
export class FlatFile {
  readonly #view: DataView;
  #budget: number;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    const fields = start - this.#view.getInt32(start, true);
    this.need(fields, 4);
    this.need(fields, this.#view.getUint16(fields, true));
    this.need(start, this.#view.getUint16(fields + 2, true));
    return new FlatTable(this, this.#view, start);
  }

  /** Where the offset at `at` points. */
  follow(at: number): number {
    this.need(at, 4);
    return at + this.#view.getUint32(at, true);
  }

  /** First element and length of a vector whose offset lies at `at`. */
  vector(at: number, size: number): { first: number; length: number } {
    const start = this.follow(at);
    this.need(start, 4);
    const length = this.#view.getUint32(start, true);
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
    readonly view: DataView,
    readonly start: number,
  ) {}

  /** Address of field `id`, or 0 where it is left out. */
  #field(id: number, size: number): number {
    const fields = this.start - this.view.getInt32(this.start, true);
    const place = 4 + 2 * id;
    const offset = place < this.view.getUint16(fields, true) ? this.view.getUint16(fields + place, true) : 0;
    if (!offset) return 0;
    this.file.need(this.start + offset, size);
    return this.start + offset;
  }

  /** Fields that the table has room for. */
  fieldCount(): number {
    return (this.view.getUint16(this.start - this.view.getInt32(this.start, true), true) - 4) >> 1;
  }

  has(id: number): boolean {
    return this.#field(id, 1) > 0;
  }

  i8(id: number, otherwise = 0): number {
    const at = this.#field(id, 1);
    return at ? this.view.getInt8(at) : otherwise;
  }

  u8(id: number, otherwise = 0): number {
    return this.i8(id, otherwise) & 255;
  }

  bool(id: number, otherwise = false): boolean {
    return this.i8(id, Number(otherwise)) !== 0;
  }

  i32(id: number, otherwise = 0): number {
    const at = this.#field(id, 4);
    return at ? this.view.getInt32(at, true) : otherwise;
  }

  u32(id: number, otherwise = 0): number {
    return this.i32(id, otherwise) >>> 0;
  }

  u64(id: number): number {
    const at = this.#field(id, 8);
    return at ? Number(this.view.getBigUint64(at, true)) : 0;
  }

  f32(id: number, otherwise = 0): number {
    const at = this.#field(id, 4);
    return at ? this.view.getFloat32(at, true) : otherwise;
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
    return this.#list(id, 4, (at) => this.view.getInt32(at, true));
  }

  f32s(id: number): number[] {
    return this.#list(id, 4, (at) => this.view.getFloat32(at, true));
  }

  i64s(id: number): number[] {
    return this.#list(id, 8, (at) => Number(this.view.getBigInt64(at, true)));
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
