import { type LinearSum, sumText } from '../linear_sum.ts';
import { assemblyText, type Parts } from '../parts.ts';
import { ASSEMBLY } from './rescale.ts';

const TURN = 16;

/** `void NAME(int8_t *y, const int8_t *x1, const int8_t *x2)`: a linear form of two tensors of `n` int8, saturated to int8. */
export function linearSumMve(parts: Parts, form: LinearSum, n: number): string {
  const { first, second, constant, shift } = form;
  const turns = Math.floor(n / TURN);
  // GNU as 2.40 writes the rounding VQRSHRN for VQSHRN too; less both halves it is a floor.
  const floored = constant - 2 ** 15 - 2 ** (shift - 1);
  const four = [
    'vldrb.s32 q0, [%[x1]], #4',
    'vldrb.s32 q1, [%[x2]], #4',
    'vmlas.s32 q0, q2, %[constant]',
    'vmla.s32 q0, q1, %[second]',
    'vqrshrnb.s32 q0, q0, #16',
    `vqrshrnb.s16 q0, q0, #${shift - 16}`,
    'vstrb.32 q0, [%[y]], #4',
  ];
  const listing = ['vdup.32 q2, %[first]', 'dls lr, %[turns]', '1:', ...four, ...four, ...four, ...four, 'le lr, 1b'];
  return parts.function(
    'add',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x1, const int8_t *x2) {
        int32_t rest = ${n};
      #if ${ASSEMBLY}
        __asm volatile(
            ${assemblyText(listing)}
            : [y] "+l"(y), [x1] "+l"(x1), [x2] "+l"(x2)
            : [turns] "r"(${turns}), [first] "r"(${first}), [second] "r"(${second}), [constant] "r"(${floored})
            : "q0", "q1", "q2", "lr", "cc", "memory");
        rest = ${n - turns * TURN};
      #endif
        for (int32_t i = 0; i < rest; i++) {
          const int32_t scaled = ${sumText(form)} >> ${shift};
          const int32_t low = (scaled < -128) ? -128 : scaled;
          y[i] = (int8_t)((low > 127) ? 127 : low);
        }
      }
      `,
  );
}

/** Whether the form can be narrowed in two steps, and there is a whole turn. */
export const hasLinearSum = ({ shift }: LinearSum, n: number): boolean => shift > 16 && shift <= 24 && n >= TURN;
