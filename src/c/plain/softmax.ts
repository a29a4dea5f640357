import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { doublingHighMult, expOnNegativeValues } from '../fixed.ts';
import type { LayerCode, Parts, Placed } from '../parts.ts';
import { largestText, softmaxS16 } from './softmax_s16.ts';

/** By form: types in and out, bits of the result, its zero point and largest value. */
const FORMS = {
  s8: ['int8_t', 'int8_t', 23, -128, 127],
  u8: ['uint8_t', 'uint8_t', 23, 0, 255],
  s8_s16: ['int8_t', 'int16_t', 15, -32768, 32767],
} as const;

/**
 * Of so many tied maxima on CMSIS-NN shifts by 32 and more, and of so many its sum wraps: undefined in C, but the same on every Cortex-M
 * (assembly/int/softmax_s8.ts).
 */
const LONG = 512;
const WRAPPING = 8192;

/** Softmax over the last axis; exp depends on the distance to the largest value only and is a table. */
export function softmaxPlain(call: CallOf<'softmax', Placed>, parts: Parts, tag: string): LayerCode {
  if (call.form === 's16') return softmaxS16(call, parts);
  const { x, y } = call.operands;
  const { multiplier, shift, diffMin } = call.parameters;
  const size = x.shape[x.shape.length - 1];
  const rows = sizeOf(x.shape) / size;
  const [from, to, bits, zero, top] = FORMS[call.form];
  const exps: number[] = [];
  for (let d = 0; d < 256 && -d >= diffMin; d++) {
    exps.push(expOnNegativeValues(doublingHighMult((-d * 2 ** shift) | 0, multiplier)));
  }
  const last = exps.length - 1;
  const inside = (d: string) => (last < 255 ? `(${d} <= ${last})` : '');
  const long = size >= LONG;
  const f = { share: shareFunction(parts, size), divide: divideFunction(parts) };
  const cut = long ? cutFunction(parts, f.divide) : f.divide;
  const [unsigned, term] = long ? ['uint32_t', '(uint32_t)'] : ['int32_t', ''];
  const guard = (d: string, then: string, otherwise: string) => (inside(d) ? `${inside(d)} ? ${then} : ${otherwise}` : then);
  const name = parts.function(
    'softmax',
    (n) =>
      `
      static void ${n}(${to} *y, const ${from} *x, const int32_t *exps) {
        for (int32_t row = 0; row < ${rows}; row++) {
          ${largestText(size)}
          ${unsigned} sum = 0;
          for (int32_t i = 0; i < ${size}; i++) {
            const int32_t d = (largest - x[i]) & 255;
            sum += ${guard('d', `${term}${f.divide}(exps[d], 12)`, long ? '0u' : '0')};
          }
          int32_t bits = 0;
          const int32_t scale = ${f.share}(sum, &bits);
          for (int32_t i = 0; i < ${size}; i++) {
            const int32_t d = (largest - x[i]) & 255;
            int32_t value = ${zero};
            ${inside('d') ? `if ${inside('d')} ` : ''}{
              const int64_t product = ((int64_t)scale * exps[d]) + ((int64_t)1 << 30);
              value += ${size >= WRAPPING ? '(sum == 0u) ? 0 : ' : ''}${cut}((int32_t)(product >> 31), ${bits + 12} - bits);
            }
            y[i] = (${to})((value > ${top}) ? ${top} : value);
          }
          x += ${size};
          y += ${size};
        }
      }
      `,
  );
  const args = [parts.operand(y), parts.operand(x), parts.table(`${tag}_exps`, 'int32_t', exps)];
  return { calls: [{ function: name, arguments: args }], scratchBytes: 0, notes: [] };
}

const divideFunction = (parts: Parts) =>
  parts.function(
    'divide_by_power_of_two',
    (name) =>
      `
      /* Rounding right shift of a number that is not negative. */
      static int32_t ${name}(int32_t x, int32_t exponent) {
        return (x >> exponent) + ((x >> (exponent - 1)) & 1);
      }
      `,
  );

/** By any power, as a Cortex-M shifts. */
const cutFunction = (parts: Parts, divide: string) =>
  parts.function(
    'cut_off',
    (name) =>
      `
      static int32_t ${name}(int32_t x, int32_t exponent) {
        if (exponent >= 32) {
          return 1;
        }
        if (exponent <= 0) {
          return (exponent == 0) ? x : ((x >> (exponent & 31)) + ((x < 0) ? 0 : 1));
        }
        return ${divide}(x, exponent);
      }
      `,
  );

/** The largest value alone adds 2^19 to a sum; one that wraps may be anything. */
const shiftsOf = (size: number) => (size < WRAPPING ? 12 : 32);

/** 1 / sum: Newton steps on its leading bits, as gemmlowp's one_over_one_plus_x_for_x_in_0_1. */
function shareFunction(parts: Parts, size: number): string {
  const [type, product] = size >= LONG ? ['uint32_t', `product_${shiftsOf(size)}`] : ['int32_t', 'high_product'];
  return parts.function(
    'reciprocal',
    (name) =>
      `
      static int32_t ${product}(int32_t a, int32_t b) {
        return (int32_t)((((int64_t)a * b) + ((int64_t)1 << 30)) >> 31);
      }

      /* 2^31 / sum with the leading bit of sum shifted out; bits gets the shift from the left. */
      static int32_t ${name}(${type} sum, int32_t *bits) {
        uint32_t shifted = (uint32_t)sum;
        int32_t zeros = 0;
        for (int32_t i = 0; (i < ${shiftsOf(size)}) && ((shifted & 0x80000000u) == 0u); i++) {
          shifted <<= 1;
          zeros++;
        }
        const int32_t half = (int32_t)(((int64_t)(shifted & 0x7fffffffu) + (int64_t)2147483648) / 2);
        int32_t y = 1515870810 + ${product}(half, -1010580540);
        for (int32_t i = 0; i < 3; i++) {
          const int32_t rest = (int32_t)(536870912u - (uint32_t)${product}(half, y));
          y = (int32_t)((uint32_t)y + ((uint32_t)${product}(y, rest) << 2));
        }
        *bits = zeros;
        return (y > 1073741823) ? 2147483647 : (int32_t)((uint32_t)y << 1);
      }
      `,
  );
}
