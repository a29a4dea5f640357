import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { divideByPowerOfTwo, doublingHighMult, expOnNegativeValues } from '../fixed.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { clampFunction, requantizeFunction } from './rescale.ts';
import { largestText } from './softmax_s16.ts';

/** Logarithm of softmax over the last axis; exp and the distance in Q5.26 depend on the distance to the largest value only and are tables. */
export function logSoftmaxPlain(call: CallOf<'log_softmax', Placed>, parts: Parts, tag: string): LayerCode {
  const { x, y } = call.operands;
  const { multiplier, shift, backMultiplier, backShift, diffMin } = call.parameters;
  const size = x.shape[x.shape.length - 1];
  const distances: number[] = [];
  for (let d = 0; d < 256 && -d >= diffMin; d++) distances.push(doublingHighMult((-d * 2 ** shift) | 0, multiplier));
  const exps = distances.map((d) => divideByPowerOfTwo(expOnNegativeValues(d), 12));
  const last = distances.length - 1;
  const f = {
    log: logFunction(parts),
    requantize: requantizeFunction(parts),
    clamp: clampFunction(parts),
    shift: shiftFunction(parts),
  };
  const name = parts.function(
    'log_softmax',
    (n) => `
      static void ${n}(int8_t *y, const int8_t *x, const int32_t *exps, const int32_t *distances) {
        for (int32_t row = 0; row < ${sizeOf(x.shape) / size}; row++) {
          ${largestText(size)}
          int32_t sum = 0;
          for (int32_t i = 0; i < ${size}; i++) {
            const int32_t d = largest - x[i];
            sum += (d <= ${last}) ? exps[d] : 0;
          }
          const int32_t log = ${f.log}(sum);
          const int32_t reach = -${f.requantize}(log + INT32_MIN, ${backMultiplier}, ${backShift});
          const int32_t most = (reach < ${last + 1}) ? reach : ${last + 1};
          for (int32_t i = 0; i < ${size}; i++) {
            const int32_t d = largest - x[i];
            y[i] = (int8_t)((d < most) ? ${f.clamp}(${f.shift}(distances[d] - log, 22) + 127, -128, 127) : -128);
          }
          x += ${size};
          y += ${size};
        }
      }`,
  );
  const tables = [parts.table(`${tag}_exps`, 'int32_t', exps), parts.table(`${tag}_distances`, 'int32_t', distances)];
  return {
    calls: [{ function: name, arguments: [parts.operand(y), parts.operand(x), ...tables] }],
    scratchBytes: 0,
    notes: [],
  };
}

/** `int32_t NAME(int32_t a, int32_t b)`: a * b in Q31, ties up. */
export const productFunction = (parts: Parts): string =>
  parts.function(
    'product_q31',
    (name) => `
      static int32_t ${name}(int32_t a, int32_t b) {
        return (int32_t)((((int64_t)a * b) + ((int64_t)1 << 30)) >> 31);
      }`,
  );

/** `int32_t NAME(int32_t x, int32_t exponent)`: x / 2^exponent, ties away from zero. */
export const shiftFunction = (parts: Parts): string =>
  parts.function(
    'shifted_right',
    (name) => `
      static int32_t ${name}(int32_t x, int32_t exponent) {
        const int64_t half = (int64_t)1 << (exponent - 1);
        return (int32_t)(((int64_t)x + half - ((x < 0) ? 1 : 0)) >> exponent);
      }`,
  );

/** `int32_t NAME(int32_t x, int32_t exponent)`: x * 2^exponent, saturating. */
export const saturatingFunction = (parts: Parts): string =>
  parts.function(
    'shifted_left',
    (name) => `
      static int32_t ${name}(int32_t x, int32_t exponent) {
        const int64_t wide = (int64_t)((uint64_t)(int64_t)x << exponent);
        return (wide > INT32_MAX) ? INT32_MAX : ((wide < INT32_MIN) ? INT32_MIN : (int32_t)wide);
      }`,
  );

/** `int32_t NAME(int32_t x)`: log(x) in Q5.26 of x >= 1 in Q12.19, as TFLite's log_x_for_x_greater_than_or_equal_to_1. */
function logFunction(parts: Parts): string {
  const [times, right, left] = [productFunction(parts), shiftFunction(parts), saturatingFunction(parts)];
  return parts.function(
    'log_q26',
    (name) => `
      static int32_t leading_zeros(int32_t x) {
        int32_t zeros = 0;
        for (uint32_t v = (uint32_t)x; (v & 0x80000000u) == 0u; v <<= 1) {
          zeros++;
        }
        return zeros;
      }

      static int32_t ${name}(int32_t x) {
        const int32_t zeros = leading_zeros(x);
        const int32_t a = ${left}(${times}(${left}(x, zeros - 1), 1518500250), 1);
        const int32_t a_power = ((12 - zeros) * 33554432) + 8388608;
        const int32_t headroom = leading_zeros(${times}(x, 1518500250)) - 1;
        const int32_t b = ${left}(x, headroom);
        const int32_t b_power = ((12 - headroom) * 33554432) - 8388608;
        const int32_t r = (a < b) ? a : b;
        const int32_t power = (a_power > b_power) ? a_power : b_power;
        const int32_t p = (int32_t)(((int64_t)r + 1805811301 + 1) / 2);
        const int32_t q = (r - 1805811301) * 2;
        const int32_t square = ${times}(q, q);
        const int32_t above = ${times}(q, r) + ${times}(${times}(q, square), 117049297);
        const int32_t below = ${times}(p, 1057819769 + q + ${times}(127690142, square)) + ${times}(638450708, q);
        const int32_t half = (int32_t)(((int64_t)below + 2147483648) / 2);
        int32_t inverse = 1515870810 + ${times}(half, -1010580540);
        for (int32_t i = 0; i < 3; i++) {
          inverse += ${left}(${times}(inverse, 536870912 - ${times}(half, inverse)), 2);
        }
        const int32_t rest = ${times}(${right}(above, 6), ${left}(inverse, 1));
        return ${left}(${times}(power, 1488522236) + rest, 1);
      }`,
  );
}
