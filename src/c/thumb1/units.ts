import type { CallOf } from '../../ops/kernel_call.ts';
import { canPack, firstSum, packWords } from '../dsp/words.ts';
import { biasOf, channelsOf, weightsOf } from '../geometry.ts';
import type { Argument, Parts, Placed } from '../parts.ts';
import { signProduct, type ThumbForm, type ThumbForms, thumbForms } from './rescale.ts';
import { unitsFunction } from './units_function.ts';

/**
 * Rows of inputs times the weights of groups of four units. Two weights lie in a halfword h = 256 * -w0 + w1, s is its low byte; of two inputs
 *
 *   u = -(x0 + 128), v = 256 * x1 + x0 + 128:   u * h + v * s = 256 * (x0 w0 + x1 w1) + 256 * 128 * w0
 *
 * so a word of four weights is unpacked in four instructions. u and v are made once a row where many units read them, or on the way.
 *
 *   weights  for each group of units, for each four inputs: a word of each unit; weights of 4 bits: a halfword of each unit
 *   scales   for each unit: first sum (times 256), range, multiplier, constant, and where the sign counts the product of sum 0 and the tie
 */
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
