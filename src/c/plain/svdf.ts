import type { CallOf } from '../../ops/kernel_call.ts';
import { type LayerCode, type Parts, type Placed, TYPES } from '../parts.ts';
import { clampFunction, plus, requantizeFunction } from './rescale.ts';

/** Rank-1 filters over time, with a state that each call moves on by one. */
export function svdfPlain(call: CallOf<'svdf', Placed>, parts: Parts, tag: string): LayerCode {
  const { x, wFeature, wTime, bias, state, y } = call.operands;
  const p = call.parameters;
  const [batch, size] = x.shape;
  const [features, time] = wTime.shape;
  const units = features / p.rank;
  const type = TYPES[state.dtype];
  const requantize = requantizeFunction(parts);
  const clamp = clampFunction(parts);
  const biases = bias ? [parts.table(`${tag}_bias`, 'int32_t', bias.data as Int32Array)] : [];
  const name = parts.function(
    'svdf',
    (n) => `
      static void ${n}(int8_t *y, const int8_t *x, ${type} *state, const int8_t *features, const ${type} *times${bias ? ', const int32_t *bias' : ''}) {
        for (int32_t b = 0; b < ${batch}; b++) {
          for (int32_t u = 0; u < ${units}; u++) {
            int32_t sum = ${bias ? 'bias[u]' : '0'};
            for (int32_t f = u * ${p.rank}; f < ((u + 1) * ${p.rank}); f++) {
              ${type} *own = &state[((b * ${features}) + f) * ${time}];
              for (int32_t t = 0; t < ${time - 1}; t++) {
                own[t] = own[t + 1];
              }
              int32_t newest = 0;
              for (int32_t i = 0; i < ${size}; i++) {
                newest += ${plus(`x[(b * ${size}) + i]`, p.xOffset)} * features[(f * ${size}) + i];
              }
              own[${time - 1}] = (${type})${clamp}(${requantize}(newest, ${p.stateMultiplier}, ${p.stateShift}), ${p.stateMin}, ${p.stateMax});
              for (int32_t t = 0; t < ${time}; t++) {
                sum += own[t] * times[(f * ${time}) + t];
              }
            }
            *y = (int8_t)${clamp}(${plus(`${requantize}(sum, ${p.yMultiplier}, ${p.yShift})`, p.yOffset)}, ${p.yMin}, ${p.yMax});
            y++;
          }
        }
      }`,
  );
  const args = [
    parts.operand(y),
    parts.operand(x),
    parts.operand(state),
    parts.table(`${tag}_features`, 'int8_t', wFeature.data as Int8Array),
    parts.table(`${tag}_times`, type, wTime.data as Int8Array),
    ...biases,
  ];
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}
