/** Numbers and texts of an HDF5 file, one after another. */
import { CompressError } from '../../errors.ts';
import type { Hdf5File } from './hdf5_file.ts';

export const badFile = (what: string, fix = 'save the whole model again: model.save("model.keras")'): CompressError =>
  new CompressError('bad-file', `not a valid Keras file: ${what}`, fix);

export const unsupported = (what: string, fix: string): CompressError => new CompressError('unsupported', what, fix);

export class Cursor {
  constructor(
    readonly file: Hdf5File,
    public at: number,
  ) {}

  #take(count: number): number {
    this.file.need(this.at, count);
    this.at += count;
    return this.at - count;
  }

  u8(): number {
    return this.file.view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.file.view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.file.view.getUint32(this.#take(4), true);
  }

  /** An unsigned number of so many bytes. */
  number(size: number): number {
    const at = this.#take(size);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.file.bytes[at + i];
    return value;
  }

  /** An address; null where nothing is stored. */
  address(): number | null {
    const at = this.#take(this.file.offsetSize);
    const bytes = this.file.bytes.subarray(at, at + this.file.offsetSize);
    if (bytes.every((b) => b === 255)) return null;
    return this.file.base + new Cursor(this.file, at).number(this.file.offsetSize);
  }

  length(): number {
    return this.number(this.file.lengthSize);
  }

  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.file.bytes.subarray(at, at + count);
  }

  skip(count: number): this {
    this.#take(count);
    return this;
  }

  mark(text: string): this {
    const found = String.fromCharCode(...this.bytes(4));
    if (found !== text) throw badFile(`there is no "${text}" at byte ${this.at - 4}`);
    return this;
  }
}
