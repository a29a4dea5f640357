import { exp, log } from '../elementary.ts';
import { correctionOf } from './filterbank.ts';
import { ESTIMATE_BITS } from './noise.ts';
import type { FeatureRow } from './operators.ts';

/** Bits behind the point of a gain, of a signal times its gain, and of what comes out. */
const GAIN_BITS = 21;
const SNR_BITS = 12;
export const OUTPUT_BITS = 6;

const power = (x: number, y: number): number => exp(y * log(x));

/**
 * The gain for estimates of noise: of 0 and 1, then three numbers of a parabola for each power of two, and a place that is not read.
 *
 * Source: lib/pcan_gain_control_util.c.
 */
function gains(fft: number, strength: number, offset: number): number[] {
  const bits = ESTIMATE_BITS - correctionOf(fft);
  const gain = (noise: number): number =>
    Math.floor(Math.fround(2 ** GAIN_BITS * Math.fround(power(Math.fround(noise * 2 ** -bits) + offset, -strength))) + 0.5);
  const pieces = Array.from({ length: 31 }, (_, i) => {
    const from = 2 ** (i + 1);
    const to = i === 30 ? 2 * from - 1 : 2 * from;
    const first = gain(from);
    const [half, whole] = [gain(1.5 * from) - first, gain(to) - first];
    const slope = 4 * half - whole;
    return [first, slope, whole - slope, 0];
  });
  return [gain(0), gain(1), ...pieces.flat().slice(0, -1)];
}

/** Whether 16 bits hold the gains and what lies between them. */
export const gainsFit = (fft: number, strength: number, offset: number): boolean =>
  offset > 0 && gains(fft, strength, offset).every((v) => v >= -32768 && v <= 32767);

/** Source: TensorFlow Lite's microfrontend (lib/pcan_gain_control.c), facts only; Wang et al., "Trainable Frontend For Robust and Far-Field Keyword Spotting" (2017). */
export const pcan: FeatureRow<'pcan'> = {
  define: (x, { strength, offset }, _, state) =>
    x.map((v, b) => {
      const snr = v * power(state[b] + offset, -strength);
      return snr < 2 ? (snr * snr) / 4 : snr - 1;
    }),
  plan: ({ count }, { fft, strength, offset }) => ({
    arguments: ['state', { table: 'gains' }, count, GAIN_BITS - correctionOf(fft) - SNR_BITS],
    tables: { gains: { type: 'i16', values: gains(fft, strength, offset) } },
    out: { count, exponent: -OUTPUT_BITS },
    bytes: 0,
  }),
  work: (_, { out }) => ({ band: out.count }),
  kernel: (heap, y, _, given) => {
    const [state, table, count, shift] = given.map(Number);
    return () => heap.wasm.pcan_u64(y, state, table, count, shift);
  },
  c: {
    name: 'pcan_u64',
    needs: ['zeros_u64'],
    parameters: ['uint64_t *y', 'const uint32_t *estimate', 'const int16_t *t', 'int32_t n', 'int32_t shift'],
    body: `
      for (int32_t b = 0; b < n; b++) {
        const uint32_t noise = estimate[b];
        int32_t gain = t[noise & 1u];
        if (noise > 1u) {
          const int32_t bits = 64 - zeros_u64(noise);
          const int16_t *at = &t[(4 * bits) - 6];
          const int32_t part = (int32_t)(((bits < 11) ? (noise << (11 - bits)) : (noise >> (bits - 11))) & 0x3ffu);
          const int32_t bent = ((((at[2] * part) >> 5) + (at[1] * 32)) * part) + 16384;
          gain = at[0] + (bent >> 15);
        }
        const uint32_t snr = (uint32_t)((y[b] * (uint64_t)(uint32_t)gain) >> shift);
        y[b] = (snr < ${2 << SNR_BITS}u) ? ((snr * snr) >> ${2 + 2 * SNR_BITS - OUTPUT_BITS}) : ((snr >> ${SNR_BITS - OUTPUT_BITS}) - ${1 << OUTPUT_BITS}u);
      }`,
  },
};
