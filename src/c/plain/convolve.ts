import type { CallOf } from '../../ops/kernel_call.ts';
import { geometryOf, overlapping } from '../geometry.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { plainLayer } from './layer.ts';

/** Convolution in plain C that takes any geometry. */
export function convolvePlain(call: CallOf<'convolve', Placed>, parts: Parts, tag: string): LayerCode {
  const g = geometryOf(call);
  const inG = g.inC / g.groups;
  const group = g.groups > 1 ? ` + ((oc / ${g.outC / g.groups}) * ${inG})` : '';
  const l = plainLayer(call, parts, tag, g.outC);
  const name = parts.function(
    'convolve',
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
                      const ${l.type} *pixel = &x[(((((image * ${g.inH}) + iy) * ${g.inW}) + ix) * ${g.inC})${group}];
                      const int32_t first = ((((oc * ${g.kH}) + ky) * ${g.kW}) + kx) * ${inG};
                      for (int32_t ic = 0; ic < ${inG}; ic++) {
                        sum += ${l.input('pixel[ic]')} * ${l.weight('first + ic')};
                      }
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
