import type { FeatureRow } from './operators.ts';

const COUNT = 5;

export const stats: FeatureRow<'stats'> = {
  define: (x) => {
    const n = x.length;
    const mean = x.reduce((a, b) => a + b, 0) / n;
    const variance = x.reduce((sum, v) => sum + (v - mean) * (v - mean), 0) / n;
    let steps = 0;
    for (let i = 1; i < n; i++) steps += Math.abs(x[i] - x[i - 1]);
    return Float64Array.of(mean, Math.sqrt(variance), Math.min(...x), Math.max(...x), steps / Math.max(1, n - 1));
  },
  plan: ({ exponent }, _, { frame, channels }) => ({
    arguments: [frame, channels],
    tables: {},
    out: { count: COUNT, exponent },
    bytes: 4 * COUNT,
  }),
  work: (_, __, { frame }) => ({ call: 1, sample: frame }),
  kernel:
    (heap, y, x, [length, stride]) =>
    () =>
      heap.wasm.stats_s16(y, x, Number(length), Number(stride)),
  c: {
    name: 'stats_s16',
    needs: ['root_u64'],
    parameters: ['int32_t *y', 'const int16_t *x', 'int32_t length', 'int32_t stride'],
    body: `
      int64_t sum = 0;
      int64_t steps = 0;
      int64_t squares = 0;
      int32_t least = 32767;
      int32_t greatest = -32768;
      int32_t before = x[0];
      for (int32_t i = 0; i < length; i++) {
        const int32_t v = x[i * stride];
        sum += v;
        steps += (v > before) ? ((int64_t)v - before) : ((int64_t)before - v);
        before = v;
        least = (v < least) ? v : least;
        greatest = (v > greatest) ? v : greatest;
      }
      const int32_t mean = (int32_t)(sum / length);
      for (int32_t i = 0; i < length; i++) {
        const int64_t v = (int64_t)x[i * stride] - mean;
        squares += v * v;
      }
      y[0] = mean;
      y[1] = (int32_t)root_u64((uint64_t)(squares / length));
      y[2] = least;
      y[3] = greatest;
      y[4] = (int32_t)(steps / ((length > 1) ? (length - 1) : 1));`,
  },
};
