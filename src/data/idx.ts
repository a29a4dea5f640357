/** MNIST's IDX files. Source: "The IDX file format", yann.lecun.com/exdb/mnist: two zeros, type, rank, sizes big endian, elements big endian. */
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { isGzip } from './marks.ts';
import type { NpyArray, NpyData } from './npy.ts';
import { gunzip } from './zip.ts';

const TYPES: Readonly<Record<number, { type: string; width: number; array: new (buffer: ArrayBuffer) => NpyData }>> = {
  8: { type: 'u1', width: 1, array: Uint8Array },
  9: { type: 'i1', width: 1, array: Int8Array },
  11: { type: 'i2', width: 2, array: Int16Array },
  12: { type: 'i4', width: 4, array: Int32Array },
  13: { type: 'f4', width: 4, array: Float32Array },
  14: { type: 'f8', width: 8, array: Float64Array },
};

export const isIdx = (bytes: Uint8Array): boolean =>
  bytes[0] === 0 && bytes[1] === 0 && bytes[2] in TYPES && bytes[3] >= 1 && bytes[3] <= 4;

/** `train` of `train-images-idx3-ubyte.gz`; null for other names. `t10k` is MNIST's word for test. */
export function idxName(name: string): { part: string; labels: boolean } | null {
  const match = /^([a-z0-9]+)[-_.](images|labels)[-_.]idx\d[-_.]ubyte(\.gz)?$/i.exec(name);
  return match && { part: match[1].toLowerCase().replace('t10k', 'test'), labels: match[2].toLowerCase() === 'labels' };
}

/** @param file an IDX file, gzipped or not */
export function readIdx(file: Uint8Array, name: string): NpyArray {
  const bytes = isGzip(file) ? gunzip(file, name) : file;
  const bad = (what: string) => new CompressError('bad-file', `${name} is damaged: ${what}`, 'copy or download it again');
  const start = 4 + 4 * bytes[3];
  if (!isIdx(bytes) || bytes.length < start) throw bad('it does not start as an IDX file');
  const { type, width, array } = TYPES[bytes[2]];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: bytes[3] }, (_, i) => view.getUint32(4 + 4 * i));
  if (bytes.length - start !== sizeOf(shape) * width) {
    throw bad(`its header says [${shape}] of ${width} bytes each, but ${bytes.length - start} bytes follow`);
  }
  const raw = new Uint8Array(bytes.subarray(start));
  if (width > 1) for (let i = 0; i < raw.length; i += width) raw.subarray(i, i + width).reverse();
  return { type, shape, data: new array(raw.buffer) };
}
