import type { CallOf } from '../../ops/kernel_call.ts';
import { leaves } from '../geometry.ts';
import type { LayerCode, Parts, Placed, Variant } from '../parts.ts';
import { clampFunction, term } from './rescale.ts';

export type PoolCall = CallOf<'avg_pool' | 'max_pool', Placed>;

/** A pooling layer's window and what stands around the code that looks at one. */
export interface PoolFrame {
  readonly call: PoolCall;
  /** Whether all windows lie inside the image: then an average is divided by a constant. */
  readonly inside: boolean;
  /** Elements of a window, in C: a number, or `n` where windows are clipped. */
  readonly count: string;
}

export function poolFrame(call: PoolCall): PoolFrame {
  const { x, y } = call.operands;
  const { filter, stride, padding } = call.parameters;
  const inside = [0, 1].every((axis) => !leaves(x.shape[1 + axis], y.shape[1 + axis], filter[axis], stride[axis], padding[axis]));
  return { call, inside, count: inside ? String(filter[0] * filter[1]) : 'n' };
}

/**
 * A function that visits all windows; `body` sees `image`, `top`, `left`, `bottom`, `right` (and `n`), and writes the channels at y.
 *
 * @param looks whether it needs `bottom` and `right`
 */
export function poolFunction(parts: Parts, { call, inside }: PoolFrame, body: string, looks = true): LayerCode {
  const { x, y } = call.operands;
  const type = call.form === 's16' ? 'int16_t' : 'int8_t';
  const [images, inH, inW] = x.shape;
  const [, outH, outW, c] = y.shape;
  const { filter, stride, padding } = call.parameters;
  const edges = (place: string, axis: 0 | 1, from: string, to: string, size: number) =>
    inside
      ? `
            const int32_t ${from} = ${place} * ${stride[axis]};${
              looks
                ? `
            const int32_t ${to} = ${from} + ${filter[axis]};`
                : ''
            }`
      : `
            const int32_t ${from}_all = (${place} * ${stride[axis]}) - ${padding[axis]};
            const int32_t ${from} = (${from}_all < 0) ? 0 : ${from}_all;
            const int32_t ${to} = ((${from}_all + ${filter[axis]}) > ${size}) ? ${size} : (${from}_all + ${filter[axis]});`;
  const name = parts.function(
    call.family === 'avg_pool' ? 'average_pool' : 'max_pool',
    (f) =>
      `
      static void ${f}(${type} *y, const ${type} *x) {
        for (int32_t image = 0; image < ${images}; image++) {
          for (int32_t oy = 0; oy < ${outH}; oy++) {${edges('oy', 0, 'top', 'bottom', inH)}
            for (int32_t ox = 0; ox < ${outW}; ox++) {${edges('ox', 1, 'left', 'right', inW)}
              ${inside || call.family === 'max_pool' ? '' : 'const int32_t n = (bottom - top) * (right - left);'}
              ${body}
              y += ${c};
            }
          }
        }
      }
      `,
  );
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x)] }], scratchBytes: 0, notes: [] };
}

/** Elements whose average is found by a 32-bit product: for sums of int8, `2^24 / n` rounded up is exact. */
const MOST_BY_PRODUCT = 361;

/** From a sum to the average, ties away from zero. */
export const meanText = (sum: string, { inside, count, call }: PoolFrame, variant: Variant): string => {
  const { filter } = call.parameters;
  const n = filter[0] * filter[1];
  // A core without a division or a long product would call the compiler's library.
  if (inside && variant === 'thumb1' && call.form === 's8' && n & (n - 1) && n <= MOST_BY_PRODUCT) {
    const by = `${Math.ceil(2 ** 24 / n)}u) >> 24)`;
    const half = Math.floor(n / 2);
    return `((${sum} > 0) ? (int32_t)(((uint32_t)(${sum} + ${half}) * ${by} : -(int32_t)(((uint32_t)(${half} - ${sum}) * ${by})`;
  }
  const half = inside ? String(Math.floor(n / 2)) : `(${count} / 2)`;
  return `((${sum} > 0) ? (${sum} + ${half}) : (${sum} - ${half})) / ${count}`;
};

/** Windows of so few elements are written out. */
const WRITTEN_OUT = 9;

/** Average or maximum of a window, clipped to the image, channel by channel. */
export function poolPlain(call: PoolCall, parts: Parts): LayerCode {
  const { x } = call.operands;
  const type = call.form === 's16' ? 'int16_t' : 'int8_t';
  const [, inH, inW, c] = x.shape;
  const { yMin, yMax, filter } = call.parameters;
  const average = call.family === 'avg_pool';
  const frame = poolFrame(call);
  const clamp = clampFunction(parts);
  const least = call.form === 's16' ? -32768 : -128;
  const take = (value: string) => (average ? `value += ${value};` : `value = (${value} > value) ? ${value} : value;`);
  const end = `
                ${average ? `value = ${meanText('value', frame, parts.variant)};` : ''}
                y[k] = (${type})${clamp}(value, ${yMin}, ${yMax});`;
  if (frame.inside && filter[0] * filter[1] <= WRITTEN_OUT) {
    const places = Array.from({ length: filter[0] * filter[1] }, (_, i) => {
      const [row, column] = [Math.floor(i / filter[1]), i % filter[1]];
      return (row * inW + column) * c;
    });
    return poolFunction(
      parts,
      frame,
      `
              const ${type} *from = &x[((((image * ${inH}) + top) * ${inW}) + left) * ${c}];
              for (int32_t k = 0; k < ${c}; k++) {
                int32_t value = from[k];
                ${places
                  .slice(1)
                  .map((at) => take(`from[k + ${at}]`))
                  .join('\n                ')}${end}
              }`,
      false,
    );
  }
  const value = `x[(((((image * ${inH}) + iy) * ${inW}) + ix) * ${c}) + k]`;
  return poolFunction(
    parts,
    frame,
    `
              for (int32_t k = 0; k < ${c}; k++) {
                int32_t value = ${average ? 0 : term(least)};
      #pragma GCC unroll 1
                for (int32_t iy = top; iy < bottom; iy++) {
      #pragma GCC unroll 1
                  for (int32_t ix = left; ix < right; ix++) {
                    ${take(value)}
                  }
                }${end}
              }`,
  );
}
