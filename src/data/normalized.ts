import type { Dataset, Part } from './dataset.ts';
import { numbersBetween } from './paged.ts';

/** More features than these have one mean and deviation together. */
const MOST_APART = 64;

/** The dataset with features that have the mean 0 and the deviation 1 over the train part, each by itself or all together. */
export function normalizedFeatures(data: Dataset): Dataset {
  const part = data.train ?? data.validation ?? data.test!;
  const width = data.inputs[0].shape.at(-1)!;
  const apart = width <= MOST_APART ? width : 1;
  const spread = spreadOf(part, apart);
  return { ...data, normalization: { scale: 1, mean: spread.map((s) => s.mean), std: spread.map((s) => s.deviation) } };
}

function spreadOf({ inputs: [x], count }: Part, period: number): { readonly mean: number; readonly deviation: number }[] {
  const [sums, squares] = [new Float64Array(period), new Float64Array(period)];
  const size = x.length / count;
  for (let from = 0; from < x.length; from += size) {
    numbersBetween(x, from, from + size).forEach((v, i) => {
      sums[i % period] += v;
      squares[i % period] += v * v;
    });
  }
  const n = x.length / period;
  const short = (v: number) => Number(v.toPrecision(4));
  return Array.from(sums, (sum, c) => {
    const mean = sum / n;
    const deviation = Math.sqrt(Math.max(0, squares[c] / n - mean * mean));
    return { mean: short(mean), deviation: deviation > 1e-6 ? short(deviation) : 1 };
  });
}
