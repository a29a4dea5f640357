import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { biasOf, channelsOf } from '../geometry.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { channelTable, clampFunction, requantizeFunction } from './rescale.ts';

/** Dense layer in plain C. */
export function densePlain(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode | null {
  if (call.form !== 's8') return null;
  const { x, y, w } = call.operands;
  const [units, depth] = w.shape;
  const batch = sizeOf(x.shape) / depth;
  const n = call.parameters;
  const channels = channelsOf(call);
  const requantize = requantizeFunction(parts);
  const clamp = clampFunction(parts);
  const weight = n.wOffset ? `(weights[(u * ${depth}) + i] + (${n.wOffset}))` : `weights[(u * ${depth}) + i]`;
  const name = parts.function(
    'dense',
    (f) =>
      `
      static void ${f}(int8_t *y, const int8_t *x, const int8_t *weights, const int32_t *channels) {
        for (int32_t row = 0; row < ${batch}; row++) {
          for (int32_t u = 0; u < ${units}; u++) {
            int32_t sum = channels[3 * u];
            for (int32_t i = 0; i < ${depth}; i++) {
              sum += (x[(row * ${depth}) + i] + (${n.xOffset})) * ${weight};
            }
            sum = ${requantize}(sum, channels[(3 * u) + 1], channels[(3 * u) + 2]);
            *y = (int8_t)${clamp}(sum + (${n.yOffset}), ${n.yMin}, ${n.yMax});
            y++;
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
