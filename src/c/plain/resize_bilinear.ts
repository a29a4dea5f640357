import type { CallOf } from '../../ops/kernel_call.ts';
import { type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';

/** For each place of an output's side: the two inputs it lies between, and how far from the first, in 1/1024. */
function between(size: number, out: number, step: number, half: boolean): number[] {
  return Array.from({ length: out }, (_, i) => {
    const at = half ? i * step + Math.trunc(step / 2) - 512 : i * step;
    const first = Math.max(Math.trunc(at / 1024), 0);
    return [first, Math.min(Math.trunc((at + 1023) / 1024), size - 1), at - first * 1024];
  }).flat();
}

/** Bilinear resizing; the places are tables. */
export function resizeBilinearPlain(call: CallOf<'resize_bilinear', Placed>, parts: Parts, tag: string): LayerCode {
  const { x, y } = call.operands;
  const [images, inH, inW, c] = x.shape;
  const [, outH, outW] = y.shape;
  const { step, halfPixelCenters } = call.parameters;
  const type = TYPES[y.dtype];
  const name = parts.function(
    'resize_bilinear',
    (n) => `
      static void ${n}(${type} *y, const ${type} *x, const int16_t *rows, const int16_t *columns) {
        for (int32_t image = 0; image < ${images}; image++) {
          const ${type} *from = &x[image * ${inH * inW * c}];
          for (int32_t oy = 0; oy < ${outH}; oy++) {
            const ${type} *top = &from[rows[3 * oy] * ${inW * c}];
            const ${type} *bottom = &from[rows[(3 * oy) + 1] * ${inW * c}];
            const int32_t down = rows[(3 * oy) + 2];
            for (int32_t ox = 0; ox < ${outW}; ox++) {
              const int32_t left = columns[3 * ox] * ${c};
              const int32_t right = columns[(3 * ox) + 1] * ${c};
              const int32_t across = columns[(3 * ox) + 2];
              for (int32_t k = 0; k < ${c}; k++) {
                const int64_t first = (top[left + k] * (1024 - down)) + (bottom[left + k] * down);
                const int64_t second = (top[right + k] * (1024 - down)) + (bottom[right + k] * down);
                const int64_t sum = (first * (int64_t)(1024 - across)) + (second * (int64_t)across);
                *y = (${type})((sum + ((sum > 0) ? 524288 : -524288)) / 1048576);
                y++;
              }
            }
          }
        }
      }`,
  );
  const tables = [
    parts.table(`${tag}_rows`, 'int16_t', between(inH, outH, step[0], halfPixelCenters)),
    parts.table(`${tag}_columns`, 'int16_t', between(inW, outW, step[1], halfPixelCenters)),
  ];
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x), ...tables] }], scratchBytes: 0, notes: [] };
}
