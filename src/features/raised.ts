import { cosTurns } from '../elementary.ts';
import type { FeatureRow } from './operators.ts';

/** Places lie half a sample later than those of a periodic window. */
const hann = (n: number, length: number): number => 0.5 - 0.5 * cosTurns((n + 0.5) / length);

/**
 * Micro_speech's frame. Behind the fft numbers and the two that the transform adds is how often they were doubled.
 *
 * Source: TensorFlow Lite Micro 90b983c, signal/src/window.cc, fft_auto_scale.cc and ops/window_op.py, facts only.
 */
export const raised: FeatureRow<'raised'> = {
  define: (x, { fft }, { frame: length }) => {
    const y = new Float64Array(fft);
    for (let n = 0; n < length; n++) y[n] = x[n] * hann(n, length);
    return y;
  },
  plan: ({ exponent }, { fft }, { frame: length, channels }) => ({
    arguments: [{ table: 'window' }, length, channels, fft],
    tables: {
      window: { type: 'i16', values: Array.from({ length }, (_, n) => Math.round(4096 * hann(n, length))) },
    },
    out: { count: fft, exponent },
    bytes: 4 * (fft + 3),
  }),
  work: ({ fft }, _, { frame: length }) => ({ call: 1, sample: length, place: fft }),
  kernel: (heap, y, x, given) => {
    const [window, length, stride, size] = given.map(Number);
    return () => heap.wasm.raised_s16(y, x, window, length, stride, size);
  },
  c: {
    name: 'raised_s16',
    needs: ['digits_of'],
    parameters: ['int32_t *y', 'const int16_t *x', 'const int16_t *w', 'int32_t length', 'int32_t stride', 'int32_t size'],
    body: `
      int32_t greatest = 0;
      int32_t shift = 15;
      for (int32_t i = 0; i < size; i++) {
        const int32_t at = (2 * digits_of(i / 2, size / 2)) + (i % 2);
        const int32_t v = (i < length) ? ((x[i * stride] * w[i]) >> 12) : 0;
        const int32_t height = (v < 0) ? -v : v;
        greatest = (height > greatest) ? height : greatest;
        y[at] = v;
      }
      while ((greatest != 0) && (shift > 0)) {
        greatest >>= 1;
        shift--;
      }
      for (int32_t i = 0; i < size; i++) {
        y[i] *= (1 << shift);
      }
      y[size + 2] = shift;`,
  },
};
