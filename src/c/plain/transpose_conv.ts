import type { CallOf } from '../../ops/kernel_call.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { plainLayer } from './layer.ts';

/** Transposed convolution in plain C: each output gathers the inputs that reach it. */
export function transposeConvPlain(call: CallOf<'transpose_conv', Placed>, parts: Parts, tag: string): LayerCode {
  const { x, y, w } = call.operands;
  const [images, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const [, kH, kW] = w.shape;
  const { stride, padding } = call.parameters;
  const l = plainLayer(call, parts, tag, outC);
  const name = parts.function(
    'transpose_conv',
    (n) => `
      static void ${n}(${l.parameters}) {
        for (int32_t image = 0; image < ${images}; image++) {
          for (int32_t oy = 0; oy < ${outH}; oy++) {
            for (int32_t ox = 0; ox < ${outW}; ox++) {
              for (int32_t oc = 0; oc < ${outC}; oc++) {
                ${l.sum} sum = ${l.first('oc')};
                for (int32_t ky = 0; ky < ${kH}; ky++) {
                  const int32_t down = oy + ${padding[0]} - ky;
                  for (int32_t kx = 0; kx < ${kW}; kx++) {
                    const int32_t across = ox + ${padding[1]} - kx;
                    const int32_t iy = down / ${stride[0]};
                    const int32_t ix = across / ${stride[1]};
                    if ((down >= 0) && (across >= 0) && ((down % ${stride[0]}) == 0) && ((across % ${stride[1]}) == 0) &&
                        (iy < ${inH}) && (ix < ${inW})) {
                      const ${l.type} *pixel = &x[((((image * ${inH}) + iy) * ${inW}) + ix) * ${inC}];
                      const int32_t first = ((((oc * ${kH}) + ky) * ${kW}) + kx) * ${inC};
                      for (int32_t ic = 0; ic < ${inC}; ic++) {
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
  return { calls: [{ function: name, arguments: l.arguments }], scratchBytes: 0, notes: [] };
}
