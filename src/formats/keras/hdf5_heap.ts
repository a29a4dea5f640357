/** Many links or attributes of one object: a fractal heap of messages, and a tree of version 2 that says where in the heap each is. */
import { badFile, Cursor, unsupported } from './hdf5_cursor.ts';
import type { Hdf5File } from './hdf5_file.ts';

/** Record types of the tree by what it is an index of: the bytes before a record's heap ID. */
const BEFORE_ID: Readonly<Record<number, number>> = { 5: 4, 8: 0 };
const DEEPEST = 8;

/** Addresses of all messages of a heap. */
export function denseMessages(file: Hdf5File, heap: number, tree: number): number[] {
  const find = openHeap(file, heap);
  return records(file, tree).map(({ type, at }) => {
    const before = BEFORE_ID[type];
    if (before === undefined) throw badFile(`the tree at byte ${tree} has records of type ${type}`);
    return find(at + before);
  });
}

interface Row {
  readonly type: number;
  readonly at: number;
}

function records(file: Hdf5File, tree: number): Row[] {
  const c = new Cursor(file, tree).mark('BTHD').skip(1);
  const type = c.u8();
  const nodeSize = c.u32();
  const recordSize = c.u16();
  const depth = c.u16();
  const root = c.skip(2).address();
  const count = c.u16();
  if (depth > DEEPEST || recordSize < 1) throw badFile(`the tree at byte ${tree} is not as it should be`);
  const found: Row[] = [];
  // most records of a node at each depth, and the bytes that hold such a number
  const most = [Math.floor((nodeSize - 10) / recordSize)];
  const all = [most[0]];
  const bytesFor = (n: number) => {
    let bytes = 1;
    for (let most = 256; n >= most; most *= 256) bytes++;
    return bytes;
  };
  for (let d = 1; d <= depth; d++) {
    const pointer = file.offsetSize + bytesFor(most[0]) + (d > 1 ? bytesFor(all[d - 1]) : 0);
    most.push(Math.floor((nodeSize - 10 - pointer) / (recordSize + pointer)));
    all.push(most[d] + (most[d] + 1) * all[d - 1]);
  }
  const visit = (at: number, level: number, own: number) => {
    const node = new Cursor(file, at).mark(level ? 'BTIN' : 'BTLF').skip(2);
    for (let i = 0; i < own; i++) {
      found.push({ type, at: node.at });
      node.skip(recordSize);
    }
    if (!level) return;
    for (let i = 0; i <= own; i++) {
      const child = node.address();
      const records = node.number(bytesFor(most[0]));
      if (level > 1) node.skip(bytesFor(all[level - 1]));
      if (child !== null) visit(child, level - 1, records);
    }
  };
  if (root !== null) visit(root, depth, count);
  return found;
}

function openHeap(file: Hdf5File, heap: number) {
  const { offsetSize, lengthSize } = file;
  const c = new Cursor(file, heap).mark('FRHP').skip(1);
  const filters = c.skip(2).u16();
  c.skip(1 + 4 + lengthSize + offsetSize + lengthSize + offsetSize + 8 * lengthSize);
  const width = c.u16();
  const first = c.length();
  const largest = c.length();
  const offsetBytes = Math.ceil(c.u16() / 8);
  const root = c.skip(2).address();
  const rows = c.u16();
  if (filters || root === null || width < 1)
    throw unsupported('the HDF5 file has a compressed heap', 'save it with h5py, as Keras does');
  const find = (id: number): number => {
    const at = new Cursor(file, id);
    if (at.u8() & 0x30) throw unsupported('the HDF5 file keeps a large attribute apart', 'save it with h5py, as Keras does');
    const offset = at.number(offsetBytes);
    if (rows === 0) return root + offset;
    const table = new Cursor(file, root).mark('FHIB').skip(1 + offsetSize + offsetBytes);
    let start = 0;
    for (let row = 0; row < rows; row++) {
      const size = row < 2 ? first : first * 2 ** (row - 1);
      if (size > largest) break;
      for (let i = 0; i < width; i++) {
        const block = table.address();
        if (block !== null && offset >= start && offset < start + size) return block + offset - start;
        start += size;
      }
    }
    throw unsupported('the HDF5 file has more attributes or links in a group than are read', 'save it with h5py, as Keras does');
  };
  return find;
}
