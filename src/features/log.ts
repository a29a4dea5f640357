import { log as ln } from '../elementary.ts';
import type { LogUnit } from './front_end.ts';
import type { FeatureRow } from './operators.ts';

/** What log2 is multiplied by. */
const UNITS: Readonly<Record<LogUnit, number>> = { ln: Math.LN2, db: (10 * Math.LN2) / Math.LN10 };

const PARTS = 64;
const log2 = (v: number): number => ln(v) / Math.LN2;

export const log: FeatureRow<'log'> = {
  define: (x, { unit, floor, gain }) => x.map((v) => UNITS[unit] * log2(Math.max(gain * v + floor, 2 ** -1000))),
  plan: ({ count, exponent }, { unit, floor, gain }) => ({
    arguments: [
      { table: 'log2' },
      count,
      BigInt(Math.max(1, Math.round((floor / gain) * 2 ** -exponent))),
      Math.round(65536 * (exponent + log2(gain))),
      Math.round(16384 * UNITS[unit]),
    ],
    tables: {
      log2: { type: 'i32', values: Array.from({ length: PARTS + 1 }, (_, i) => Math.round(65536 * log2(1 + i / PARTS))) },
    },
    out: { count, exponent: -16 },
    bytes: 4 * count,
  }),
  work: (_, { out }) => ({ log: out.count }),
  kernel: (heap, y, x, [t, n, floor, offset, unit]) => {
    const [table, count, from, times] = [t, n, offset, unit].map(Number);
    return () => heap.wasm.log_u64(y, x, table, count, floor as bigint, from, times);
  },
  c: {
    name: 'log_u64',
    needs: ['zeros_u64'],
    parameters: [
      'int32_t *y',
      'const uint64_t *x',
      'const int32_t *t',
      'int32_t n',
      'uint64_t floor',
      'int32_t offset',
      'int32_t unit',
    ],
    body: `
      for (int32_t i = 0; i < n; i++) {
        const uint64_t v = x[i] + floor;
        const int32_t zeros = zeros_u64(v);
        const uint32_t part = (uint32_t)((v << zeros) >> 32) & 0x7fffffffu;
        const int32_t *at = &t[part >> 25];
        const int32_t rest = (int32_t)((part >> 9) & 0xffffu);
        const int32_t log2 = ((63 - zeros) * 65536) + at[0] + (((at[1] - at[0]) * rest) >> 16) + offset;
        y[i] = (int32_t)((((int64_t)log2 * unit) + 8192) >> 14);
      }`,
  },
};
