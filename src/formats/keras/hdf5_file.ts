/**
 * Containers of an HDF5 file: superblock, object headers, groups and heaps, as libraries write them by default (HDF5 File Format Specification
 * version 3.0; superblocks 0 to 3, object headers 1 and 2). Every read is checked against the file's end, and what is read altogether is limited,
 * since a damaged file can lead around in a circle.
 */
import { isHdf5 } from '../../data/marks.ts';
import { badFile, Cursor, unsupported } from './hdf5_cursor.ts';
import { denseMessages } from './hdf5_heap.ts';

const DEEPEST = 32;
const MOST_ENTRIES = 20_000;

/** Bit of a message's flags. */
const SHARED = 2;

/** A part of an object's header. */
export interface Message {
  readonly type: number;
  readonly at: number;
  /** Kept elsewhere in the file, and only referred to here. */
  readonly isShared: boolean;
}

export const MESSAGE = {
  dataspace: 0x1,
  linkInfo: 0x2,
  datatype: 0x3,
  fillValue: 0x5,
  link: 0x6,
  externalFiles: 0x7,
  layout: 0x8,
  filters: 0xb,
  attribute: 0xc,
  continuation: 0x10,
  symbols: 0x11,
  attributeInfo: 0x15,
} as const;

/** The address of an object's header, or another path to it. */
export type Member = number | { readonly path: string } | 'in another file';

