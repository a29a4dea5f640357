import type { CallOf } from '../../ops/kernel_call.ts';
import { leaves } from '../geometry.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
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

/** A function that visits all windows; `body` sees `image`, `top`, `left`, `bottom`, `right` (and `n`), and writes the channels at y. */
export function poolFunction(parts: Parts, { call, inside }: PoolFrame, body: string): LayerCode {
  const { x, y } = call.operands;
  const type = call.form === 's16' ? 'int16_t' : 'int8_t';
  const [images, inH, inW] = x.shape;
  const [, outH, outW, c] = y.shape;
  const { filter, stride, padding } = call.parameters;
  const edges = (place: string, axis: 0 | 1, from: string, to: string, size: number) =>
    inside
      ? `
            const int32_t ${from} = ${place} * ${stride[axis]};
            const int32_t ${to} = ${from} + ${filter[axis]};`
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

/** From a sum to the average, ties away from zero. */
export const meanText = (sum: string, { inside, count, call }: PoolFrame): string => {
  const { filter } = call.parameters;
  const half = inside ? String(Math.floor((filter[0] * filter[1]) / 2)) : `(${count} / 2)`;
  return `((${sum} > 0) ? (${sum} + ${half}) : (${sum} - ${half})) / ${count}`;
};

/** Average or maximum of a window, clipped to the image, channel by channel. */
export function poolPlain(call: PoolCall, parts: Parts): LayerCode {
  const { x } = call.operands;
  const type = call.form === 's16' ? 'int16_t' : 'int8_t';
  const [, inH, inW, c] = x.shape;
  const { yMin, yMax } = call.parameters;
  const average = call.family === 'avg_pool';
  const frame = poolFrame(call);
  const clamp = clampFunction(parts);
  const value = `x[(((((image * ${inH}) + iy) * ${inW}) + ix) * ${c}) + k]`;
  const least = call.form === 's16' ? -32768 : -128;
  return poolFunction(
    parts,
    frame,
    `
              for (int32_t k = 0; k < ${c}; k++) {
                int32_t value = ${average ? 0 : term(least)};
                for (int32_t iy = top; iy < bottom; iy++) {
                  for (int32_t ix = left; ix < right; ix++) {
                    ${average ? `value += ${value};` : `value = (${value} > value) ? ${value} : value;`}
                  }
                }
                ${average ? `value = ${meanText('value', frame)};` : ''}
                y[k] = (${type})${clamp}(value, ${yMin}, ${yMax});
              }`,
  );
}
