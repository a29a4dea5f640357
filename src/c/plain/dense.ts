import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { plainLayer } from './layer.ts';

/** Dense layer in plain C. */
export function densePlain(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode {
  const { x, w } = call.operands;
  const [units, depth] = w.shape;
  const batch = sizeOf(x.shape) / depth;
  const l = plainLayer(call, parts, tag, units);
  const name = parts.function(
    'dense',
    (n) => `
      static void ${n}(${l.parameters}) {
        for (int32_t row = 0; row < ${batch}; row++) {
          for (int32_t u = 0; u < ${units}; u++) {
            ${l.sum} sum = ${l.first('u')};
            for (int32_t i = 0; i < ${depth}; i++) {
              sum += ${l.input(`x[(row * ${depth}) + i]`)} * ${l.weight(`(u * ${depth}) + i`)};
            }
            *y = ${l.finish('sum', 'u')};
            y++;
          }
        }
      }`,
  );
  return { calls: [{ function: name, arguments: l.arguments }], scratchBytes: 0, notes: [] };
}
