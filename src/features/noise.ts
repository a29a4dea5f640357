import { correctionOf } from './filterbank.ts';
import type { FeatureRow } from './operators.ts';

/** Bits of a share, and by how many an estimate is finer than the signal. */
const BITS = 14;
export const ESTIMATE_BITS = 10;

const toQ14 = (v: number): number => Math.floor(Math.fround(v) * 2 ** BITS);

/** Source: TensorFlow Lite's microfrontend (lib/noise_reduction.c), facts only. */
export const noise: FeatureRow<'noise'> = {
  define: (x, { even, odd, remain }, _, state) =>
    x.map((v, b) => {
      const pace = b % 2 ? odd : even;
      state[b] = pace * v + (1 - pace) * state[b];
      return Math.max(v - state[b], remain * v);
    }),
  plan: ({ count }, { fft, even, odd, remain }) => ({
    arguments: ['state', count, toQ14(even), toQ14(odd), toQ14(remain)],
    tables: {},
    out: { count, exponent: correctionOf(fft) },
    bytes: 0,
    stateBytes: 4 * count,
  }),
  work: (_, { out }) => ({ band: out.count }),
  kernel: (heap, y, _, given) => {
    const [state, count, even, odd, remain] = given.map(Number);
    return () => heap.wasm.noise_u64(y, state, count, even, odd, remain);
  },
  c: {
    name: 'noise_u64',
    needs: [],
    parameters: ['uint64_t *y', 'uint32_t *estimate', 'int32_t n', 'uint32_t even', 'uint32_t odd', 'uint32_t remain'],
    body: `
      for (int32_t b = 0; b < n; b++) {
        const uint64_t pace = ((b % 2) != 0) ? odd : even;
        const uint32_t up = (uint32_t)(y[b] << ${ESTIMATE_BITS});
        const uint32_t noise = (uint32_t)(((up * pace) + (estimate[b] * (${2 ** BITS}u - pace))) >> ${BITS});
        const uint32_t rest = ((noise < up) ? (up - noise) : 0u) >> ${ESTIMATE_BITS};
        const uint32_t least = (uint32_t)((y[b] * remain) >> ${BITS});
        estimate[b] = noise;
        y[b] = (rest > least) ? rest : least;
      }`,
  },
};
