import { floorLog2 } from '../elementary.ts';
import { CompressError } from '../errors.ts';
import { bandWeights } from './mel.ts';
import type { FeatureRow, Planned } from './operators.ts';

/** Power is divided by 2^12 before it is weighted. */
const POWER_SHIFT = 12;

export const bands: FeatureRow<'bands'> = {
  define: (x, step, { rate }) => {
    const energies = Float64Array.from({ length: x.length / 2 }, (_, k) => {
      const square = x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1];
      return step.energy === 'power' ? square : Math.sqrt(square);
    });
    if (step.scale === 'linear') return energies.slice(step.low, step.high);
    return Float64Array.from(bandWeights(step, rate!), (w) => energies.reduce((sum, e, k) => sum + w[k] * e, 0));
  },
  plan: ({ exponent }, step, { rate }): Planned => {
    const isPower = step.energy === 'power';
    const out = isPower ? 2 * exponent + POWER_SHIFT : exponent;
    if (step.scale === 'linear') {
      const count = step.high - step.low;
      return {
        arguments: [0, step.low, step.high, count, isPower ? 1 : 0],
        tables: {},
        out: { count, exponent: out },
        bytes: 8 * count,
      };
    }
    const weights = bandWeights(step, rate!);
    const greatest = Math.max(...weights.map((w) => Math.max(...w)));
    // Q16 of what is at most 1: Slaney's triangles are low.
    const raise = greatest > 0 ? Math.max(0, -floorLog2(greatest) - 1) : 0;
    const { low, rows } = triplets(weights, 65536 * 2 ** raise);
    return {
      arguments: [{ table: 'bands' }, low, low + rows.length, step.bands, isPower ? 1 : 0],
      tables: { bands: { type: 'u16', values: rows.flat() } },
      out: { count: step.bands, exponent: out - 16 - raise },
      bytes: 8 * step.bands,
    };
  },
  work: ({ energy, scale }, { arguments: [, low, high, bands] }) => {
    const places = Number(high) - Number(low);
    return { zero: Number(bands), [energy === 'power' ? 'square' : 'root']: places, weighted: scale === 'linear' ? 0 : places };
  },
  kernel: (heap, y, x, [t, low, high, count, isPower]) => {
    const [table, from, to, n, power] = [t, low, high, count, isPower].map(Number);
    return () => heap.wasm.bands_u64(y, x, table, from, to, n, power);
  },
  c: {
    name: 'bands_u64',
    needs: ['root_u64'],
    parameters: [
      'uint64_t *y',
      'const int32_t *z',
      'const uint16_t *t',
      'int32_t low',
      'int32_t high',
      'int32_t bands',
      'int32_t is_power',
    ],
    body: `
      for (int32_t b = 0; b < bands; b++) {
        y[b] = 0;
      }
      for (int32_t k = low; k < high; k++) {
        const int64_t re = z[2 * k];
        const int64_t im = z[(2 * k) + 1];
        const uint64_t square = (uint64_t)((re * re) + (im * im));
        const uint64_t p = (is_power != 0) ? ((square + 2048u) >> 12) : root_u64(square);
        if (t == NULL) {
          y[k - low] = p;
        } else {
          const uint16_t *row = &t[3 * (k - low)];
          y[row[0]] += p * row[1];
          if (row[2] != 0u) {
            y[row[0] + 1] += p * row[2];
          }
        }
      }`,
  },
};

/** For each place from the first with a weight to the last: its lower band, and the weights there and in the next. */
function triplets(weights: readonly Float64Array[], one: number): { low: number; rows: (readonly [number, number, number])[] } {
  const all = Array.from(weights[0], (_, k) => {
    const found = weights.flatMap((w, b) => (w[k] > 0 ? [b] : []));
    if (found.length > 2 || (found.length === 2 && found[1] !== found[0] + 1))
      throw tooMany(weights.length, 2 * (weights[0].length - 1));
    const band = found[0] ?? 0;
    const at = (b: number) => (found.includes(b) ? Math.min(65535, Math.round(weights[b][k] * one)) : 0);
    return [band, at(band), at(band + 1)] as const;
  });
  const isUsed = ([, a, b]: readonly [number, number, number]) => a + b > 0;
  const low = Math.max(0, all.findIndex(isUsed));
  const high = all.findLastIndex(isUsed) + 1;
  return { low, rows: all.slice(low, Math.max(high, low + 1)) };
}

const tooMany = (count: number, fft: number) =>
  new CompressError('bad-option', `${count} bands are too many for a transform of ${fft}`, 'give fewer bands, or a larger fft');
