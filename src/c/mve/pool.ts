import { type LayerCode, type Parts, twins } from '../parts.ts';
import { meanText, type PoolCall, poolFrame, poolFunction } from '../plain/pool.ts';
import { clampFunction } from '../plain/rescale.ts';
import { ASSEMBLY } from './rescale.ts';

/** Channels that a vector holds: sums have 16 bits. */
const CHANNELS = { avg_pool: 8, max_pool: 16 } as const;
const MOST_SUMMED = 255;
/** Bytes that an instruction adds to a pointer. */
const LARGEST_PITCH = 4095;

/** Average or maximum of int8, a vector of channels at a time; null where channels do not come in vectors or a sum may not fit. */
export function poolMve(call: PoolCall, parts: Parts): LayerCode | null {
  const { x } = call.operands;
  const [, inH, inW, c] = x.shape;
  const { filter, yMin, yMax } = call.parameters;
  const channels = CHANNELS[call.family];
  const average = call.family === 'avg_pool';
  if (call.form !== 's8' || c % channels || c > LARGEST_PITCH) return null;
  if (average && filter[0] * filter[1] > MOST_SUMMED) return null;
  const frame = poolFrame(call);
  const clamp = clampFunction(parts);
  const window = windowFunction(parts, average, c, inW);
  const value = average
    ? `const int32_t value = found[i];
                  const int32_t mean = ${meanText('value', frame, parts.variant)};
                  y[k + i] = (int8_t)${clamp}(mean, ${yMin}, ${yMax});`
    : `y[k + i] = (int8_t)${clamp}(found[i], ${yMin}, ${yMax});`;
  return poolFunction(
    parts,
    frame,
    `
              for (int32_t k = 0; k < ${c}; k += ${channels}) {
                ${average ? 'int16_t' : 'int8_t'} found[${channels}];
                ${window}(found, &x[(((((image * ${inH}) + top) * ${inW}) + left) * ${c}) + k], bottom - top, right - left);
                for (int32_t i = 0; i < ${channels}; i++) {
                  ${value}
                }
              }`,
  );
}

/** `void NAME(T *found, const int8_t *x, int32_t rows, int32_t columns)`: sums or maxima of a vector of channels over a window. */
function windowFunction(parts: Parts, average: boolean, c: number, inW: number): string {
  const channels = average ? CHANNELS.avg_pool : CHANNELS.max_pool;
  return parts.function(average ? 'window_sums' : 'window_maxima', (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: [`${average ? 'int16_t' : 'int8_t'} *found`, 'const int8_t *x', 'int32_t rows', 'int32_t columns'],
      listing: [
        'push {r4, lr}',
        `movw r4, #${c}`,
        'mul r4, r4, r3',
        `movw r12, #${(c * inW) % 65536}`,
        ...(c * inW > 65535 ? [`movt r12, #${Math.floor((c * inW) / 65536)}`] : []),
        'sub r12, r12, r4',
        average ? 'vmov.i32 q0, #0' : 'vmov.i8 q0, #128',
        '1:',
        'dls lr, r3',
        '2:',
        average ? 'vldrb.s16 q1, [r1]' : 'vldrb.u8 q1, [r1]',
        `addw r1, r1, #${c}`,
        average ? 'vadd.i16 q0, q0, q1' : 'vmax.s8 q0, q0, q1',
        'le lr, 2b',
        'add r1, r1, r12',
        'subs r2, r2, #1',
        'bne 1b',
        average ? 'vstrh.u16 q0, [r0]' : 'vstrb.u8 q0, [r0]',
        'pop {r4, pc}',
      ],
      plain: `
        for (int32_t i = 0; i < ${channels}; i++) {
          int32_t value = ${average ? '0' : '(-128)'};
          for (int32_t row = 0; row < rows; row++) {
            for (int32_t column = 0; column < columns; column++) {
              const int32_t next = x[(((row * ${inW}) + column) * ${c}) + i];
              value = ${average ? 'value + next' : '(next > value) ? next : value'};
            }
          }
          found[i] = (${average ? 'int16_t' : 'int8_t'})value;
        }
      `,
    }),
  );
}
