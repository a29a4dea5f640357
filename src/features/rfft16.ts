import { cosTurns, floorLog2, sinTurns } from '../elementary.ts';
import type { FeatureRow } from './operators.ts';
import { rfft } from './rfft.ts';

const toShort = (v: number): number => Math.floor(0.5 + 32767 * v);

/**
 * The transform of micro_speech, in 16 bits: radix 4, each pass divides by its radix.
 *
 * Source: KISS FFT v130 with FIXED_POINT 16 (kiss_fft.c, kiss_fftr.c), facts only.
 */
export const rfft16: FeatureRow<'rfft16'> = {
  define: (x, { fft }, front, state) => rfft.define(x, { op: 'rfft', fft }, front, state).map((v) => v / fft),
  plan: ({ exponent }, { fft }) => ({
    arguments: [{ table: 'turns' }, fft],
    tables: {
      turns: {
        type: 'i16',
        values: Array.from({ length: (3 * fft) / 2 }, (_, i) =>
          toShort(i % 2 ? -sinTurns((i - 1) / 2 / fft) : cosTurns(i / 2 / fft)),
        ),
      },
    },
    out: { count: fft + 2, exponent: exponent + floorLog2(fft) },
    bytes: 0,
  }),
  work: ({ fft }) => {
    const bits = floorLog2(fft / 2);
    return { four: Math.floor(bits / 2) * (fft / 8), two: bits % 2 ? fft / 4 : 0, place: fft / 4 };
  },
  kernel:
    (heap, y, _, [w, size]) =>
    () =>
      heap.wasm.rfft_s16(y, Number(w), Number(size)),
  c: {
    name: 'rfft_s16',
    needs: ['short_of', 'divided'],
    parameters: ['int32_t *z', 'const int16_t *w', 'int32_t size'],
    body: `
      const int32_t half = size / 2;
      int32_t reach = 1;
      if ((half & 0x55555555) == 0) {
        for (int32_t i = 0; i < (2 * half); i += 4) {
          const int32_t ar = divided(z[i], 16383);
          const int32_t ai = divided(z[i + 1], 16383);
          const int32_t br = divided(divided(z[i + 2], 16383), 32767);
          const int32_t bi = divided(divided(z[i + 3], 16383), 32767);
          z[i] = short_of(ar + br);
          z[i + 1] = short_of(ai + bi);
          z[i + 2] = short_of(ar - br);
          z[i + 3] = short_of(ai - bi);
        }
        reach = 2;
      }
      for (; reach < half; reach *= 4) {
        const int32_t step = size / (4 * reach);
        for (int32_t j = 0; j < reach; j++) {
          for (int32_t i = j; i < half; i += 4 * reach) {
            int32_t re[4];
            int32_t im[4];
            for (int32_t k = 0; k < 4; k++) {
              const int32_t *a = &z[2 * (i + (k * reach))];
              const int16_t *turn = &w[2 * k * j * step];
              const int32_t ar = divided(a[0], 8191);
              const int32_t ai = divided(a[1], 8191);
              re[k] = (k == 0) ? ar : short_of(((ar * turn[0]) - (ai * turn[1]) + 16384) >> 15);
              im[k] = (k == 0) ? ai : short_of(((ar * turn[1]) + (ai * turn[0]) + 16384) >> 15);
            }
            const int32_t even_re = short_of(re[0] + re[2]);
            const int32_t even_im = short_of(im[0] + im[2]);
            const int32_t less_re = short_of(re[0] - re[2]);
            const int32_t less_im = short_of(im[0] - im[2]);
            const int32_t odd_re = short_of(re[1] + re[3]);
            const int32_t odd_im = short_of(im[1] + im[3]);
            const int32_t cross_re = short_of(re[1] - re[3]);
            const int32_t cross_im = short_of(im[1] - im[3]);
            int32_t *first = &z[2 * i];
            int32_t *second = &z[2 * (i + reach)];
            int32_t *third = &z[2 * (i + (2 * reach))];
            int32_t *fourth = &z[2 * (i + (3 * reach))];
            first[0] = short_of(even_re + odd_re);
            first[1] = short_of(even_im + odd_im);
            second[0] = short_of(less_re + cross_im);
            second[1] = short_of(less_im - cross_re);
            third[0] = short_of(even_re - odd_re);
            third[1] = short_of(even_im - odd_im);
            fourth[0] = short_of(less_re - cross_im);
            fourth[1] = short_of(less_im + cross_re);
          }
        }
      }
      const int32_t sum = divided(z[0], 16383);
      const int32_t rest = divided(z[1], 16383);
      z[0] = short_of(sum + rest);
      z[1] = 0;
      z[size] = short_of(sum - rest);
      z[size + 1] = 0;
      for (int32_t k = 1; (2 * k) <= half; k++) {
        int32_t *a = &z[2 * k];
        int32_t *b = &z[2 * (half - k)];
        const int32_t ar = divided(a[0], 16383);
        const int32_t ai = divided(a[1], 16383);
        const int32_t br = divided(b[0], 16383);
        const int32_t bi = divided(short_of(-b[1]), 16383);
        const int32_t sum_re = short_of(ar + br);
        const int32_t sum_im = short_of(ai + bi);
        const int32_t less_re = short_of(ar - br);
        const int32_t less_im = short_of(ai - bi);
        const int32_t c = w[(2 * k) + 1];
        const int32_t s = -w[2 * k];
        const int32_t turned_re = short_of(((less_re * c) - (less_im * s) + 16384) >> 15);
        const int32_t turned_im = short_of(((less_re * s) + (less_im * c) + 16384) >> 15);
        a[0] = short_of((sum_re + turned_re) >> 1);
        a[1] = short_of((sum_im + turned_im) >> 1);
        b[0] = short_of((sum_re - turned_re) >> 1);
        b[1] = short_of((turned_im - sum_im) >> 1);
      }`,
  },
};
