/** Examples that stay in a file: what is needed of them is read when it is needed. Plain data, so that any thread can read them. */
import { crc32 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { host } from '../host/node.ts';
import type { Samples } from './dataset.ts';
import { TYPES, typedOf } from './npy.ts';

export interface PagedSamples {
  readonly files: readonly string[];
  /** NumPy's, of the host's byte order: elements as they are stored. */
  readonly type: string;
  /** Bytes of an element as it is stored. */
  readonly width: number;
  /** The shape of an example as it is stored. */
  readonly shape: readonly number[];
  /** Whether its first axis becomes the last. */
  readonly channelsFirst: boolean;
  /** Of each example: the number of its file times FILE, and its first byte. */
  readonly starts: Float64Array;
  /** Numbers of all examples. */
  readonly length: number;
}

/** Files are larger than no more than this. */
const FILE = 2 ** 44;

/** From so many bytes on, an array of a file stays there. */
export const PAGED_BYTES = 2 ** 28;

/** Whether examples are in a file. */
export const isPaged = (x: Samples): x is Samples & PagedSamples => 'starts' in x;

const asSamples = (x: PagedSamples): Samples => x as unknown as Samples;

/** Types of a file whose numbers are kept as they are, in NumPy's words. */
const KEPT: Readonly<Record<string, string>> = { u1: 'u1', b1: 'u1', i1: 'i1', i2: 'i2' };

/** The type of the numbers that are read, in NumPy's words. */
export function kindOf(x: Samples): string {
  if (isPaged(x)) return KEPT[x.type] ?? 'f4';
  return x instanceof Float32Array ? 'f4' : x instanceof Uint8Array ? 'u1' : x instanceof Int8Array ? 'i1' : 'i2';
}

/** The examples of one array of a file, from its first byte on. */
export function pagedIn(
  file: string,
  from: number,
  type: string,
  width: number,
  [count, ...shape]: readonly number[],
): PagedSamples {
  const bytes = sizeOf(shape) * width;
  const starts = Float64Array.from({ length: count }, (_, i) => from + i * bytes);
  return { files: [file], type, width, shape, channelsFirst: false, starts, length: count * sizeOf(shape) };
}

/** By path; a thread keeps its own. */
const open = new Map<string, number>();

/** A file that is opened again: since it was read it may have been written anew. */
export function reopen(file: string): void {
  const handle = open.get(file);
  if (handle !== undefined) host.node!.sync.closeSync(handle);
  open.delete(file);
}

/** Reads `length` bytes of a file from `at` on. @throws CompressError `bad-file` where they are not there any more */
export function readAt(file: string, at: number, length: number): Uint8Array {
  const { openSync, readSync } = host.node!.sync;
  const bytes = new Uint8Array(length);
  try {
    const handle = open.get(file) ?? openSync(file, 'r');
    open.set(file, handle);
    for (let done = 0; done < length; ) {
      const n = readSync(handle, bytes, done, length - done, at + done);
      if (n === 0) throw new Error('it has become shorter');
      done += n;
    }
  } catch (e) {
    throw new CompressError(
      'bad-file',
      `${file} cannot be read any more: ${(e as Error).message}`,
      'its examples are read as they are needed: leave it in its place and as it is until the end, and start again',
    );
  }
  return bytes;
}

/** Numbers from `from` on and before `to`, whole examples of them in memory of their own. */
export function numbersBetween<T extends Samples>(x: T, from: number, to: number): T {
  if (!isPaged(x)) return x.subarray(from, to) as T;
  const each = sizeOf(x.shape);
  const first = Math.floor(from / each);
  const last = Math.ceil(to / each);
  const pieces: Samples[] = [];
  for (let i = first; i < last; i++) {
    const at = x.starts[i];
    const bytes = readAt(x.files[Math.floor(at / FILE)], at % FILE, each * x.width);
    const values = typedOf(x.type, bytes, each);
    pieces.push(x.channelsFirst ? channelsMoved(values, x.shape) : values);
  }
  if (pieces.length === 1) return pieces[0].subarray(from - first * each, to - first * each) as T;
  const all = new (pieces[0].constructor as new (n: number) => Samples)(pieces.length * each);
  pieces.forEach((piece, i) => {
    all.set(piece as never, i * each);
  });
  return all.subarray(from - first * each, to - first * each) as T;
}

/** The examples at `indices`, still in their file. */
export const takePaged = (x: PagedSamples, indices: ArrayLike<number>): Samples =>
  asSamples({
    ...x,
    starts: Float64Array.from({ length: indices.length }, (_, i) => x.starts[indices[i]]),
    length: indices.length * sizeOf(x.shape),
  });

/** One after another; what is in memory, or of another type, goes to a file. All are of one kind, and their channels stand alike in files. */
export function joinPaged(all: readonly Samples[]): Samples {
  const [first] = all.filter(isPaged);
  const isAlike = all.every((x) => isPaged(x) && x.type === first.type);
  const kind = kindOf(first) as keyof typeof TYPES;
  const like = isAlike ? first : { ...first, type: kind, width: TYPES[kind].bytes };
  const paged = all.map((x): PagedSamples => (isPaged(x) && x.type === like.type ? x : inFile(x, like)));
  const files = [...new Set(paged.flatMap((x) => x.files))];
  const starts = paged.flatMap((x) =>
    Array.from(x.starts, (at) => files.indexOf(x.files[Math.floor(at / FILE)]) * FILE + (at % FILE)),
  );
  return asSamples({ ...like, files, starts: Float64Array.from(starts), length: paged.reduce((n, x) => n + x.length, 0) });
}

function inFile(x: Samples, { type, width, shape, channelsFirst }: PagedSamples): PagedSamples {
  const size = sizeOf(shape);
  const file = temporaryFile('examples', (write) => {
    for (let from = 0; from < x.length; from += size) {
      const values = numbersBetween(x, from, from + size);
      const stored = channelsFirst ? channelsMoved(values, [size / shape[0], shape[0]]) : values;
      write(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
    }
  });
  return { ...pagedIn(file, 0, type, width, [x.length / size, ...shape]), channelsFirst };
}

/** A checksum of each example, which stands for them where they are compared. */
export const checksumsOf = (x: PagedSamples): Uint32Array =>
  Uint32Array.from(x.starts, (at) => crc32(readAt(x.files[Math.floor(at / FILE)], at % FILE, sizeOf(x.shape) * x.width)));

let folder: string | null = null;
let made = 0;

/** A file with what `fill` writes, which is gone when the process ends. @throws CompressError `cannot-write` where there is no room for it */
export function temporaryFile(name: string, fill: (write: (bytes: Uint8Array) => void) => void): string {
  const { sync, system } = host.node!;
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (e) {
      const what = `the folder for temporary files, ${system.tmpdir()}, cannot take ${name}: ${(e as Error).message}`;
      throw new CompressError('cannot-write', what, 'make room there, or name a folder that has it: TMPDIR=/data/tmp');
    }
  };
  const file = guarded(() => temporary(name));
  const handle = guarded(() => sync.openSync(file, 'w'));
  try {
    fill((bytes) => {
      for (let done = 0; done < bytes.length; ) done += guarded(() => sync.writeSync(handle, bytes, done));
    });
  } finally {
    sync.closeSync(handle);
  }
  return file;
}

/** An empty file that is gone when the process ends. */
export function temporary(name: string): string {
  const { sync, system } = host.node!;
  if (!folder) {
    const own = sync.mkdtempSync(`${system.tmpdir()}/thumbnet-`);
    folder = own;
    process.on('exit', () => sync.rmSync(own, { recursive: true, force: true }));
  }
  const path = `${folder}/${made++}-${name.replaceAll(/[^\w.-]/g, '_')}`;
  // Linux reaches an open file that has no name: then nothing is left behind, however the process ends.
  const open = `/proc/${process.pid}/fd/${sync.openSync(path, 'w')}`;
  if (!sync.existsSync(open)) return path;
  sync.unlinkSync(path);
  return open;
}

/** Of each example [channels, ...space] -> [...space, channels]. */
export function channelsMoved<T extends Samples>(x: T, [channels, ...space]: readonly number[]): T {
  const pixels = sizeOf(space);
  const out = new (x.constructor as new (n: number) => T)(x.length);
  for (let at = 0; at < x.length; at += pixels * channels) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) out[at + p * channels + c] = x[at + c * pixels + p];
    }
  }
  return out;
}
