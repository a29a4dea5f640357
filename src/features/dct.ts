import { cosTurns } from '../elementary.ts';
import type { FeatureRow } from './operators.ts';

/** sqrt(2 / n) cos(pi r (c + 1/2) / n); the first row times sqrt(1/2) where it is orthonormal. */
function matrix(rows: number, columns: number, first: 'ortho' | 'tf'): Float64Array {
  const scale = Math.sqrt(2 / columns);
  return Float64Array.from({ length: rows * columns }, (_, i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    return scale * cosTurns((r * (2 * c + 1)) / (4 * columns)) * (r === 0 && first === 'ortho' ? Math.SQRT1_2 : 1);
  });
}

export const dct: FeatureRow<'dct'> = {
  define: (x, { coefficients, first }) => {
    const m = matrix(coefficients, x.length, first);
    return Float64Array.from({ length: coefficients }, (_, r) => x.reduce((sum, v, c) => sum + v * m[r * x.length + c], 0));
  },
  plan: ({ count, exponent }, { coefficients, first }) => ({
    arguments: [{ table: 'dct' }, coefficients, count],
    tables: {
      dct: {
        type: 'i16',
        values: Array.from(matrix(coefficients, count, first), (v) => Math.max(-32768, Math.min(32767, Math.round(32768 * v)))),
      },
    },
    out: { count: coefficients, exponent },
    bytes: 4 * coefficients,
  }),
  work: ({ coefficients }, { arguments: [, , columns] }) => ({ row: coefficients, product: coefficients * Number(columns) }),
  kernel: (heap, y, x, [m, rows, columns]) => {
    const [table, r, c] = [m, rows, columns].map(Number);
    return () => heap.wasm.dct_s32(y, x, table, r, c);
  },
  c: {
    name: 'dct_s32',
    needs: [],
    parameters: ['int32_t *y', 'const int32_t *x', 'const int16_t *m', 'int32_t rows', 'int32_t columns'],
    body: `
      for (int32_t r = 0; r < rows; r++) {
        int64_t sum = 16384;
        for (int32_t c = 0; c < columns; c++) {
          sum += (int64_t)x[c] * m[(r * columns) + c];
        }
        y[r] = (int32_t)(sum >> 15);
      }`,
  },
};
