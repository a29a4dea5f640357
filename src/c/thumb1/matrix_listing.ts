import { RESTORE, rescaleListing, SAVE } from './listings.ts';

export interface MatrixKind {
  readonly split: number;
  readonly shift: number;
  readonly sign: boolean;
  readonly corrected: boolean;
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
}

/**
 * Registers in the loop: r0 x, r1 weights, r2 four of them, r3 one, r4..r7 inputs and products; r8 r9 sums of whole words, r10 r11 of
 * their upper halves, r12 half a step, lr end of x. Of a word's sum the lower half is what the upper leaves of it.
 */
export function matrixListing({ split, shift, sign, corrected, nibbles }: MatrixKind): string[] {
  // 0 y, 4 x, 8 scales, 12 weights, 16 half steps of all groups, 20 product of sum 0, 24 tie; then r8-r11, r4-r7, lr; then arguments
  const frame = 28;
  const given = frame + 36;
  const at = { channels: given, depth: given + 4, pitch: given + 8, corrections: given + 12 };
  const next = ['sxtb r3, r2', 'muls r6, r3', 'muls r7, r3', 'adds r4, r4, r6', 'adds r5, r5, r7'];
  const fold = ['add r8, r4', 'asrs r4, r4, #16', 'add r10, r4', 'add r9, r5', 'asrs r5, r5, #16', 'add r11, r5'];
  /** Nibble i into r3. */
  const nibble = (i: number) => [...(i < 7 ? [`lsls r3, r2, #${28 - 4 * i}`] : []), `asrs r3, ${i < 7 ? 'r3' : 'r2'}, #28`];
  const nibbleGroup = [
    'ldm r1!, {r2}',
    'ldm r0!, {r4, r5, r6, r7}',
    ...nibble(0),
    'muls r4, r3',
    'muls r5, r3',
    'add r4, r12',
    'add r5, r12',
    ...[1, 2, 3, 4, 5, 6, 7].flatMap((i) => [
      ...(i > 1 ? ['ldm r0!, {r6, r7}'] : []),
      ...nibble(i),
      'muls r6, r3',
      'muls r7, r3',
      'adds r4, r4, r6',
      'adds r5, r5, r7',
    ]),
    ...fold,
  ];
  const byteGroup = [
    'ldm r1!, {r2}',
    'ldm r0!, {r4, r5, r6, r7}',
    'sxtb r3, r2',
    'muls r4, r3',
    'muls r5, r3',
    'add r4, r12',
    'add r5, r12',
    'asrs r2, r2, #8',
    ...next,
    'ldm r0!, {r6, r7}',
    'asrs r2, r2, #8',
    ...next,
    'ldm r0!, {r6, r7}',
    'asrs r2, r2, #8',
    'muls r6, r2',
    'muls r7, r2',
    'adds r4, r4, r6',
    'adds r5, r5, r7',
    ...fold,
  ];
  const group = nibbles ? nibbleGroup : byteGroup;
  return [
    ...SAVE,
    `sub sp, #${frame}`,
    'str r0, [sp]',
    'str r1, [sp, #4]',
    'str r3, [sp, #8]',
    `ldr r4, [sp, #${at.depth}]`,
    'lsls r5, r4, #3',
    'adds r5, r5, r1',
    'mov lr, r5',
    `lsls r4, r4, #${nibbles ? 12 : 13}`, // depth / 8 or depth / 4 groups of 2^15
    'str r4, [sp, #16]',
    'movs r4, #1',
    'lsls r4, r4, #15',
    'mov r12, r4',
    'movs r1, r2',
    '1:',
    'ldr r7, [sp, #8]',
    'ldm r7!, {r4}',
    'mov r10, r4',
    'mov r11, r4',
    'lsls r5, r4, #16',
    'adds r4, r4, r5',
    'ldr r5, [sp, #16]',
    'subs r4, r4, r5',
    'mov r8, r4',
    'mov r9, r4',
    'ldr r0, [sp, #4]',
    '2:',
    ...group,
    'cmp r0, lr',
    'bne 2b',
    'str r1, [sp, #12]',
    ...(corrected ? correctionListing(at) : []),
    'ldr r7, [sp, #8]',
    'adds r7, #4',
    'ldm r7!, {r2, r3, r5}',
    ...(sign ? ['ldm r7!, {r4, r6}', 'str r4, [sp, #20]', 'str r6, [sp, #24]'] : []),
    'str r7, [sp, #8]',
    `lsrs r4, r3, #${split}`,
    `lsls r3, r3, #${32 - split}`,
    `lsrs r3, r3, #${32 - split}`,
    'ldr r0, [sp]',
    `ldr r1, [sp, #${at.pitch}]`,
    ...lowHalf('r8', 'r10'),
    ...rescaleListing(split, shift, sign, '3'),
    'strb r6, [r0]',
    'mov r6, r10',
    ...rescaleListing(split, shift, sign, '3'),
    'strb r6, [r0, r1]',
    'adds r0, r0, r1',
    'adds r0, r0, r1',
    ...lowHalf('r9', 'r11'),
    ...rescaleListing(split, shift, sign, '3'),
    'strb r6, [r0]',
    'mov r6, r11',
    ...rescaleListing(split, shift, sign, '3'),
    'strb r6, [r0, r1]',
    'ldr r0, [sp]',
    'adds r0, #1',
    'str r0, [sp]',
    'ldr r1, [sp, #12]',
    `ldr r4, [sp, #${at.channels}]`,
    'subs r4, r4, #1',
    `str r4, [sp, #${at.channels}]`,
    'beq 4f',
    'b 1b',
    '4:',
    `add sp, #${frame}`,
    ...RESTORE,
  ];
}

/** The lower half's sum into r6. */
const lowHalf = (word: string, high: string): string[] => [
  `mov r7, ${high}`,
  'lsls r7, r7, #16',
  `mov r6, ${word}`,
  'subs r6, r6, r7',
];

/** Corrections of this channel, each with both words of its input. */
function correctionListing(at: { readonly channels: number; readonly corrections: number }): string[] {
  return [
    `ldr r0, [sp, #${at.corrections}]`,
    `ldr r1, [sp, #${at.channels}]`,
    '5:',
    'ldr r2, [r0]',
    'lsrs r3, r2, #20',
    'cmp r3, r1',
    'bne 6f',
    'sxtb r3, r2',
    'lsls r2, r2, #12',
    'lsrs r2, r2, #20',
    'lsls r2, r2, #3',
    'ldr r4, [sp, #4]',
    'adds r4, r4, r2',
    'ldm r4!, {r6, r7}',
    'mov r4, r12',
    'muls r6, r3',
    'add r8, r6',
    'adds r6, r6, r4',
    'asrs r6, r6, #16',
    'add r10, r6',
    'muls r7, r3',
    'add r9, r7',
    'adds r7, r7, r4',
    'asrs r7, r7, #16',
    'add r11, r7',
    'adds r0, #4',
    'b 5b',
    '6:',
    `str r0, [sp, #${at.corrections}]`,
  ];
}
