import type { Builder } from 'flatbuffers';

/** What a field is written as; offsets are of what was written before. */
export type FlatField = readonly ['i8' | 'i32' | 'f32' | 'offset', number, number?];

/** Writes a table; a scalar that equals its default (0 unless given) is left out. Returns its offset. */
export function writeTable(builder: Builder, fields: Readonly<Record<number, FlatField>>): number {
  const ids = Object.keys(fields).map(Number);
  builder.startObject(Math.max(-1, ...ids) + 1);
  // the largest first, so that no room is lost to alignment
  const order = ids.sort((a, b) => Number(fields[a][0] === 'i8') - Number(fields[b][0] === 'i8') || a - b);
  for (const id of order) {
    const [kind, value, otherwise = 0] = fields[id];
    if (kind === 'i8') builder.addFieldInt8(id, value, otherwise);
    else if (kind === 'i32') builder.addFieldInt32(id, value, otherwise);
    else if (kind === 'f32') builder.addFieldFloat32(id, value, otherwise);
    else builder.addFieldOffset(id, value, 0);
  }
  return builder.endObject();
}

export function writeList(builder: Builder, size: 4 | 8, values: readonly number[], add: (v: number) => void): number {
  builder.startVector(size, values.length, size);
  for (let i = values.length - 1; i >= 0; i--) add(values[i]);
  return builder.endVector();
}

export const writeInts = (b: Builder, values: readonly number[]) => writeList(b, 4, values, (v) => b.addInt32(v));
export const writeFloats = (b: Builder, values: readonly number[]) => writeList(b, 4, values, (v) => b.addFloat32(v));
export const writeLongs = (b: Builder, values: readonly number[]) => writeList(b, 8, values, (v) => b.addInt64(BigInt(v)));
export const writeOffsets = (b: Builder, values: readonly number[]) => writeList(b, 4, values, (v) => b.addOffset(v));

/** Bytes whose first lies at a multiple of 16 from the file's start. */
export function writeBytes(builder: Builder, bytes: Uint8Array): number {
  builder.prep(16, bytes.length);
  return builder.createByteVector(bytes);
}
