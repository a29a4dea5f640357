/** Files of every format that datasets are read from, made in memory. */
import { encode as encodePng } from 'fast-png';
import { gzipSync, zipSync, zlibSync } from 'fflate';
import jpeg from 'jpeg-js';
import { writeNpy } from '../../src/data/npy.ts';
import { crc32 } from '../../src/digest.ts';

type Arrays = Readonly<Record<string, readonly [Parameters<typeof writeNpy>[0], readonly number[]]>>;

export const npz = (arrays: Arrays): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(arrays).map(([name, [data, shape]]) => [`${name}.npy`, writeNpy(data, shape)])));

/** Classes 0, 1, 2, 0, 1, 2 ...; example i holds i in all places. */
export function counted(count: number, size: number): { x: Float32Array; y: Uint8Array } {
  return {
    x: Float32Array.from({ length: count * size }, (_, i) => Math.floor(i / size)),
    y: Uint8Array.from({ length: count }, (_, i) => i % 3),
  };
}

export function idx(shape: readonly number[], values: ArrayLike<number>, zipped = false): Uint8Array {
  const head = new Uint8Array(4 + 4 * shape.length);
  head.set([0, 0, 8, shape.length]);
  shape.forEach((n, i) => {
    new DataView(head.buffer).setUint32(4 + 4 * i, n);
  });
  const file = Uint8Array.from([...head, ...Array.from(values)]);
  return zipped ? gzipSync(file) : file;
}

/** `label` and 3072 bytes for each record: red 1, green 2, blue 3. */
export const cifar = (labels: readonly number[]): Uint8Array =>
  Uint8Array.from(labels.flatMap((label) => [label, ...Array.from({ length: 3072 }, (_, i) => 1 + Math.floor(i / 1024))]));

export const png = (width: number, height: number, channels: number, value = 7): Uint8Array =>
  encodePng({ width, height, channels, depth: 8, data: new Uint8Array(width * height * channels).fill(value) });

export const GREY = 0;
export const INDEXED = 3;

/** A PNG as its specification lays it out, for what the encoder above cannot write. `data`: rows of whole bytes; `palette`: RGB. */
export function rawPng(
  width: number,
  height: number,
  depth: number,
  colour: number,
  data: readonly number[],
  palette?: readonly number[],
) {
  const row = data.length / height;
  const rows = Array.from({ length: height }, (_, i) => [0, ...data.slice(i * row, (i + 1) * row)]).flat();
  const uint32 = (v: number) => [24, 16, 8, 0].map((by) => (v >>> by) & 255);
  const chunk = (name: string, content: readonly number[]) => {
    const body = Uint8Array.from([...new TextEncoder().encode(name), ...content]);
    return [...uint32(content.length), ...body, ...uint32(crc32(body))];
  };
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk('IHDR', [...uint32(width), ...uint32(height), depth, colour, 0, 0, 0]),
    ...(palette ? chunk('PLTE', palette) : []),
    ...chunk('IDAT', [...zlibSync(Uint8Array.from(rows))]),
    ...chunk('IEND', []),
  ]);
}

export const jpg = (width: number, height: number): Uint8Array =>
  new Uint8Array(jpeg.encode({ width, height, data: new Uint8Array(width * height * 4).fill(200) }, 90).data);

/** 16-bit sound, channels interleaved. */
export function wav(samples: Int16Array, rate: number, channels = 1): Uint8Array {
  const bytes = new Uint8Array(44 + samples.byteLength);
  const view = new DataView(bytes.buffer);
  const put = (at: number, name: string) => bytes.set(new TextEncoder().encode(name), at);
  put(0, 'RIFF');
  view.setUint32(4, 36 + samples.byteLength, true);
  put(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate * channels, true);
  view.setUint16(32, 2 * channels, true);
  view.setUint16(34, 16, true);
  put(36, 'data');
  view.setUint32(40, samples.byteLength, true);
  bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), 44);
  return bytes;
}
