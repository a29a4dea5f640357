import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, geometryOf } from '../geometry.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { channelTable, clampFunction, requantizeFunction } from './rescale.ts';

/** Depthwise convolution in plain C that takes any geometry. */
export function depthwisePlain(call: CallOf<'depthwise_conv', Placed>, parts: Parts, tag: string): LayerCode | null {
  if (call.form !== 's8') return null;
  const { x, y, w } = call.operands;
  const g = geometryOf(call);
  const n = call.parameters;
  const channels = channelsOf(call);
  const requantize = requantizeFunction(parts);
  const clamp = clampFunction(parts);
  const multiplier = g.outC / g.inC;
  const input = multiplier === 1 ? 'oc' : `(oc / ${multiplier})`;
  const name = parts.function(
    'depthwise',
    (f) =>
      `
      static void ${f}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *channels) {
        for (int32_t image = 0; image < ${g.images}; image++) {
          for (int32_t oy = 0; oy < ${g.outH}; oy++) {
            for (int32_t ox = 0; ox < ${g.outW}; ox++) {
              for (int32_t oc = 0; oc < ${g.outC}; oc++) {
                int32_t sum = channels[3 * oc];
                for (int32_t ky = 0; ky < ${g.kH}; ky++) {
                  const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});
                  for (int32_t kx = 0; kx < ${g.kW}; kx++) {
                    const int32_t ix = (ox * ${g.sW}) - ${g.left} + (kx * ${g.dW});
                    if ((iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW})) {
                      sum += (x[(((((image * ${g.inH}) + iy) * ${g.inW}) + ix) * ${g.inC}) + ${input}] + (${n.xOffset})) *
                          weights[(((ky * ${g.kW}) + kx) * ${g.outC}) + oc];
                    }
                  }
                }
                sum = ${requantize}(sum, channels[(3 * oc) + 1], channels[(3 * oc) + 2]);
                *y = (int8_t)${clamp}(sum + (${n.yOffset}), ${n.yMin}, ${n.yMax});
                y++;
              }
            }
          }
        }
      }
      `,
  );
  const biases = channels.map((_, c) => biasOf(call, c));
  const tables = [parts.table(`${tag}_weights`, 'int8_t', w.data as Int8Array), channelTable(parts, tag, channels, biases)];
  const args = [{ tensor: y.tensor }, { tensor: x.tensor }, ...tables];
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}
