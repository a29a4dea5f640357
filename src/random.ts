/**
 * The one random generator: xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021),
 * seeded through splitmix32 from a seed and a purpose, so that what one purpose draws never shifts another's numbers.
 * Only integer and exactly rounded arithmetic: the same numbers in every host.
 */
export interface Random {
  /** The next 32 bits, 0..2^32-1. */
  bits(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, n), without bias. */
  below(n: number): number;
}

/** A generator for `purpose` (for example `train/shuffle/3`) under `seed` (any integer below 2^53). */
export function createRandom(seed: number, purpose: string): Random {
  const state = new Uint32Array(4);
  let h = (seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b1);
  for (const byte of new TextEncoder().encode(purpose)) h = Math.imul(h ^ byte, 0x01000193) + 0x9e3779b9;
  for (let i = 0; i < 4; i++) {
    h = (h + 0x9e3779b9) | 0;
    let z = h ^ (h >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    state[i] = z ^ (z >>> 15);
  }
  if (!(state[0] | state[1] | state[2] | state[3])) state[0] = 1;
  const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));
  const bits = () => {
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const t = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotate(state[3], 11);
    return result;
  };
  const uniform = () => (bits() >>> 5) * 2 ** -27 + (bits() >>> 6) * 2 ** -53;
  const below = (n: number) => {
    if (!(n >= 1)) throw new RangeError(`there is no integer in [0, ${n})`);
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const b = bits();
      if (b < limit) return b % n;
    }
  };
  return { bits, uniform, below };
}

/** Fisher-Yates on a fresh 0..n-1. */
export function permutation(n: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  return order;
}

/** A number of mean 0 and variance 1, nearly normal: the sum of four uniform ones (within ±3.5). */
export function normal(random: Random): number {
  const sum = random.bits() + random.bits() + random.bits() + random.bits();
  return (sum * 2 ** -32 - 2) * 1.7320508075688772;
}

/** Uniform in [low, high). */
export const between = (random: Random, low: number, high: number): number => low + (high - low) * random.uniform();
