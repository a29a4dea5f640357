import type { CallOf } from '../../ops/kernel_call.ts';
import { geometryOf, overlapping } from '../geometry.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { plainLayer } from './layer.ts';

/** Depthwise convolution in plain C that takes any geometry. */
export function depthwisePlain(call: CallOf<'depthwise_conv', Placed>, parts: Parts, tag: string): LayerCode {
  const g = geometryOf(call);
  const multiplier = g.outC / g.inC;
  const input = multiplier === 1 ? 'oc' : `(oc / ${multiplier})`;
  const l = plainLayer(call, parts, tag, g.outC);
  const pixel = `x[(((((image * ${g.inH}) + iy) * ${g.inW}) + ix) * ${g.inC}) + ${input}]`;
  const name = parts.function(
    'depthwise',
    (n) => `
      static void ${n}(${l.parameters}) {
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t oy = 0; oy < ${g.outH}; oy++) {
            for (int32_t ox = 0; ox < ${g.outW}; ox++) {
              for (int32_t oc = 0; oc < ${g.outC}; oc++) {
                ${l.sum} sum = ${l.first('oc')};
                for (int32_t ky = 0; ky < ${g.kH}; ky++) {
                  const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});
                  for (int32_t kx = 0; kx < ${g.kW}; kx++) {
                    const int32_t ix = (ox * ${g.sW}) - ${g.left} + (kx * ${g.dW});
                    if ((iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW})) {
                      sum += ${l.input(pixel)} * ${l.weight(`(((ky * ${g.kW}) + kx) * ${g.outC}) + oc`)};
                    }
                  }
                }
                *y = ${l.finish('sum', 'oc')};
                y++;
              }
            }
          }
        }
      }`,
  );
  return { calls: [{ function: name, arguments: l.arguments }], scratchBytes: 0, notes: [], ...overlapping(parts.trade, g, 0) };
}
