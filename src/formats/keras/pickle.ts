import { badFile } from './hdf5.ts';

/**
 * Python's pickle, as far as NumPy writes arrays, lists and dictionaries with it (protocols 2 to 4). Nothing is called and nothing is
 * imported: what would be an object is kept as what it says.
 */

export type Pickled = null | boolean | number | string | Uint8Array | Pickled[] | Map<Pickled, Pickled> | Global | Made;

/** A name of Python's. */
export class Global {
  constructor(readonly name: string) {}
}

/** What a call would have made, and the state it is given. */
export class Made {
  state: Pickled = null;
  constructor(
    readonly by: Pickled,
    readonly given: Pickled,
  ) {}
}

const MOST_STEPS = 1e6;
const MARK = Symbol('mark');
type Item = Pickled | typeof MARK;

const broken = (what: string) => badFile(`its pickled weights ${what}`);

/** @throws CompressError `bad-file` for what is no pickle of NumPy's */
export function unpickled(bytes: Uint8Array): Pickled {
  const machine = new Machine(bytes);
  for (let i = 0; i < MOST_STEPS; i++) if (machine.step()) return machine.pop();
  throw broken('do not end');
}

class Machine {
  readonly #view: DataView;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Pickled>();
  #at = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  pop(): Pickled {
    const item = this.#stack.pop();
    if (item === undefined || item === MARK) throw broken('are damaged');
    return item as Pickled;
  }

  /** Everything above the last mark. */
  #marked(): Pickled[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw broken('are damaged');
    return this.#stack.splice(at).slice(1) as Pickled[];
  }

  #push(item: Item): void {
    this.#stack.push(item);
  }

  #take(n: number): Uint8Array {
    if (!(n >= 0 && this.#at + n <= this.bytes.length)) throw broken('are cut off');
    this.#at += n;
    return this.bytes.subarray(this.#at - n, this.#at);
  }

  #int(size: 1 | 2 | 4 | 8, signed = false): number {
    const at = this.#at;
    this.#take(size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, true);
    if (size === 8) return Number(this.#view.getBigUint64(at, true));
    return signed ? this.#view.getInt32(at, true) : this.#view.getUint32(at, true);
  }

  #text(n: number): string {
    return new TextDecoder().decode(this.#take(n));
  }

  #line(): string {
    const end = this.bytes.indexOf(10, this.#at);
    if (end < 0) throw broken('are cut off');
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  #remember(key: number): void {
    const top = this.pop();
    this.#memo.set(key, top);
    this.#push(top);
  }

  #recall(key: number): void {
    const found = this.#memo.get(key);
    if (found === undefined) throw broken('are damaged');
    this.#push(found);
  }

  #into(pairs: readonly Pickled[]): void {
    const map = this.pop();
    if (!(map instanceof Map)) throw broken('are damaged');
    for (let i = 0; i + 1 < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
    this.#push(map);
  }

  #append(items: readonly Pickled[]): void {
    const list = this.pop();
    if (!Array.isArray(list)) throw broken('are damaged');
    for (const item of items) list.push(item);
    this.#push(list);
  }

  #tuple(n: number): void {
    const items = Array.from({ length: n }, () => this.pop());
    this.#push(items.reverse());
  }

  /** One operation. @returns whether it was the last */
  step(): boolean {
    const code = String.fromCharCode(this.#take(1)[0]);
    if (code === '.') return true;
    const run = this.#operations[code];
    if (!run) throw broken(`hold something else than arrays (operation 0x${code.charCodeAt(0).toString(16)})`);
    run();
    return false;
  }

  /** By the byte that Python's pickletools names. */
  readonly #operations: Readonly<Record<string, () => void>> = {
    '\x80': () => void this.#take(1), // PROTO
    '\x95': () => void this.#take(8), // FRAME
    '(': () => this.#push(MARK),
    N: () => this.#push(null),
    '\x88': () => this.#push(true),
    '\x89': () => this.#push(false),
    K: () => this.#push(this.#int(1)),
    M: () => this.#push(this.#int(2)),
    J: () => this.#push(this.#int(4, true)),
    X: () => this.#push(this.#text(this.#int(4))),
    '\x8c': () => this.#push(this.#text(this.#int(1))),
    C: () => this.#push(this.#take(this.#int(1))),
    B: () => this.#push(this.#take(this.#int(4))),
    '\x8e': () => this.#push(this.#take(this.#int(8))),
    ')': () => this.#push([]),
    ']': () => this.#push([]),
    '}': () => this.#push(new Map()),
    t: () => this.#push(this.#marked()),
    '\x85': () => this.#tuple(1),
    '\x86': () => this.#tuple(2),
    '\x87': () => this.#tuple(3),
    q: () => this.#remember(this.#int(1)),
    r: () => this.#remember(this.#int(4)),
    '\x94': () => this.#remember(this.#memo.size),
    h: () => this.#recall(this.#int(1)),
    j: () => this.#recall(this.#int(4)),
    c: () => this.#push(new Global(`${this.#line()}.${this.#line()}`)),
    '\x93': () => {
      const name = this.pop();
      this.#push(new Global(`${this.pop()}.${name}`));
    },
    R: () => {
      const given = this.pop();
      this.#push(new Made(this.pop(), given));
    },
    b: () => {
      const state = this.pop();
      const made = this.pop();
      if (!(made instanceof Made)) throw broken('are damaged');
      made.state = state;
      this.#push(made);
    },
    s: () => {
      const value = this.pop();
      this.#into([this.pop(), value]);
    },
    u: () => this.#into(this.#marked()),
    a: () => this.#append([this.pop()]),
    e: () => this.#append(this.#marked()),
  };
}
