import { sizeOf } from '../../graph/graph.ts';
import type { CallOf } from '../../ops/kernel_call.ts';
import { canPack, firstSum, packWords } from '../dsp/words.ts';
import { biasOf, channelsOf, weightsOf } from '../geometry.ts';
import { type Argument, type LayerCode, type Parts, type Placed, twins } from '../parts.ts';
import { ASSEMBLY, rescaleListing, rescaleText } from './matrix.ts';
import { signProduct, type ThumbForm, type ThumbForms, thumbForms } from './rescale.ts';

/**
 * Dense layer. Two weights lie in a halfword h = 256 * -w0 + w1, s is its low byte; of two inputs
 *
 *   u = -(x0 + 128), v = 256 * x1 + x0 + 128:   u * h + v * s = 256 * (x0 w0 + x1 w1) + 256 * 128 * w0
 *
 * so a word of four weights is unpacked in four instructions. u and v are made once a row where many units read them, or on the way.
 *
 *   weights  for each group of units, for each four inputs: a word of each unit; weights of 4 bits: a halfword of each unit
 *   scales   for each unit: first sum (times 256), range, multiplier, constant, and where the sign counts the product of sum 0 and the tie
 */
export function denseThumb(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode | null {
  const { x, y, w } = call.operands;
  const [units, depth] = w.shape;
  if (call.parameters.wOffset !== 0 || depth % 4) return null;
  const product = unitsOfLayer(call, parts, tag);
  if (!product) return null;
  const batch = sizeOf(x.shape) / depth;
  const expanded = units >= MANY_UNITS && 4 * depth <= LARGEST_SCRATCH;
  const name = denseFunction(parts, product, { batch, depth, units }, expanded);
  const args: Argument[] = [
    parts.operand(y),
    parts.operand(x),
    product.weights,
    product.scales,
    ...(expanded ? ['scratch' as const] : []),
  ];
  return { calls: [{ function: name, arguments: args }], scratchBytes: expanded ? 4 * depth : 0, notes: [] };
}

export interface Units {
  readonly weights: Argument;
  readonly scales: Argument;
  /** Weights of 4 bits. */
  readonly nibbles: boolean;
  /** Calls that compute all units into `y` from `x`: inputs, filled up to a multiple of 4 and aligned to 4 bytes, or as `expandFunction` writes them. */
  text(y: string, x: string, expanded: boolean): string;
}

/** All units (output channels) of a layer from one row of inputs; null where one has no such form. */
export function unitsOfLayer(call: CallOf<'fully_connected' | 'convolve', Placed>, parts: Parts, tag: string): Units | null {
  const channels = channelsOf(call);
  const units = channels.length;
  const rows = channels.map((_, c) => weightsOf(call, c));
  const forms = thumbForms(channels);
  const nibbles = call.form === 's4';
  const small =
    nibbles || channels.every((c, i) => c.largest - leastOf(forms, i) < 2 ** 23 && c.least - leastOf(forms, i) > -(2 ** 23));
  if (!small || (!nibbles && !rows.every(canPack)) || forms.forms.some((f) => f === null)) return null;
  const { xOffset } = call.parameters;
  const sums = rows.map((row, c) => (nibbles ? plainSum : firstSum)(row, biasOf(call, c) - leastOf(forms, c), xOffset));
  const words = rows.map(nibbles ? packHalfwords : packWords);
  const steps = words[0].length;
  const packed: number[] = [];
  for (const group of groupsOf(units)) {
    for (let i = 0; i < steps; i++) {
      if (!nibbles) for (const u of group) packed.push(words[u][i]);
      else
        for (let k = 0; k < group.length; k += 2)
          packed.push((words[group[k]][i] | ((words[group[k + 1]]?.[i] ?? 0) << 16)) >>> 0);
    }
  }
  const scales = groupsOf(units).flatMap((group) => group.flatMap((u) => unitScales(forms, forms.forms[u]!, sums[u])));
  const groups = Math.floor(units / 4);
  const each = forms.sign ? 6 : 4;
  return {
    nibbles,
    weights: parts.table(`${tag}_weights`, 'uint32_t', packed),
    scales: parts.table(`${tag}_scales`, 'int32_t', scales),
    text(y, x, expanded) {
      const calls: string[] = [];
      if (groups)
        calls.push(
          `${unitsFunction(parts, { forms, size: 4, expanded, nibbles })}(${y}, ${x}, weights, scales, ${groups}, ${steps});`,
        );
      const at = 4 * groups;
      if (units % 4) {
        const name = unitsFunction(parts, { forms, size: units % 4, expanded, nibbles });
        calls.push(
          `${name}(&${y}[${at}], ${x}, &weights[${nibbles ? (at / 2) * steps : at * steps}], &scales[${at * each}], 1, ${steps});`,
        );
      }
      return calls.join(' ');
    },
  };
}

const plainSum = (weights: ArrayLike<number>, bias: number, xOffset: number): number =>
  Array.prototype.reduce.call(weights, (sum: unknown, w: unknown) => (sum as number) + xOffset * (w as number), bias) as number;

/** Four weights of 4 bits to a halfword, the first lowest. */
const packHalfwords = (weights: ArrayLike<number>): Uint32Array =>
  Uint32Array.from({ length: Math.ceil(weights.length / 4) }, (_, i) =>
    [0, 1, 2, 3].reduce((half, k) => half | (((weights[4 * i + k] ?? 0) & 15) << (4 * k)), 0),
  );

const MANY_UNITS = 16;
const LARGEST_SCRATCH = 1280;

const leastOf = ({ forms }: ThumbForms, unit: number): number => forms[unit]?.least ?? 0;

const unitScales = ({ split, sign }: ThumbForms, f: ThumbForm, sum: number): number[] => [
  sum,
  f.range,
  f.multiplier | 0,
  f.constant,
  ...(sign ? [signProduct(f, split), f.tie] : []),
];

/** Units in groups of four; what is left is a group of its own. */
function groupsOf(units: number): number[][] {
  const groups: number[][] = [];
  for (let u = 0; u < units; u += 4) groups.push(Array.from({ length: Math.min(4, units - u) }, (_, i) => u + i));
  return groups;
}

interface Sizes {
  readonly batch: number;
  readonly depth: number;
  readonly units: number;
}

function denseFunction(parts: Parts, product: Units, { batch, depth, units }: Sizes, expanded: boolean): string {
  const expand = expanded ? `${(product.nibbles ? widenFunction : expandFunction)(parts)}(pairs, x, ${depth});` : '';
  const text = product.text('y', expanded ? 'pairs' : 'x', expanded);
  return parts.function(
    'dense',
    (name) =>
      `
      static void ${name}(int8_t *y, const int8_t *x, const uint32_t *weights, const int32_t *scales${expanded ? ', uint32_t *pairs' : ''}) {
        for (int32_t row = 0; row < ${batch}; row++) {
          ${expand}
          ${text}
          y += ${units};
          x += ${depth};
        }
      }
      `,
  );
}

/** `void NAME(uint32_t *to, const int8_t *from, int32_t n)`: u and v of each two inputs, as words. */
const expandFunction = (parts: Parts): string =>
  parts.function(
    'expand',
    (name) =>
      `
      static void ${name}(uint32_t *to, const int8_t *from, int32_t n) {
        for (int32_t i = 0; i < n; i += 2) {
          const int32_t low = from[i] + 128;
          to[i] = (uint32_t)-low;
          to[i + 1] = (uint32_t)((from[i + 1] * 256) + low);
        }
      }
      `,
  );

/** `void NAME(uint32_t *to, const int8_t *from, int32_t n)`: inputs as words. */
const widenFunction = (parts: Parts): string =>
  parts.function(
    'widen',
    (name) =>
      `
      static void ${name}(uint32_t *to, const int8_t *from, int32_t n) {
      #pragma GCC unroll 4
        for (int32_t i = 0; i < n; i++) {
          to[i] = (uint32_t)from[i];
        }
      }
      `,
  );

interface UnitsKind {
  readonly forms: ThumbForms;
  /** Units of a group. */
  readonly size: number;
  readonly expanded: boolean;
  /** Weights of 4 bits; x, where it is expanded, are the inputs as words. */
  readonly nibbles: boolean;
}

/**
 * `void NAME(int8_t *y, const X *x, const uint32_t *weights, const int32_t *scales, int32_t groups, int32_t steps)` for groups of `size`
 * units; x: the inputs (aligned to 4 bytes), or their u and v.
 */
function unitsFunction(parts: Parts, kind: UnitsKind): string {
  const { forms, size, expanded, nibbles } = kind;
  const { split, shift, sign } = forms;
  const words = sign ? 6 : 4;
  const type = expanded ? 'uint32_t' : 'int8_t';
  const value = expanded
    ? `const int32_t u = (int32_t)x[(4 * i) + (2 * k)];
              const int32_t v = (int32_t)x[(4 * i) + (2 * k) + 1];`
    : `const int32_t u = -(x[(4 * i) + (2 * k)] + 128);
              const int32_t v = (x[(4 * i) + (2 * k) + 1] * 256) - u;`;
  const bytePairs = `
            const uint32_t word = weights[((((c / ${size}) * steps) + i) * ${size}) + (c % ${size})];
            for (int32_t k = 0; k < 2; k++) {
              const int32_t h = (int16_t)((word >> (16 * k)) & 0xffffu);
              const int32_t s = (int8_t)((word >> (16 * k)) & 0xffu);
              ${value}
              bits = (int32_t)((uint32_t)bits + (uint32_t)(u * h) + (uint32_t)(v * s));
            }`;
  const words2 = Math.ceil(size / 2);
  const nibble = `
            const uint32_t half = weights[((((c / ${size}) * steps) + i) * ${words2}) + ((c % ${size}) / 2)] >> (16u * ((uint32_t)(c % ${size}) % 2u));
            for (int32_t k = 0; k < 4; k++) {
              const int32_t w = (int32_t)(half << (28u - (4u * (uint32_t)k))) >> 28;
              bits += ${expanded ? '(int32_t)' : ''}x[(4 * i) + k] * w;
            }`;
  return parts.function(`units_${nibbles ? 'nibbles_' : ''}${size}`, (name) =>
    twins({
      name,
      condition: ASSEMBLY,
      parameters: [
        'int8_t *y',
        `const ${type} *x`,
        'const uint32_t *weights',
        'const int32_t *scales',
        'int32_t groups',
        'int32_t steps',
      ],
      listing: listing(kind),
      plain: `
        for (int32_t c = 0; c < (${size} * groups); c++) {
          const int32_t *scale = &scales[${words} * c];
          int32_t bits = scale[0];
          for (int32_t i = 0; i < steps; i++) {
            ${nibbles ? nibble : bytePairs}
          }
          const int32_t sum = (bits < 0) ? 0 : ${nibbles ? 'bits' : '(bits / 256)'};
          const int32_t t = (sum > scale[1]) ? 0 : (scale[1] - sum);
          ${rescaleText({ split, sign })}
          y[c] = (int8_t)((scale[3] - product) >> ${shift});
        }
      `,
    }),
  );
}

const SUMS = ['r8', 'r9', 'r10', 'r11'];

/** Registers: r0 x, r1 weights, r2 four of them, r3 free, r4..r7 u v u v; sums r8..r11, r12 the mask of low bytes, lr end of x. */
function listing({ forms: { split, shift, sign }, size, expanded, nibbles }: UnitsKind): string[] {
  // 0 y, 4 x, 8 scales, 12 weights, 20 product of sum 0, 24 tie; then r8-r11, r4-r7, lr; then groups, steps
  const frame = 28;
  const given = frame + 36;
  const words = sign ? 6 : 4;
  const plainInputs = [
    'ldm r0!, {r7}',
    'sxtb r4, r7',
    'asrs r7, r7, #8',
    'sxtb r5, r7',
    'asrs r7, r7, #8',
    'sxtb r6, r7',
    'asrs r7, r7, #8',
  ];
  const inputs = expanded
    ? ['ldm r0!, {r4, r5, r6, r7}']
    : nibbles
      ? plainInputs
      : [
          'ldm r0!, {r5}',
          'mov r3, r12',
          'eors r5, r3',
          'uxtb r4, r5',
          'rsbs r4, r4, #0',
          'asrs r7, r5, #16',
          'uxtb r6, r7',
          'rsbs r6, r6, #0',
          'sxth r5, r5',
        ];
  const unit = (sum: string) => [
    'ldm r1!, {r2}',
    'sxth r3, r2',
    'muls r3, r4',
    `add ${sum}, r3`,
    'sxtb r3, r2',
    'muls r3, r5',
    `add ${sum}, r3`,
    'asrs r2, r2, #16',
    'sxtb r3, r2',
    'muls r3, r7',
    `add ${sum}, r3`,
    'muls r2, r6',
    `add ${sum}, r2`,
  ];
  const nibbleUnit = (sum: string, u: number) => [
    ...(u % 2 ? [] : ['ldm r1!, {r2}']),
    ...[4, 5, 6, 7].flatMap((input, k) => {
      const left = 28 - 4 * (k + 4 * (u % 2));
      return [
        ...(left ? [`lsls r3, r2, #${left}`] : []),
        `asrs r3, ${left ? 'r3' : 'r2'}, #28`,
        `muls r3, r${input}`,
        `add ${sum}, r3`,
      ];
    }),
  ];
  const finish = (sum: string, u: number) => [
    `ldr r2, [r1, #${4 * (u * words + 1)}]`,
    `ldr r3, [r1, #${4 * (u * words + 2)}]`,
    `ldr r5, [r1, #${4 * (u * words + 3)}]`,
    ...(sign
      ? [
          `ldr r4, [r1, #${4 * (u * words + 4)}]`,
          'str r4, [sp, #20]',
          `ldr r4, [r1, #${4 * (u * words + 5)}]`,
          'str r4, [sp, #24]',
        ]
      : []),
    `lsrs r4, r3, #${split}`,
    `lsls r3, r3, #${32 - split}`,
    `lsrs r3, r3, #${32 - split}`,
    `mov r6, ${sum}`,
    ...(nibbles ? [] : ['asrs r6, r6, #8']),
    ...rescaleListing(split, shift, sign, '3'),
    `strb r6, [r0, #${u}]`,
  ];
  const sums = SUMS.slice(0, size);
  return [
    'push {r4, r5, r6, r7, lr}',
    'mov r4, r8',
    'mov r5, r9',
    'mov r6, r10',
    'mov r7, r11',
    'push {r4, r5, r6, r7}',
    `sub sp, #${frame}`,
    'str r0, [sp]',
    'str r1, [sp, #4]',
    'str r3, [sp, #8]',
    `ldr r4, [sp, #${given + 4}]`,
    `lsls r4, r4, #${expanded ? 4 : 2}`,
    'adds r4, r4, r1',
    'mov lr, r4',
    ...(expanded || nibbles ? [] : ['movs r4, #128', 'lsls r5, r4, #16', 'adds r4, r4, r5', 'mov r12, r4']),
    'movs r1, r2',
    '1:',
    'ldr r7, [sp, #8]',
    ...sums.flatMap((sum, u) => [`ldr r4, [r7, #${4 * u * words}]`, `mov ${sum}, r4`]),
    'ldr r0, [sp, #4]',
    '2:',
    ...inputs,
    ...sums.flatMap(nibbles ? nibbleUnit : unit),
    'cmp r0, lr',
    'bne 2b',
    'str r1, [sp, #12]',
    'ldr r1, [sp, #8]',
    'ldr r0, [sp]',
    ...sums.flatMap(finish),
    `adds r0, #${size}`,
    'str r0, [sp]',
    `adds r1, #${4 * size * words}`,
    'str r1, [sp, #8]',
    'ldr r1, [sp, #12]',
    `ldr r4, [sp, #${given}]`,
    'subs r4, r4, #1',
    `str r4, [sp, #${given}]`,
    'beq 4f',
    'b 1b',
    '4:',
    `add sp, #${frame}`,
    'pop {r4, r5, r6, r7}',
    'mov r8, r4',
    'mov r9, r5',
    'mov r10, r6',
    'mov r11, r7',
    'pop {r4, r5, r6, r7, pc}',
  ];
}
