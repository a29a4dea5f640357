import { log } from '../elementary.ts';
import { correctionOf } from './filterbank.ts';
import type { FeatureRow } from './operators.ts';

const PARTS = 128;
/** Bits behind the point of what comes out. */
const OUT_BITS = 6;
const LN2 = Math.floor(65536 * Math.LN2);

/** log2(1 + i / 128) - i / 128, in steps of 2^-16. */
const table = Array.from({ length: PARTS + 1 }, (_, i) => Math.round(65536 * (log(1 + i / PARTS) / Math.LN2 - i / PARTS)));

/** Source: TensorFlow Lite's microfrontend (lib/log_scale.c), facts only. */
export const log16: FeatureRow<'log16'> = {
  define: (x, { gain }) => x.map((v) => (gain * v > 1 ? log(gain * v) : 0)),
  plan: ({ count }, { fft }) => ({
    arguments: [{ table: 'log16' }, count, correctionOf(fft)],
    tables: { log16: { type: 'i16', values: table } },
    out: { count, exponent: -OUT_BITS },
    bytes: 4 * count,
  }),
  work: (_, { out }) => ({ log: out.count }),
  kernel: (heap, y, x, given) => {
    const [t, n, correction] = given.map(Number);
    return () => heap.wasm.log16_u64(y, x, t, n, correction);
  },
  c: {
    name: 'log16_u64',
    needs: ['zeros_u64'],
    parameters: ['int32_t *y', 'const uint64_t *x', 'const int16_t *t', 'int32_t n', 'int32_t correction'],
    body: `
      for (int32_t i = 0; i < n; i++) {
        const uint32_t given = (uint32_t)x[i];
        const uint32_t v = (correction < 0) ? (given >> -correction) : (given << correction);
        y[i] = 0;
        if (v > 1u) {
          const int32_t whole = 63 - zeros_u64(v);
          const uint32_t rest = v - ((uint32_t)1 << whole);
          const int32_t part = (int32_t)((whole < 16) ? (rest << (16 - whole)) : (rest >> (whole - 16)));
          const int16_t *at = &t[part >> 9];
          const int32_t between = ((at[1] - at[0]) * (part & 511)) >> 16;
          const uint64_t log2 = ((uint64_t)(uint32_t)whole << 16) + (uint64_t)((int64_t)part + at[0] + between);
          const uint64_t natural = ((log2 * ${LN2}u) + 32768u) >> 16;
          y[i] = (int32_t)((uint32_t)((natural << ${OUT_BITS}) + 32768u) >> 16);
        }
      }`,
  },
};
