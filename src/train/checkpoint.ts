import { sha256 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import type { CheckpointStore } from '../stage.ts';
import type { Heap } from '../wasm/heap.ts';
import { checkSame, type Identity } from './identity.ts';
import type { Changing, Position } from './state.ts';

/**
 * A training on disk:
 *
 *   "thumbnet checkpoint 1\n"
 *   bytes of the header, u32
 *   header, JSON, filled up with spaces to whole 4 bytes
 *   values f32, one array of the header after the other
 *   sha256 of all of that, 32 bytes
 *
 * Numbers are little endian. JSON keeps every float64 exactly.
 */
const MAGIC = 'thumbnet checkpoint 1\n';
const HASH = 32;

interface Header {
  readonly identity: Identity;
  readonly position: Omit<Position, 'best'> & { readonly best: { readonly epoch: number; readonly score: number } | null };
  readonly arrays: readonly { readonly name: string; readonly length: number }[];
}

/** Where a training is kept while it runs. */
export interface Checkpoint {
  /** Brings back what was kept; false where there is nothing yet. */
  restore(): Promise<boolean>;
  save(): Promise<void>;
}

/** @param changing every tensor that steps change; the position is changed in place */
export function checkpointIn(
  store: CheckpointStore,
  heap: Heap,
  identity: Identity,
  position: Position,
  changing: readonly Changing[],
): Checkpoint {
  return {
    async restore() {
      const bytes = await store.read();
      if (!bytes) return false;
      const { header, arrays } = await decode(bytes);
      checkSame(header.identity, identity);
      place(heap, changing, arrays);
      const best = bestOf(header, arrays);
      Object.assign(position, header.position, { best });
      return true;
    },
    save: async () => store.write(await encode(heap, identity, position, changing)),
  };
}

async function encode(
  heap: Heap,
  identity: Identity,
  { best, ...position }: Position,
  changing: readonly Changing[],
): Promise<Uint8Array> {
  const arrays = changing.map(({ name, tensor }) => [name, heap.read(tensor) as Float32Array] as const);
  for (const [t, values] of best?.values ?? []) arrays.push([`best/${t}`, values]);
  const header: Header = {
    identity,
    position: { ...position, best: best && { epoch: best.epoch, score: best.score } },
    arrays: arrays.map(([name, { length }]) => ({ name, length })),
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = MAGIC.length + 4;
  const padded = json.length + ((4 - ((start + json.length) % 4)) % 4);
  const size = arrays.reduce((n, [, { length }]) => n + 4 * length, start + padded);
  const bytes = new Uint8Array(size + HASH).fill(0x20, 0, start + padded);
  bytes.set(new TextEncoder().encode(MAGIC));
  new DataView(bytes.buffer).setUint32(MAGIC.length, padded, true);
  bytes.set(json, start);
  let at = start + padded;
  for (const [, values] of arrays) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, 4 * values.length), at);
    at += 4 * values.length;
  }
  bytes.set(await hashOf(bytes.subarray(0, size)), size);
  return bytes;
}

const hashOf = async (bytes: Uint8Array): Promise<Uint8Array> =>
  Uint8Array.from((await sha256(bytes)).match(/../g)!, (pair) => Number.parseInt(pair, 16));

/** @throws CompressError `bad-file` for what is no checkpoint, cut off or damaged */
async function decode(bytes: Uint8Array): Promise<{ header: Header; arrays: Map<string, Float32Array> }> {
  const start = MAGIC.length + 4;
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new CompressError('bad-file', 'the file is no checkpoint of this version', 'name another file for the checkpoint');
  }
  const size = bytes.length - HASH;
  const whole = size >= start && (await hashOf(bytes.subarray(0, size))).every((b, i) => b === bytes[size + i]);
  if (!whole) throw new CompressError('bad-file', 'the checkpoint is damaged or cut off', 'delete it and start again');
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  const header: Header = JSON.parse(new TextDecoder().decode(bytes.subarray(start, start + headerBytes)));
  let at = start + headerBytes;
  const arrays = new Map<string, Float32Array>();
  for (const { name, length } of header.arrays) {
    arrays.set(name, new Float32Array(bytes.slice(at, at + 4 * length).buffer));
    at += 4 * length;
  }
  return { header, arrays };
}

function place(heap: Heap, changing: readonly Changing[], arrays: ReadonlyMap<string, Float32Array>): void {
  for (const { name, tensor } of changing) {
    const values = arrays.get(name);
    if (!values) throw new CompressError('bad-file', `the checkpoint lacks "${name}"`, 'delete it and start again');
    heap.write(tensor, values);
  }
}

function bestOf({ position }: Header, arrays: ReadonlyMap<string, Float32Array>): Position['best'] {
  if (!position.best) return null;
  const values = [...arrays].filter(([name]) => name.startsWith('best/'));
  return { ...position.best, values: new Map(values.map(([name, data]) => [Number(name.slice(5)), data])) };
}
