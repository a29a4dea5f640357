/** Whether one network is worse than another on the same examples: exact tests of their scores, example by example. */
import { createRandom, type Random } from '../random.ts';

/** Up to this many differences n, all sums over the 2^n equally likely signs are enumerated. */
const EXACT = 16;
const DRAWN = 4000;

export interface PairedOptions {
  /** What each example may lose on the average: a share of all examples where scores are 1 and 0. */
  readonly allowed?: number;
  /** Of the signs that are drawn. */
  readonly seed?: number;
}

/**
 * How likely it would be, were two networks equally good (or the second worse by just what is allowed), that the second looks at least as much
 * worse as it does: one-sided p. Where scores are 1 and 0 it is McNemar's exact test: of the examples that only one answers right, a binomial
 * half. Otherwise the sum of the differences is compared with those that other signs give (Fisher's randomization test): all of them where
 * few examples differ, else `DRAWN` of them.
 *
 * @param before, after scores of the same examples, more is better
 */
export function pairedTest(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  { allowed = 0, seed = 0 }: PairedOptions = {},
): number {
  const all = Array.from(before, (b, i) => b - after[i]);
  const differences = all.filter((d) => d !== 0);
  if (differences.length === 0) return allowed < 0 ? 0 : 1;
  if (all.every((d) => d === 0 || Math.abs(d) === 1)) {
    const n = differences.length;
    // Of those that differ, so many are lost by a network that loses just what is allowed.
    const share = Math.min(1, Math.max(0, 0.5 + (allowed * all.length) / (2 * n)));
    return upperTail(n, differences.filter((d) => d > 0).length, share);
  }
  return signedSums(allowed === 0 ? differences : all.map((d) => d - allowed), seed);
}

/**
 * P(at least k hits of n, each with chance p). The largest term is 1, so that nothing runs out of range; only sums, products and quotients.
 */
export function upperTail(n: number, k: number, p = 0.5): number {
  if (p >= 1 || k <= 0) return k <= n ? 1 : 0;
  if (p <= 0) return 0;
  const term = new Float64Array(n + 1);
  const odds = p / (1 - p);
  const middle = Math.min(n, Math.floor((n + 1) * p));
  term[middle] = 1;
  for (let i = middle; i < n; i++) term[i + 1] = (term[i] * (n - i) * odds) / (i + 1);
  for (let i = middle; i > 0; i--) term[i - 1] = (term[i] * i) / ((n - i + 1) * odds);
  let [all, tail] = [0, 0];
  term.forEach((t, i) => {
    all += t;
    if (i >= k) tail += t;
  });
  return tail / all;
}

function signedSums(differences: readonly number[], seed: number): number {
  const sizes = differences.map(Math.abs);
  const observed = differences.reduce((a, b) => a + b, 0);
  // Sums of the same numbers in another order may differ in the last bits.
  const least = observed - 1e-12 * sizes.reduce((a, b) => a + b, 0);
  const count = sizes.length <= EXACT ? 2 ** sizes.length : DRAWN;
  const random = createRandom(seed, 'task/paired');
  let extreme = 0;
  for (let s = 0; s < count; s++) if (signedSum(sizes, sizes.length <= EXACT ? s : null, random) >= least) extreme++;
  // Drawn signs: the observed ones are one of the possible.
  return sizes.length <= EXACT ? extreme / count : (extreme + 1) / (count + 1);
}

/** @param signs a bit for each difference, or null: drawn */
function signedSum(sizes: readonly number[], signs: number | null, random: Random): number {
  return sizes.reduce((sum, size, i) => {
    const minus = signs === null ? random.below(2) === 1 : (signs >> i) & 1;
    return minus ? sum - size : sum + size;
  }, 0);
}

/** Beyond this many examples lost, and none won, luck is a worse explanation than 1 in 20: 2^-5 = 0.031. */
const TELLING = 5;

/**
 * The smallest loss that is significant on `examples` examples, as a share of them: one-sided exact test at 5 %, where every example that changes is lost.
 */
export const smallestLoss = (examples: number): number => Math.min(1, TELLING / examples);

/** A line where the drop allowed is smaller than what the examples can show; null where it is not. */
export function describeSmallData(examples: number, drop: number, part: string): string | null {
  const one = 1 / examples;
  if (drop >= smallestLoss(examples)) return null;
  const points = (share: number) => `${Number((100 * share).toPrecision(3))}`;
  const allowed = Math.floor(drop * examples + 1e-9);
  const lost = `${allowed === 0 ? 'no example' : allowed === 1 ? 'one example' : `${allowed} examples`} may be lost`;
  return `${part} has ${examples} examples: one is ${points(one)} points, so ${lost} of the ${points(drop)} points allowed, and a loss below ${points(smallestLoss(examples))} points is not significant`;
}
