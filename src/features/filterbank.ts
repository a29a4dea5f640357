import { floorLog2, log } from '../elementary.ts';
import type { FrontEndStep } from './front_end.ts';
import type { FeatureRow } from './operators.ts';

type Filterbank = FrontEndStep & { readonly op: 'filterbank' };

/** Bits of a weight; a root has half of them. */
const BITS = 12;
const f32 = Math.fround;
const mel = (hz: number): number => f32(1127 * f32(log(1 + f32(hz / 700))));

/** Numbers of the filter bank, times 2^this, are roots of power in steps of the samples. Source: microfrontend/lib/frontend.c, correction_bits. */
export const correctionOf = (fft: number): number => floorLog2(fft) - BITS / 2;

/** For each place from `from` on: the band that it falls in, its weights there and in the next. Single precision, as the original computes them. */
function placesOf({ bands, low, high, fft }: Filterbank, rate: number) {
  const hertz = f32(rate / fft);
  const [first, last] = [mel(low), mel(high)];
  const spacing = f32(f32(last - first) / (bands + 1));
  const centres = Array.from({ length: bands + 1 }, (_, i) => f32(first + f32(spacing * (i + 1))));
  const from = Math.floor(1.5 + f32(low / hertz));
  const rows: { readonly band: number; readonly here: number; readonly next: number }[] = [];
  for (const [i, centre] of centres.entries()) {
    const before = i ? centres[i - 1] : first;
    for (let k = from + rows.length; k <= fft / 2 && mel(f32(k * hertz)) <= centre; k++) {
      const falls = f32(f32(centre - mel(f32(k * hertz))) / f32(centre - before));
      const rises = i < bands ? 1 - falls : 0;
      rows.push(i ? { band: i - 1, here: falls, next: rises } : { band: 0, here: rises, next: 0 });
    }
  }
  return { from, rows };
}

const toQ12 = (v: number): number => Math.floor(v * 2 ** BITS + 0.5);

/** Source: TensorFlow Lite's microfrontend (lib/filterbank.c, filterbank_util.c), facts only. */
export const filterbank: FeatureRow<'filterbank'> = {
  define: (x, step, { rate, step: samples }) => {
    const { from, rows } = placesOf(step, rate!);
    const sums = new Float64Array(step.bands);
    for (const [i, { band, here, next }] of rows.entries()) {
      const [re, im] = [x[2 * (from + i)], x[2 * (from + i) + 1]];
      sums[band] += here * (re * re + im * im);
      if (next) sums[band + 1] += next * (re * re + im * im);
    }
    return sums.map((v) => Math.sqrt(v) * step.fft * 2 ** -samples);
  },
  plan: (_, step, { rate }) => {
    const { from, rows } = placesOf(step, rate!);
    return {
      arguments: [{ table: 'bands' }, from, from + rows.length, step.bands, step.fft],
      tables: { bands: { type: 'u16', values: rows.flatMap((r) => [r.band, toQ12(r.here), toQ12(r.next)]) } },
      out: { count: step.bands, exponent: correctionOf(step.fft) },
      bytes: 8 * step.bands,
    };
  },
  work: ({ bands }, { arguments: [, from, to] }) => ({ root: bands, place: Number(to) - Number(from) }),
  kernel: (heap, y, x, given) => {
    const [table, from, to, bands, size] = given.map(Number);
    return () => heap.wasm.filterbank_u64(y, x, table, from, to, bands, size);
  },
  c: {
    name: 'filterbank_u64',
    needs: ['root_u64'],
    parameters: [
      'uint64_t *y',
      'const int32_t *z',
      'const uint16_t *t',
      'int32_t from',
      'int32_t to',
      'int32_t bands',
      'int32_t size',
    ],
    body: `
      for (int32_t b = 0; b < bands; b++) {
        y[b] = 0;
      }
      for (int32_t k = from; k < to; k++) {
        const uint16_t *row = &t[3 * (k - from)];
        const int32_t re = z[2 * k];
        const int32_t im = z[(2 * k) + 1];
        const uint64_t power = (uint32_t)(re * re) + (uint32_t)(im * im);
        y[row[0]] += power * row[1];
        if (row[2] != 0u) {
          y[row[0] + 1] += power * row[2];
        }
      }
      for (int32_t b = 0; b < bands; b++) {
        uint64_t root = root_u64(y[b]);
        if (((y[b] - (root * root)) > root) && (root != 65535u)) {
          root++;
        }
        y[b] = root >> z[size + 2];
      }`,
  },
};
