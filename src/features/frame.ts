import { cosTurns, floorLog2 } from '../elementary.ts';
import type { WindowName } from './front_end.ts';
import type { FeatureRow, Planned } from './operators.ts';

/** Place n of a window of `length`, periodic as in scipy.signal.get_window and tf.signal. */
const WINDOWS: Readonly<Record<WindowName, ((n: number, length: number) => number) | null>> = {
  hann: (n, length) => 0.5 - 0.5 * cosTurns(n / length),
  hamming: (n, length) => 0.54 - 0.46 * cosTurns(n / length),
  none: null,
};

const toQ15 = (v: number): number => Math.max(-32768, Math.min(32767, Math.round(v * 32768)));

export const frame: FeatureRow<'frame'> = {
  define: (x, { window, fft, emphasis, centred }, { frame: length }) => {
    const mean = centred ? x.reduce((a, b) => a + b, 0) / length : 0;
    const shape = WINDOWS[window];
    const y = new Float64Array(fft);
    for (let n = 0; n < length; n++) {
      const before = n > 0 ? x[n - 1] - mean : 0;
      y[n] = (x[n] - mean - emphasis * before) * (shape ? shape(n, length) : 1);
    }
    return y;
  },
  plan: ({ exponent }, { window, fft, emphasis, centred }, { frame: length, channels }): Planned => {
    // The transform adds up to fft numbers; centring and emphasis may double one each.
    const spare = 15 - floorLog2(fft) - (centred ? 1 : 0) - (emphasis ? 1 : 0);
    const shape = WINDOWS[window];
    const values = shape ? Array.from({ length }, (_, n) => toQ15(shape(n, length))) : [];
    return {
      arguments: [shape ? { table: 'window' } : 0, length, channels, fft, 15 - spare, toQ15(emphasis), centred ? 1 : 0],
      tables: shape ? { window: { type: 'i16', values } } : {},
      out: { count: fft, exponent: exponent - spare },
      bytes: 4 * (fft + 2),
    };
  },
  work: ({ window, fft, centred }, _, { frame: length }) => ({
    call: 1,
    [window === 'none' ? 'sample' : 'windowed']: length,
    zero: fft - length,
    summed: centred ? length : 0,
  }),
  kernel: (heap, y, x, [w, length, stride, size, shift, emphasis, centred]) => {
    const numbers = [w, length, stride, size, shift, emphasis, centred].map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return () => heap.wasm.frame_s16(y, x, ...numbers);
  },
  c: {
    name: 'frame_s16',
    needs: [],
    parameters: [
      'int32_t *y',
      'const int16_t *x',
      'const int16_t *w',
      'int32_t length',
      'int32_t stride',
      'int32_t size',
      'int32_t shift',
      'int32_t emphasis',
      'int32_t centred',
    ],
    body: `
      int32_t mean = 0;
      int32_t before = 0;
      if (centred != 0) {
        int64_t sum = 0;
        for (int32_t i = 0; i < length; i++) {
          sum += x[i * stride];
        }
        mean = (int32_t)(sum / length);
      }
      for (int32_t i = 0; i < length; i++) {
        const int32_t v = (int32_t)x[i * stride] - mean;
        const int32_t raised = v - (int32_t)(((int64_t)emphasis * before) >> 15);
        const int64_t weight = (w != NULL) ? w[i] : 32768;
        before = v;
        y[i] = (int32_t)((raised * weight) >> shift);
      }
      for (int32_t i = length; i < size; i++) {
        y[i] = 0;
      }`,
  },
};
