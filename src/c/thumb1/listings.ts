/** What listings of ARMv6-M share. */
import type { ThumbForms } from './rescale.ts';

/** ARMv7-M executes it as well. */
export const ASSEMBLY = '(defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_7M__)) && !defined(THUMBNET_PLAIN)';

/** At the beginning of a function: all registers that it must keep, 36 bytes. */
export const SAVE: readonly string[] = [
  'push {r4, r5, r6, r7, lr}',
  'mov r4, r8',
  'mov r5, r9',
  'mov r6, r10',
  'mov r7, r11',
  'push {r4, r5, r6, r7}',
];

/** At its end, which returns. */
export const RESTORE: readonly string[] = [
  'pop {r4, r5, r6, r7}',
  'mov r8, r4',
  'mov r9, r5',
  'mov r10, r6',
  'mov r11, r7',
  'pop {r4, r5, r6, r7, pc}',
];

/** From `t` and `scale` to `product`. */
export function rescaleText({ split, sign }: Pick<ThumbForms, 'split' | 'sign'>): string {
  const product = `int32_t product = (int32_t)(((uint64_t)(uint32_t)t * (uint32_t)scale[2]) >> ${split});`;
  return sign ? `${product}\n            product += (product > scale[4]) ? scale[5] : 0;` : product;
}

/** r6 from a sum (less the least that counts) to an output; r2 range, r3 and r4 multiplier below and above the split, r5 constant; r7 free. */
export function rescaleListing(split: number, shift: number, sign: boolean, label: string): string[] {
  return [
    'asrs r7, r6, #31',
    'bics r6, r7',
    'subs r6, r2, r6',
    'asrs r7, r6, #31',
    'bics r6, r7',
    'movs r7, r6',
    'muls r7, r3',
    `lsrs r7, r7, #${split}`,
    'muls r6, r4',
    'adds r6, r6, r7',
    ...(sign ? ['ldr r7, [sp, #20]', 'cmp r6, r7', `ble ${label}f`, 'ldr r7, [sp, #24]', 'adds r6, r6, r7', `${label}:`] : []),
    'subs r6, r5, r6',
    `asrs r6, r6, #${shift}`,
  ];
}
