import type { LayerCode, Parts } from './parts.ts';
import { meanText, type PoolCall, poolFrame, poolFunction } from './plain/pool.ts';
import { clampFunction } from './plain/rescale.ts';

/** Elements whose sum fits in 16 bits, each made positive. */
export const MOST_SUMMED = 257;

/**
 * Average of int8 in plain C, four channels at a time: bytes made positive are added in the halves of two words. null where channels do not come in
 * words or the window is too large.
 */
export function averageOfWords(call: PoolCall, parts: Parts): LayerCode | null {
  const { x } = call.operands;
  const [, inH, inW, c] = x.shape;
  const { filter, yMin, yMax } = call.parameters;
  if (call.form !== 's8' || c % 4 || filter[0] * filter[1] > MOST_SUMMED) return null;
  const frame = poolFrame(call);
  const load = loadFunction(parts);
  const clamp = clampFunction(parts);
  // Whole rows of the image lie one after another.
  const flat = frame.inside && filter[1] === inW;
  const step = `
                    const uint32_t four = ${load}(from) ^ 0x80808080u;
                    even += four & 0x00ff00ffu;
                    odd += (four >> 8) & 0x00ff00ffu;
                    from += ${c};`;
  const walk = flat
    ? `
                const int8_t *from = &x[((((image * ${inH}) + top) * ${inW}) * ${c}) + k];
      #pragma GCC unroll 4
                for (int32_t i = 0; i < ${filter[0] * filter[1]}; i++) {${step}
                }`
    : `
                for (int32_t iy = top; iy < bottom; iy++) {
                  const int8_t *from = &x[(((((image * ${inH}) + iy) * ${inW}) + left) * ${c}) + k];
                  for (int32_t ix = left; ix < right; ix++) {${step}
                  }
                }`;
  return poolFunction(
    parts,
    frame,
    `${flat ? '(void)bottom;\n              (void)left;\n              (void)right;' : ''}
              for (int32_t k = 0; k < ${c}; k += 4) {
                uint32_t even = 0;
                uint32_t odd = 0;${walk}
                for (int32_t i = 0; i < 4; i++) {
                  const uint32_t sum = (((i % 2) == 0) ? even : odd) >> (16u * ((uint32_t)i / 2u));
                  const int32_t value = (int32_t)(sum & 0xffffu) - (128 * ${frame.count});
                  const int32_t mean = ${meanText('value', frame, parts.variant)};
                  y[k + i] = (int8_t)${clamp}(mean, ${yMin}, ${yMax});
                }
              }`,
  );
}

/** `uint32_t NAME(const int8_t *from)`: the word at an address that is a multiple of 4. */
const loadFunction = (parts: Parts): string =>
  parts.function(
    'load_word',
    (name) => `
      static inline uint32_t ${name}(const int8_t *from) {
        uint32_t word;
      #if defined(__GNUC__)
        (void)memcpy(&word, __builtin_assume_aligned(from, 4), 4);
      #else
        (void)memcpy(&word, from, 4);
      #endif
        return word;
      }`,
  );
