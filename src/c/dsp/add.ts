import { type LinearSum, sumText } from '../linear_sum.ts';
import { assemblyText, type Parts } from '../parts.ts';
import { ASSEMBLY } from './words.ts';

/** Elements of one turn of the loop. */
const TURN = 8;

/** `void NAME(int8_t *y, const int8_t *x1, const int8_t *x2)`: a linear form of two tensors of `n` int8, saturated to int8. */
export function linearSumDsp(parts: Parts, form: LinearSum, n: number): string {
  const turns = Math.floor(n / TURN);
  return parts.function(
    'add',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x1, const int8_t *x2) {
        int32_t rest = ${n};
      #if ${ASSEMBLY}
        ${turns ? loop(turns, form) : ''}
        rest = ${n - turns * TURN};
      #endif
        for (int32_t i = 0; i < rest; i++) {
          const int32_t scaled = ${sumText(form)} >> ${form.shift};
          const int32_t low = (scaled < -128) ? -128 : scaled;
          y[i] = (int8_t)((low > 127) ? 127 : low);
        }
      }
      `,
  );
}

function loop(turns: number, { first, second, constant, shift }: LinearSum): string {
  const word = [
    'ldr r4, [%[x1]], #4',
    'ldr r5, [%[x2]], #4',
    ...[0, 8, 16, 24].flatMap((bits) => [
      `sxtb r6, r4${bits ? `, ror #${bits}` : ''}`,
      `sxtb r8, r5${bits ? `, ror #${bits}` : ''}`,
      'mla r6, r6, %[first], %[constant]',
      'mla r6, r8, %[second], r6',
      `ssat r6, #8, r6, asr #${shift}`,
      'strb r6, [%[y]], #1',
    ]),
  ];
  const listing = ['1:', ...word, ...word, 'subs %[turns], %[turns], #1', 'bne 1b'];
  return `int32_t turns = ${turns};
        __asm volatile(
            ${assemblyText(listing)}
            : [y] "+r"(y), [x1] "+r"(x1), [x2] "+r"(x2), [turns] "+r"(turns)
            : [first] "r"(${first}), [second] "r"(${second}), [constant] "r"(${constant})
            : "r4", "r5", "r6", "r8", "cc", "memory");`;
}
