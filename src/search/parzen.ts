import { exp, LOG_SQRT_2PI, log, normalCdf, normalMass, normalQuantile } from '../elementary.ts';
import type { Random } from '../random.ts';
import { type Categories, type Distribution, fromLine, line, type NumberRange, toLine } from './distribution.ts';

/** One parameter of a mixture: a kernel per observation and, last, the prior. */
interface Kernels {
  sample(k: number, random: Random): number;
  /** Adds ln p_k(x) to sum[k] for every kernel k. */
  addLogDensity(x: number, sum: Float64Array): void;
}

export interface ParzenOptions {
  /** What each observation weighs, where the prior weighs 1; by default recent ones weigh more. */
  readonly weights?: readonly number[];
  /** The same broad kernels everywhere, instead of narrow ones where observations are close. */
  readonly wide?: boolean;
}

/**
 * Parzen estimator: a mixture over one or several parameters, one component per observation and one prior component. A component
 * draws all its coordinates independently: p(x) = sum_k w_k prod_d p_kd(x_d).
 */
export class Parzen {
  readonly #dimensions: readonly Kernels[];
  readonly #observations: readonly (readonly number[])[];
  readonly #weights: Float64Array;
  readonly #logWeights: Float64Array;

  /** @param observations internal values [parameter][observation], in order of trial number */
  constructor(
    distributions: readonly Distribution[],
    observations: readonly (readonly number[])[],
    { weights, wide = false }: ParzenOptions = {},
  ) {
    this.#observations = observations;
    const share = wide ? wideBandwidth(observations[0].length, distributions.length) : undefined;
    const kernels = (s: Distribution, x: readonly number[]) =>
      s.kind === 'categorical' ? categoryKernels(s, x) : numberKernels(s, x, share);
    this.#dimensions = distributions.map((s, d) => kernels(s, observations[d]));
    this.#weights = toShares(weights ?? recencyWeights(observations[0].length));
    this.#logWeights = this.#weights.map(log);
  }

  sample(random: Random): number[] {
    const k = this.#pick(random);
    return this.#dimensions.map((d) => d.sample(k, random));
  }

  /** An observation, in which one parameter, and each other one with the probability `share`, is drawn anew from a component of its own. */
  vary(random: Random, share: number): number[] {
    const k = this.#pick(random);
    const sure = random.below(this.#dimensions.length);
    return this.#dimensions.map((d, i) => {
      const isKept = k < this.#observations[i].length && i !== sure && random.uniform() >= share;
      return isKept ? this.#observations[i][k] : d.sample(this.#pick(random), random);
    });
  }

  #pick(random: Random): number {
    let u = random.uniform();
    let k = 0;
    while (k < this.#weights.length - 1 && u >= this.#weights[k]) u -= this.#weights[k++];
    return k;
  }

  logDensity(x: readonly number[]): number {
    const sum = this.#logWeights.slice();
    for (const [d, kernels] of this.#dimensions.entries()) kernels.addLogDensity(x[d], sum);
    let top = Number.NEGATIVE_INFINITY;
    for (const s of sum) if (s > top) top = s;
    let total = 0;
    for (const s of sum) total += exp(s - top);
    return top + log(total);
  }
}

const RECENT = 25;

/** The last 25 observations weigh 1, older ones rise linearly from 1/m to 1. */
function recencyWeights(m: number): number[] {
  const old = m - RECENT;
  return Array.from({ length: m }, (_, i) => (i >= old ? 1 : old === 1 ? 1 / m : 1 / m + ((1 - 1 / m) * i) / (old - 1)));
}

/** With the prior, last; made to sum to 1. */
function toShares(weights: readonly number[]): Float64Array {
  const all = Float64Array.from([...weights, 1]);
  let total = 0;
  for (const w of all) total += w;
  return all.map((w) => w / total);
}

/** Scott's rule for m observations of d parameters, as a share of the range. */
const wideBandwidth = (m: number, d: number): number => 0.2 * exp(-log(Math.max(m, 1)) / (d + 4));