export class Hdf5File {
  readonly view: DataView;
  readonly base: number;
  offsetSize = 8;
  lengthSize = 8;
  /** Address of the outermost group's header. */
  readonly root: number;
  #budget: number;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = 64 * bytes.length + 1e6;
    const start = [0, 512, 1024, 2048].find((at) => isHdf5(bytes, at));
    if (start === undefined) throw badFile('it lacks the mark of an HDF5 file');
    this.base = 0;
    const c = new Cursor(this, start + 8);
    const version = c.u8();
    if (version > 3)
      throw unsupported(`the HDF5 file has a superblock of version ${version}`, 'save it with h5py, as Keras does');
    if (version < 2) c.skip(4);
    this.offsetSize = c.u8();
    this.lengthSize = c.u8();
    if (![4, 8].includes(this.offsetSize) || ![4, 8].includes(this.lengthSize))
      throw badFile(`it has addresses of ${this.offsetSize} and lengths of ${this.lengthSize} bytes`);
    c.skip(version < 2 ? (version === 1 ? 13 : 9) : 1);
    this.base = c.number(this.offsetSize);
    c.skip(this.offsetSize);
    // counted from the file's beginning, not from `base`
    const end = c.number(this.offsetSize);
    if (end < 2 ** 48 && end > bytes.length) throw badFile(`it is cut off: it has ${bytes.length} of ${end} bytes`);
    if (version < 2) c.skip(this.offsetSize);
    // before version 2 the entry of the outermost group begins with the place of its name
    if (version < 2) c.skip(this.offsetSize);
    const root = c.address();
    if (root === null) throw badFile('it holds no group');
    this.root = root;
  }

  need(at: number, count: number): void {
    if (!(at >= 0 && count >= 0 && at + count <= this.bytes.length))
      throw badFile(`${count} bytes at offset ${at} are missing: the file has ${this.bytes.length}`);
    this.#budget -= count;
    if (this.#budget < 0) throw badFile(`the HDF5 file refers to the same bytes again and again, last at offset ${at}`);
  }

  /** Messages of the object whose header is at `at`. */
  messages(at: number): Message[] {
    const isNew = this.bytes[at] === 0x4f;
    return isNew ? this.#newMessages(at) : this.#oldMessages(at);
  }

  #oldMessages(at: number): Message[] {
    const c = new Cursor(this, at);
    const version = c.u8();
    if (version !== 1) throw badFile(`the object at byte ${at} has a header of version ${version}`);
    c.skip(1);
    let left = c.u16();
    c.skip(4);
    const found: Message[] = [];
    const blocks: [number, number][] = [[at + 16, c.u32()]];
    for (const [start, size] of blocks) {
      const block = new Cursor(this, start);
      while (left > 0 && block.at + 8 <= start + size) {
        const type = block.u16();
        const length = block.u16();
        const flags = block.u8();
        block.skip(3);
        found.push({ type, at: block.at, isShared: (flags & SHARED) !== 0 });
        if (type === MESSAGE.continuation) blocks.push(this.#continuation(block.at));
        block.skip(length);
        left--;
      }
    }
    return found;
  }

  #continuation(at: number): [number, number] {
    const c = new Cursor(this, at);
    return [c.address() ?? -1, c.length()];
  }

  #newMessages(at: number): Message[] {
    const c = new Cursor(this, at).mark('OHDR').skip(1);
    const flags = c.u8();
    c.skip((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
    const size = c.number(1 << (flags & 3));
    const found: Message[] = [];
    const blocks: [number, number][] = [[c.at, size]];
    for (const [start, length] of blocks) {
      const block = new Cursor(this, start);
      const head = flags & 4 ? 6 : 4;
      while (block.at + head <= start + length) {
        const type = block.u8();
        const bytes = block.u16();
        const flags = block.u8();
        block.skip(head - 4);
        found.push({ type, at: block.at, isShared: (flags & SHARED) !== 0 });
        if (type === MESSAGE.continuation) {
          const [next, all] = this.#continuation(block.at);
          new Cursor(this, next).mark('OCHK');
          blocks.push([next + 4, all - 8]);
        }
        block.skip(bytes);
      }
    }
    return found;
  }

  /** What a group holds, by name; null where the object is no group. */
  members(messages: readonly Message[]): Map<string, Member> | null {
    const symbols = messages.find((m) => m.type === MESSAGE.symbols);
    const info = messages.find((m) => m.type === MESSAGE.linkInfo);
    if (!symbols && !info) return null;
    const found = new Map<string, Member>();
    if (symbols) this.#oldMembers(symbols.at, found);
    if (info) for (const at of this.#dense(info.at, 8)) this.#link(at, found);
    for (const { type, at } of messages) if (type === MESSAGE.link) this.#link(at, found);
    return found;
  }

  /** Addresses of messages that are kept in a heap of their own, as many are. */
  #dense(at: number, indexSize: number): number[] {
    const c = new Cursor(this, at).skip(1);
    const flags = c.u8();
    if (flags & 1) c.skip(indexSize);
    const heap = c.address();
    const tree = c.address();
    return heap === null || tree === null ? [] : denseMessages(this, heap, tree);
  }

  #oldMembers(at: number, found: Map<string, Member>): void {
    const c = new Cursor(this, at);
    const tree = c.address();
    const heap = c.address();
    if (tree === null || heap === null) return;
    const names = new Cursor(this, heap)
      .mark('HEAP')
      .skip(4 + 2 * this.lengthSize)
      .address();
    if (names === null) throw badFile(`the group at byte ${at} has no names`);
    this.leaves(tree, 0, this.lengthSize, (leaf) => {
      const node = new Cursor(this, leaf).mark('SNOD').skip(2);
      for (let left = node.u16(); left > 0; left--) {
        const name = this.#text(names + node.number(this.offsetSize));
        const header = node.address();
        const isLink = node.u32() === 2;
        const target = node.skip(4).u32();
        node.skip(12);
        if (isLink) this.#add(found, name, { path: this.#text(names + target) });
        else if (header !== null) this.#add(found, name, header);
      }
    });
  }

  #add(found: Map<string, Member>, name: string, member: Member): void {
    if (found.size >= MOST_ENTRIES) throw badFile(`it holds more groups than a model has, last "${name}"`);
    found.set(name, member);
  }

  #link(at: number, found: Map<string, Member>): void {
    const c = new Cursor(this, at).skip(1);
    const flags = c.u8();
    const kind = flags & 8 ? c.u8() : 0;
    c.skip((flags & 4 ? 8 : 0) + (flags & 0x10 ? 1 : 0));
    const name = new TextDecoder().decode(c.bytes(c.number(1 << (flags & 3))));
    if (kind === 0) {
      const header = c.address();
      if (header !== null) this.#add(found, name, header);
    } else if (kind === 1) this.#add(found, name, { path: new TextDecoder().decode(c.bytes(c.u16())) });
    else if (kind === 64) this.#add(found, name, 'in another file');
  }

  /** Visits the leaves of a tree of version 1, in order. @param kind 0 for groups, 1 for chunks @param key bytes of each key */
  leaves(at: number, kind: 0 | 1, key: number, visit: (leaf: number, key: number) => void, level = 0): void {
    const c = new Cursor(this, at).mark('TREE');
    if (c.u8() !== kind || level > DEEPEST) throw badFile(`the tree at byte ${at} is not as it should be`);
    const depth = c.u8();
    let left = c.u16();
    c.skip(2 * this.offsetSize);
    for (; left > 0; left--) {
      const before = c.at;
      const child = c.skip(key).address();
      if (child === null) continue;
      if (depth > 0) this.leaves(child, kind, key, visit, level + 1);
      else visit(child, before);
    }
  }

  /** Text up to the first zero. */
  #text(at: number): string {
    const end = this.bytes.indexOf(0, at);
    if (end < 0 || end < at) throw badFile(`the name at byte ${at} has no end`);
    this.need(at, end - at);
    return new TextDecoder().decode(this.bytes.subarray(at, end));
  }

  /** An object of a global heap. */
  heapObject(at: number, index: number): Uint8Array {
    const c = new Cursor(this, at).mark('GCOL').skip(4);
    const end = at + c.length();
    while (c.at + 16 <= end) {
      const found = c.u16();
      c.skip(6);
      const size = c.length();
      if (found === index) return c.bytes(size);
      if (found === 0) break;
      c.skip(8 * Math.ceil(size / 8));
    }
    throw badFile(`the heap at byte ${at} has no object ${index}`);
  }

  /** Addresses of an object's attributes. */
  attributes(messages: readonly Message[]): number[] {
    return messages.flatMap(({ type, at }) => {
      if (type === MESSAGE.attribute) return [at];
      return type === MESSAGE.attributeInfo ? this.#dense(at, 2) : [];
    });
  }
}
