import type { CallOf } from '../../ops/kernel_call.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { clampFunction } from './rescale.ts';

/** Average or maximum of a window, clipped to the image. */
export function poolPlain(call: CallOf<'avg_pool' | 'max_pool', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const type = call.form === 's16' ? 'int16_t' : 'int8_t';
  const [images, inH, inW, c] = x.shape;
  const [, outH, outW] = y.shape;
  const { filter, stride, padding, yMin, yMax } = call.parameters;
  const average = call.family === 'avg_pool';
  const clamp = clampFunction(parts);
  const value = `x[(((((image * ${inH}) + iy) * ${inW}) + ix) * ${c}) + k]`;
  const whole = call.form === 's16' ? -32768 : -128;
  const inner = average ? `value += ${value};` : `value = (${value} > value) ? ${value} : value;`;
  const mean = `
                const int32_t n = (bottom - top) * (right - left);
                value = ((value > 0) ? (value + (n / 2)) : (value - (n / 2))) / n;`;
  const name = parts.function(
    average ? 'average_pool' : 'max_pool',
    (f) =>
      `
      static void ${f}(${type} *y, const ${type} *x) {
        for (int32_t image = 0; image < ${images}; image++) {
          for (int32_t oy = 0; oy < ${outH}; oy++) {
            const int32_t above = (oy * ${stride[0]}) - ${padding[0]};
            const int32_t top = (above < 0) ? 0 : above;
            const int32_t bottom = ((above + ${filter[0]}) > ${inH}) ? ${inH} : (above + ${filter[0]});
            for (int32_t ox = 0; ox < ${outW}; ox++) {
              const int32_t before = (ox * ${stride[1]}) - ${padding[1]};
              const int32_t left = (before < 0) ? 0 : before;
              const int32_t right = ((before + ${filter[1]}) > ${inW}) ? ${inW} : (before + ${filter[1]});
              for (int32_t k = 0; k < ${c}; k++) {
                int32_t value = ${average ? 0 : whole};
                for (int32_t iy = top; iy < bottom; iy++) {
                  for (int32_t ix = left; ix < right; ix++) {
                    ${inner}
                  }
                }${average ? mean : ''}
                *y = (${type})${clamp}(value, ${yMin}, ${yMax});
                y++;
              }
            }
          }
        }
      }
      `,
  );
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x)] }], scratchBytes: 0, notes: [] };
}
