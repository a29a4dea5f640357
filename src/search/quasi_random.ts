import { createRandom } from '../random.ts';
import { type Distribution, isSingle } from './distribution.ts';
import { Fold } from './fold.ts';
import type { Parameter } from './record.ts';
import { type Pending, type Proposal, randomOf, type Sampler, uniformValue, type View, valueAt } from './sampler.ts';

/**
 * Degree, coefficients and first direction numbers of each dimension after the first: Joe and Kuo, "Constructing Sobol sequences with better
 * two-dimensional projections", 2008 (new-joe-kuo-6).
 */
const JOE_KUO: readonly (readonly [degree: number, coefficients: number, numbers: readonly number[]])[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
  [5, 11, [1, 1, 5, 1, 1]],
  [5, 13, [1, 1, 1, 3, 11]],
  [5, 14, [1, 3, 5, 5, 31]],
  [6, 1, [1, 3, 3, 9, 7, 49]],
  [6, 13, [1, 1, 1, 15, 21, 21]],
  [6, 16, [1, 3, 1, 13, 27, 49]],
  [6, 19, [1, 1, 1, 15, 7, 5]],
  [6, 22, [1, 3, 1, 15, 13, 25]],
  [6, 25, [1, 1, 5, 5, 19, 61]],
  [7, 1, [1, 3, 7, 11, 23, 15, 103]],
  [7, 4, [1, 3, 7, 13, 13, 15, 69]],
];
const BITS = 32;
const DIMENSIONS = JOE_KUO.length + 1;

/** Direction numbers [dimension][bit], the first bit of a fraction on the left. */
const DIRECTIONS: readonly Uint32Array[] = [
  Uint32Array.from({ length: BITS }, (_, k) => 2 ** (BITS - 1 - k)),
  ...JOE_KUO.map(([degree, coefficients, numbers]) => {
    const v = new Uint32Array(BITS);
    for (let k = 0; k < BITS; k++) {
      if (k < degree) {
        v[k] = numbers[k] << (BITS - 1 - k);
        continue;
      }
      v[k] = v[k - degree] ^ (v[k - degree] >>> degree);
      for (let i = 1; i < degree; i++) if ((coefficients >>> (degree - 1 - i)) & 1) v[k] ^= v[k - i];
    }
    return v;
  }),
];

/**
 * Point `index` of a Sobol sequence in one dimension, scrambled as Owen's nested permutations do, by hashing (Laine and Karras, 2011; Burley,
 * "Practical Hash-based Owen Scrambling", 2020). Dimensions past the table are those of the table with the points in another order.
 *
 * @returns 0 .. 1, both left out
 */
export function sobol(index: number, dimension: number, seed: number): number {
  const random = createRandom(seed, `search/sobol/${dimension}`);
  const round = Math.floor(dimension / DIMENSIONS);
  const order = round === 0 ? index : reverse(scramble(reverse(index), createRandom(seed, `search/sobol/round/${round}`).bits()));
  let x = 0;
  for (let k = 0; k < BITS; k++) if ((order >>> k) & 1) x ^= DIRECTIONS[dimension % DIMENSIONS][k];
  return (reverse(scramble(reverse(x), random.bits())) + 0.5) * 2 ** -BITS;
}

/** Changes each bit by a hash of the bits below it. */
function scramble(x: number, seed: number): number {
  x = (x + seed) | 0;
  x ^= Math.imul(x, 0x6c50b47c);
  x ^= Math.imul(x, 0xb82f1e52);
  x ^= Math.imul(x, 0xc7afe638);
  return x ^ Math.imul(x, 0x8d22f6e6);
}

/** The 32 bits from the last to the first. */
function reverse(x: number): number {
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}

/**
 * Parameters that fill their space more evenly than random ones: trial n has point n of a scrambled Sobol sequence. Dimensions are parameters
 * in the order in which trials came to have them; one that no trial before had is drawn at random.
 */
export class QuasiRandomSampler implements Sampler {
  readonly #dimensions = new Fold<Map<string, Parameter>>(() => new Map(), addParameters);

  propose(view: View): Proposal {
    const proposal = new Map<string, Parameter>();
    const dimensions = view.running.reduce(addParameters, new Map(this.#dimensions.of(view)));
    for (const [name, { distribution }] of dimensions) {
      const internal = valueAt(sobol(view.number, proposal.size, view.seed), distribution);
      proposal.set(name, { internal, distribution });
    }
    return proposal;
  }

  sample(view: View, name: string, distribution: Distribution): number {
    return uniformValue(randomOf(view, `uniform/${name}`), distribution);
  }
}

function addParameters(dimensions: Map<string, Parameter>, { params }: Pending): Map<string, Parameter> {
  for (const [name, parameter] of params) if (!isSingle(parameter.distribution)) dimensions.set(name, parameter);
  return dimensions;
}
