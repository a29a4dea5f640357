import { CompressError } from '../../src/errors.ts';
import type { Format } from '../../src/formats/index.ts';
import type { Random } from '../../src/random.ts';

/** A damaged copy: bytes changed, cut off, doubled, moved or filled with what numbers of a format do harm as. */
export function mutant(bytes: Uint8Array, random: Random): Uint8Array {
  let copy: Uint8Array = Uint8Array.from(bytes);
  for (let k = 0; k <= random.below(6); k++) copy = damaged(copy, random);
  return copy;
}

/** Lengths and counts that are too large, negative, or not ended. */
const HARMFUL = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  switch (random.below(8)) {
    case 0:
      return bytes.slice(0, at);
    case 1: {
      const part = bytes.slice(at, at + random.below(64));
      return joined(bytes.subarray(0, at), part, bytes.subarray(at));
    }
    case 2: {
      bytes.copyWithin(at, random.below(bytes.length), random.below(bytes.length));
      return bytes;
    }
    case 3: {
      bytes.fill(HARMFUL[random.below(HARMFUL.length)], at, at + 1 + random.below(8));
      return bytes;
    }
    case 4: {
      bytes[at] ^= 1 << random.below(8);
      return bytes;
    }
    case 5: {
      const length = random.below(16);
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    }
    default: {
      bytes[at] = random.below(256);
      return bytes;
    }
  }
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** What became of mutants. */
export interface Counts {
  read: number;
  refused: number;
}

/** Reads a mutant: it is read or refused with a CompressError, within `seconds` of the processor. @throws Error for anything else */
export async function readWithin(
  read: () => unknown,
  { what, counts, seconds = 5 }: { readonly what: string; readonly counts: Counts; readonly seconds?: number },
): Promise<void> {
  const begun = process.cpuUsage();
  try {
    await read();
    counts.read++;
  } catch (e) {
    if (!(e instanceof CompressError)) throw e;
    counts.refused++;
  }
  const { user, system } = process.cpuUsage(begun);
  const took = (user + system) / 1e6;
  if (took > seconds) throw new Error(`reading ${what} took ${took.toFixed(1)} s`);
}

export const readMutant = (format: Format, bytes: Uint8Array, counts: Counts): Promise<void> =>
  readWithin(() => format.read(bytes, { beside: () => new Uint8Array(64) }), { what: `${bytes.length} bytes`, counts });
