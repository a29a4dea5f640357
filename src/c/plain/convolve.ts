import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf, type Geometry, geometryOf } from '../geometry.ts';
import type { Argument, LayerCode, Parts, Placed } from '../parts.ts';
import { channelTable, clampFunction, requantizeFunction } from './rescale.ts';

/** Convolution in plain C that takes any geometry; `units`: output channels from the first to before the second, all by default. */
export function convolvePlain(
  call: CallOf<'convolve', Placed>,
  parts: Parts,
  tag: string,
  units: readonly [number, number] = [0, call.operands.y.shape[3]],
): LayerCode | null {
  if (call.form !== 's8') return null;
  const { x, y, w } = call.operands;
  const g = geometryOf(call);
  const channels = channelsOf(call);
  const f = { requantize: requantizeFunction(parts), clamp: clampFunction(parts) };
  const name = parts.function('convolve', (n) => text(n, g, call.parameters, units, f));
  const biases = channels.map((_, c) => biasOf(call, c));
  const args: Argument[] = [
    { tensor: y.tensor },
    { tensor: x.tensor },
    parts.table(`${tag}_weights`, 'int8_t', w.data as Int8Array),
    channelTable(parts, tag, channels, biases),
  ];
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}

interface Numbers {
  readonly xOffset: number;
  readonly yOffset: number;
  readonly yMin: number;
  readonly yMax: number;
}

function text(
  name: string,
  g: Geometry,
  n: Numbers,
  [first, end]: readonly [number, number],
  f: { requantize: string; clamp: string },
): string {
  const inG = g.inC / g.groups;
  const group = g.groups > 1 ? ` + ((oc / ${g.outC / g.groups}) * ${inG})` : '';
  return `
    static void ${name}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *channels) {
      for (int32_t image = 0; image < ${g.images}; image++) {
        for (int32_t oy = 0; oy < ${g.outH}; oy++) {
          for (int32_t ox = 0; ox < ${g.outW}; ox++) {
            for (int32_t oc = ${first}; oc < ${end}; oc++) {
              int32_t sum = channels[3 * oc];
              for (int32_t ky = 0; ky < ${g.kH}; ky++) {
                const int32_t iy = (oy * ${g.sH}) - ${g.top} + (ky * ${g.dH});
                for (int32_t kx = 0; kx < ${g.kW}; kx++) {
                  const int32_t ix = (ox * ${g.sW}) - ${g.left} + (kx * ${g.dW});
                  if ((iy >= 0) && (iy < ${g.inH}) && (ix >= 0) && (ix < ${g.inW})) {
                    const int8_t *pixel = &x[(((((image * ${g.inH}) + iy) * ${g.inW}) + ix) * ${g.inC})${group}];
                    const int8_t *weight = &weights[((((oc * ${g.kH}) + ky) * ${g.kW}) + kx) * ${inG}];
                    for (int32_t ic = 0; ic < ${inG}; ic++) {
                      sum += (pixel[ic] + (${n.xOffset})) * weight[ic];
                    }
                  }
                }
              }
              sum = ${f.requantize}(sum, channels[(3 * oc) + 1], channels[(3 * oc) + 2]);
              y[(((((image * ${g.outH}) + oy) * ${g.outW}) + ox) * ${g.outC}) + oc] =
                  (int8_t)${f.clamp}(sum + (${n.yOffset}), ${n.yMin}, ${n.yMax});
            }
          }
        }
      }
    }
    `;
}