/** Every choice gets 1/(m + 1), the one observed 1 more. */
function categoryKernels({ choices }: Categories, observed: readonly number[]): Kernels {
  const n = choices.length;
  const m = observed.length;
  const total = n / (m + 1) + 1;
  const other = 1 / (m + 1) / total;
  const seen = (1 / (m + 1) + 1) / total;
  const logOther = log(other);
  const logSeen = log(seen);
  return {
    sample: (k, random) => {
      const u = random.uniform();
      if (k === m) return Math.floor(u * n);
      // A share n * other is spread evenly, the rest is the choice observed.
      return u < n * other ? Math.floor(u / other) % n : observed[k];
    },
    addLogDensity: (x, sum) => {
      for (let k = 0; k < m; k++) sum[k] += observed[k] === x ? logSeen : logOther;
      sum[m] -= log(n);
    },
  };
}

/**
 * Normal kernels truncated to the range; on a grid, the mass of the cell around a value.
 *
 * @param share of the range that every kernel is wide; else what its neighbours say
 */
function numberKernels(range: NumberRange, observed: readonly number[], share: number | undefined): Kernels {
  const { low, high } = line(range);
  const m = observed.length;
  const mean = Float64Array.from([...observed.map((x) => toLine(range, x)), (low + high) / 2]);
  const order = Array.from(observed, (_, i) => i).sort((a, b) => mean[a] - mean[b] || a - b);
  const sigma = share === undefined ? bandwidths(mean, order, low, high) : sameBandwidth(share, m, low, high);
  const sample = (k: number, random: Random) => {
    const from = normalCdf((low - mean[k]) / sigma[k]);
    const to = normalCdf((high - mean[k]) / sigma[k]);
    const t = mean[k] + sigma[k] * normalQuantile(from + random.uniform() * (to - from));
    return fromLine(range, Math.max(low, Math.min(high, t)));
  };
  const logMass = (k: number) => log(normalMass((low - mean[k]) / sigma[k], (high - mean[k]) / sigma[k]));
  if (range.step > 0) return { sample, addLogDensity: cells(range, mean, sigma, logMass, [...order, m]) };
  const logScale = mean.map((_, k) => -LOG_SQRT_2PI - log(sigma[k]) - logMass(k));
  return {
    sample,
    addLogDensity: (x, sum) => {
      const t = toLine(range, x);
      for (let k = 0; k <= m; k++) {
        const z = (t - mean[k]) / sigma[k];
        sum[k] += logScale[k] - 0.5 * z * z;
      }
    },
  };
}

/** On a grid many kernels are equal, and neighbours in sorted order: each different one is evaluated once. */
function cells(
  range: NumberRange,
  mean: Float64Array,
  sigma: Float64Array,
  logMass: (k: number) => number,
  order: readonly number[],
): Kernels['addLogDensity'] {
  const isFirst = order.map((k, r) => r === 0 || mean[k] !== mean[order[r - 1]] || sigma[k] !== sigma[order[r - 1]]);
  const total = order.map((k, r) => (isFirst[r] ? logMass(k) : 0));
  return (x, sum) => {
    const from = toLine(range, x - range.step / 2);
    const to = toLine(range, x + range.step / 2);
    let density = 0;
    for (let r = 0; r < order.length; r++) {
      const k = order[r];
      if (isFirst[r]) density = log(normalMass((from - mean[k]) / sigma[k], (to - mean[k]) / sigma[k])) - total[r];
      sum[k] += density;
    }
  };
}

/** The smallest bandwidth allowed. */
const leastBandwidth = (m: number, width: number): number => width / Math.min(100, m + 2);

function sameBandwidth(share: number, m: number, low: number, high: number): Float64Array {
  const width = high - low;
  const sigma = new Float64Array(m + 1).fill(Math.max(share * width, leastBandwidth(m, width)));
  sigma[m] = width;
  return sigma;
}

/**
 * The larger distance to the two neighbours in sorted order, where the ends of the range are neighbours too; but with 2 or more
 * observations the outermost two look inwards only. Kept within [width / min(100, m + 2), width]. The prior, last, has the whole width.
 */
function bandwidths(mean: Float64Array, order: readonly number[], low: number, high: number): Float64Array {
  const m = order.length;
  const width = high - low;
  const smallest = leastBandwidth(m, width);
  const sigma = new Float64Array(m + 1).fill(width);
  for (let r = 0; r < m; r++) {
    const x = mean[order[r]];
    const left = r > 0 ? x - mean[order[r - 1]] : m > 1 ? 0 : x - low;
    const right = r < m - 1 ? mean[order[r + 1]] - x : m > 1 ? 0 : high - x;
    sigma[order[r]] = Math.min(width, Math.max(smallest, left, right));
  }
  return sigma;
}
