import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { productFunction, saturatingFunction, shiftFunction } from './log_softmax.ts';
import { clampFunction, plus, requantizeFunction } from './rescale.ts';

/** Rows of the last axis divided by their lengths. */
export function l2NormalizationPlain(call: CallOf<'l2_normalization', Placed>, parts: Parts): LayerCode {
  const { x, y } = call.operands;
  const size = x.shape[x.shape.length - 1];
  const value = plus('x[i]', call.parameters.xOffset);
  const f = { root: inverseRootFunction(parts), requantize: requantizeFunction(parts), clamp: clampFunction(parts) };
  const name = parts.function(
    'l2_normalization',
    (n) => `
      static void ${n}(int8_t *y, const int8_t *x) {
        for (int32_t row = 0; row < ${sizeOf(x.shape) / size}; row++) {
          int32_t squares = 0;
          for (int32_t i = 0; i < ${size}; i++) {
            squares += ${value} * ${value};
          }
          int32_t shift = 0;
          const int32_t multiplier = ${f.root}(squares, &shift);
          for (int32_t i = 0; i < ${size}; i++) {
            y[i] = (int8_t)${f.clamp}(${f.requantize}(${value}, multiplier, shift + 7), -128, 127);
          }
          x += ${size};
          y += ${size};
        }
      }`,
  );
  return { calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x)] }], scratchBytes: 0, notes: [] };
}

/** `int32_t NAME(int32_t x, int32_t *shift)`: 1 / sqrt(x) as multiplier and left shift, as TFLite's GetInvSqrtQuantizedMultiplierExp. */
function inverseRootFunction(parts: Parts): string {
  const [times, right, left] = [productFunction(parts), shiftFunction(parts), saturatingFunction(parts)];
  return parts.function(
    'inverse_root',
    (name) => `
      static int32_t ${name}(int32_t x, int32_t *shift) {
        int32_t v = x;
        int32_t down = 11;
        if (x <= 1) {
          *shift = 0;
          return INT32_MAX;
        }
        while (v >= 536870912) {
          v /= 4;
          down++;
        }
        while (v < 134217728) {
          v *= 4;
          down--;
        }
        const int32_t half = ${right}(v >> 1, 1);
        int32_t y = 268435456;
        for (int32_t i = 0; i < 5; i++) {
          const int32_t cube = ${left}(${times}(${times}(y, y), y), 6);
          y = ${left}(${times}(402653184, y) - ${times}(half, cube), 3);
        }
        y = ${times}(y, 1518500250);
        while (down < 0) {
          y = (int32_t)((uint32_t)y << 1);
          down++;
        }
        *shift = -down;
        return y;
      }`,
  );
}
