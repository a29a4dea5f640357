/** CBOR as devices write it: maps as objects, floats of 16, 32 and 64 bits, lengths that are not stated. Source: RFC 8949, sections 3 and 4. */
import { fromHalf } from '../graph/half.ts';

const BREAK = Symbol('break');
const DEEPEST = 64;
const INDEFINITE = 31;

/** @throws Error for what is no whole CBOR item */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (value === BREAK) throw new Error('an end without a begin');
  if (reader.at !== bytes.length) throw new Error(`${bytes.length - reader.at} bytes follow its end`);
  return value;
}

class Reader {
  at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  item(depth: number): unknown {
    if (depth > DEEPEST) throw new Error('it is nested too deeply');
    const head = this.#view.getUint8(this.#take(1));
    const [major, info] = [head >> 5, head & 31];
    if (major === 7) return this.#simple(info);
    const length = info === INDEFINITE && major >= 2 && major <= 5 ? null : this.#argument(info);
    switch (major) {
      case 0:
        return length;
      case 1:
        return -1 - length!;
      case 2:
        return length === null ? this.#until(depth) : this.bytes.slice(this.#take(length), this.at);
      case 3:
        return length === null
          ? this.#until(depth).join('')
          : new TextDecoder().decode(this.bytes.subarray(this.#take(length), this.at));
      case 4:
        return length === null ? this.#until(depth) : this.#list(length, depth);
      case 5:
        return this.#map(length === null ? this.#until(depth) : this.#list(2 * length, depth));
      default:
        return this.item(depth + 1); // a tag: its meaning is not needed
    }
  }

  /** The place of the next bytes, passed over. */
  #take(count: number): number {
    const from = this.at;
    if (from + count > this.bytes.length) throw new Error('it is cut short');
    this.at += count;
    return from;
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#view.getUint8(this.#take(1));
    if (info === 25) return this.#view.getUint16(this.#take(2));
    if (info === 26) return this.#view.getUint32(this.#take(4));
    if (info === 27) return Number(this.#view.getBigUint64(this.#take(8)));
    throw new Error(`a length of kind ${info}`);
  }

  #simple(info: number): unknown {
    if (info === 25) return fromHalf(this.#view.getUint16(this.#take(2)));
    if (info === 26) return this.#view.getFloat32(this.#take(4));
    if (info === 27) return this.#view.getFloat64(this.#take(8));
    if (info === INDEFINITE) return BREAK;
    return info === 20 || info === 21 ? info === 21 : null;
  }

  #list(length: number, depth: number): unknown[] {
    // every item has a byte at least
    if (length > this.bytes.length - this.at) throw new Error('it is cut short');
    return Array.from({ length }, () => {
      const value = this.item(depth + 1);
      if (value === BREAK) throw new Error('an end within a list of stated length');
      return value;
    });
  }

  #until(depth: number): unknown[] {
    const list: unknown[] = [];
    for (let value = this.item(depth + 1); value !== BREAK; value = this.item(depth + 1)) list.push(value);
    return list;
  }

  #map(list: readonly unknown[]): Readonly<Record<string, unknown>> {
    if (list.length % 2) throw new Error('a key without a value');
    const pairs = Array.from({ length: list.length / 2 }, (_, i) => [String(list[2 * i]), list[2 * i + 1]] as const);
    return Object.fromEntries(pairs);
  }
}
