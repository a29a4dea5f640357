import { cosTurns, floorLog2, sinTurns } from '../elementary.ts';
import type { FeatureRow } from './operators.ts';

const toQ15 = (v: number): number => Math.max(-32768, Math.min(32767, Math.round(v * 32768)));

/** Pairs of real and imaginary part, places 0 .. fft / 2. */
export const rfft: FeatureRow<'rfft'> = {
  define: (x, { fft }) => {
    // radix 2 over complex numbers, apart from the kernel's way of halves
    const re = Float64Array.from(x);
    const im = new Float64Array(fft);
    transform(re, im);
    const y = new Float64Array(fft + 2);
    for (let k = 0; k <= fft / 2; k++) y.set([re[k], im[k]], 2 * k);
    return y;
  },
  plan: ({ exponent }, { fft }) => ({
    arguments: [{ table: 'turns' }, fft],
    tables: {
      turns: {
        type: 'i16',
        values: Array.from({ length: fft }, (_, i) => toQ15(i % 2 ? sinTurns((i - 1) / 2 / fft) : cosTurns(i / 2 / fft))),
      },
    },
    out: { count: fft + 2, exponent },
    bytes: 0,
  }),
  work: ({ fft }) => {
    const half = fft / 2;
    return { place: half, turned: (half / 2) * (floorLog2(half) - 2) + 1 };
  },
  kernel:
    (heap, y, _, [w, size]) =>
    () =>
      heap.wasm.rfft_s32(y, Number(w), Number(size)),
  c: {
    name: 'rfft_s32',
    needs: ['turned'],
    parameters: ['int32_t *z', 'const int16_t *w', 'int32_t size'],
    body: `
      const int32_t half = size / 2;
      for (int32_t i = 1, j = 0; i < half; i++) {
        int32_t bit = half / 2;
        while ((j & bit) != 0) {
          j ^= bit;
          bit /= 2;
        }
        j ^= bit;
        if (i < j) {
          for (int32_t part = 0; part < 2; part++) {
            const int32_t other = z[(2 * i) + part];
            z[(2 * i) + part] = z[(2 * j) + part];
            z[(2 * j) + part] = other;
          }
        }
      }
      for (int32_t length = 2; length <= half; length *= 2) {
        const int32_t step = size / length;
        const int32_t reach = length / 2;
        for (int32_t j = 0; j < reach; j++) {
          const int32_t c = w[2 * j * step];
          const int32_t s = w[(2 * j * step) + 1];
          for (int32_t i = j; i < half; i += length) {
            int32_t *a = &z[2 * i];
            int32_t *b = &z[2 * (i + reach)];
            const int32_t tr = (j != 0) ? turned(b[0], c, b[1], s) : b[0];
            const int32_t ti = (j != 0) ? turned(b[1], c, -b[0], s) : b[1];
            b[0] = a[0] - tr;
            b[1] = a[1] - ti;
            a[0] += tr;
            a[1] += ti;
          }
        }
      }
      const int32_t re = z[0];
      const int32_t im = z[1];
      z[0] = re + im;
      z[1] = 0;
      z[size] = re - im;
      z[size + 1] = 0;
      for (int32_t k = 1; (2 * k) < half; k++) {
        int32_t *a = &z[2 * k];
        int32_t *b = &z[2 * (half - k)];
        const int32_t er = (a[0] + b[0]) >> 1;
        const int32_t ei = (a[1] - b[1]) >> 1;
        const int32_t odd = (a[1] + b[1]) >> 1;
        const int32_t oi = (b[0] - a[0]) >> 1;
        const int32_t tr = turned(odd, w[2 * k], oi, w[(2 * k) + 1]);
        const int32_t ti = turned(oi, w[2 * k], -odd, w[(2 * k) + 1]);
        a[0] = er + tr;
        a[1] = ei + ti;
        b[0] = er - tr;
        b[1] = ti - ei;
      }
      z[half + 1] = -z[half + 1];`,
  },
};

function transform(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  if (n === 1) return;
  const part = (x: Float64Array, odd: number) => Float64Array.from({ length: n / 2 }, (_, i) => x[2 * i + odd]);
  const [er, ei, or, oi] = [part(re, 0), part(im, 0), part(re, 1), part(im, 1)];
  transform(er, ei);
  transform(or, oi);
  for (let k = 0; k < n / 2; k++) {
    const [c, s] = [cosTurns(k / n), -sinTurns(k / n)];
    const [tr, ti] = [or[k] * c - oi[k] * s, or[k] * s + oi[k] * c];
    re[k] = er[k] + tr;
    im[k] = ei[k] + ti;
    re[k + n / 2] = er[k] - tr;
    im[k + n / 2] = ei[k] - ti;
  }
}
