/** What can be said of a dataset only beside its model. */
import { CompressError } from '../errors.ts';
import { type InputPlan, inputRange, type ModelInput, planBatch } from './batch.ts';
import { type Dataset, type Normalization, PARTS, type Part, type PartName } from './dataset.ts';
import { numbersBetween } from './paged.ts';

/** The part, or an error that says how to get one. */
export function needPart(data: Dataset, name: PartName): Part {
  const part = data[name];
  if (part) return part;
  throw new CompressError(
    'bad-data',
    `${data.name} has no ${name} part`,
    `give a folder with ${name}.npz in it, or one file (or its train part) and a --split with a share for ${name}`,
  );
}

/** A warning where the data has more or fewer classes than the model has outputs; null where they agree. */
export function classWarning({ name, classes, classNames }: Dataset, outputs: number): string | null {
  if (classes === 0 || classes === outputs) return null;
  const described = classNames ? `${name} has ${classes} classes` : `the labels of ${name} run from 0 to ${classes - 1}`;
  return `${described}, but the model has ${outputs} outputs: check that they were trained in this order`;
}

/** The least and greatest of real inputs, and which share lies outside what an integer input holds. */
export interface InputStatistics {
  readonly least: number;
  readonly greatest: number;
  readonly outside: number;
}

/** Of each input, over at most 500 examples, evenly taken from the first part there is. */
export function inputStatistics(data: Dataset, inputs: readonly ModelInput[]): InputStatistics[] {
  const part = data[PARTS.find((name) => data[name])!]!;
  const plan = planBatch(
    data,
    inputs.map((input) => ({ ...input, dtype: 'f32' as const })),
  );
  return inputs.map((input, i) => statisticsOf(part, plan.inputs[i], input));
}

function statisticsOf(part: Part, { convert, period, size, source }: InputPlan, input: ModelInput): InputStatistics {
  const x = part.inputs[source];
  const [low, high] = input.dtype === 'f32' ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : inputRange(input);
  const slack = input.dtype === 'f32' ? 0 : input.quant!.scales[0]; // a step beyond the end is rounding
  const step = Math.max(1, Math.floor(part.count / 500));
  let [least, greatest, outside, seen] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < part.count; i += step) {
    const one = numbersBetween(x, i * size, (i + 1) * size);
    for (let k = 0, c = 0; k < size; k++, seen++) {
      const v = convert(one[k], c);
      if (v < least) least = v;
      if (v > greatest) greatest = v;
      if (v < low - slack || v > high + slack) outside++;
      if (++c === period) c = 0;
    }
  }
  return { least, greatest, outside: outside / seen };
}

const short = (v: number): string => String(Number(v.toPrecision(4)));

/**
 * A warning where the data plainly does not fit what the model was quantized for: a tenth of it would be cut off, or it would use
 * less than a twentieth of the range. Null where it fits and for float inputs, whose files do not say.
 */
export function rangeWarning({ least, greatest, outside }: InputStatistics, input: ModelInput): string | null {
  if (input.dtype === 'f32') return null;
  const [low, high] = inputRange(input);
  const used = (greatest - least) / (high - low);
  if (outside < 0.1 && used > 1 / 20) return null;
  const what =
    outside >= 0.1
      ? `${Math.round(100 * outside)} % of the data would be cut off`
      : `only ${short(100 * used)} % of it would be used`;
  const advice =
    used > 100 ? 'try --scale 1/255' : used < 1 / 100 ? 'try --scale 255, or none' : 'check --scale, --mean and --std';
  return `the data runs from ${short(least)} to ${short(greatest)} but the model's input was quantized for ${short(low)} to ${short(high)}: ${what}; ${advice}`;
}

/** How the data reaches the model, in one line, to be printed. */
export function describeNormalization({ normalization, layout, inputs }: Dataset): string {
  const moved = layout === 'nchw' ? ', channels moved last' : '';
  if (inputs.every((input) => !input.normalization)) {
    const shapes =
      inputs.length > 1 ? inputs.map(({ name, shape }) => `"${name}" [${shape}]`).join(' and ') : `[${inputs[0].shape}]`;
    return `${equationOf(normalization)}, ${shapes}${moved}`;
  }
  const each = inputs.map((i) => `"${i.name}" [${i.shape}]: ${equationOf(i.normalization ?? normalization)}`);
  return `${each.join(', ')}${moved}`;
}

function equationOf({ scale, mean, std }: Normalization): string {
  const asStored = scale === 1 && mean.every((m) => m === 0) && std.every((s) => s === 1);
  const factor = Number.isInteger(1 / scale) && scale !== 1 ? `1/${1 / scale}` : short(scale);
  return asStored ? 'x as stored' : `(x * ${factor} - ${mean.map(short)}) / ${std.map(short)}`;
}

/** Mean and standard deviation of each channel of an input. */
export interface ChannelSpread {
  readonly mean: number;
  readonly spread: number;
}

/**
 * Of the real values that each input of a model is given, over at most 500 examples of the train part (else of the first there is). A channel
 * is one of the model's: pictures of [28, 28] have one where a convolution reads [28, 28, 1].
 */
export function channelSpreads(data: Dataset, inputs: readonly ModelInput[]): ChannelSpread[][] {
  const part = data[PARTS.find((name) => data[name])!]!;
  const plan = planBatch(data, inputs);
  return inputs.map(({ shape }, i) => spreadsOf(part, plan.inputs[i], shape.at(-1)!));
}

function spreadsOf(part: Part, { convert, size, source, period }: InputPlan, channels: number): ChannelSpread[] {
  const x = part.inputs[source];
  const step = Math.max(1, Math.floor(part.count / 500));
  const [sums, squares] = [new Float64Array(channels), new Float64Array(channels)];
  let rows = 0;
  for (let i = 0; i < part.count; i += step) {
    const one = numbersBetween(x, i * size, (i + 1) * size);
    for (let k = 0; k < size; k++) {
      const c = k % channels;
      const value = convert(one[k], period === 1 ? 0 : c);
      sums[c] += value;
      squares[c] += value * value;
    }
    rows += size / channels;
  }
  return Array.from(sums, (sum, c) => {
    const mean = sum / rows;
    return { mean, spread: Math.sqrt(Math.max(0, squares[c] / rows - mean * mean)) };
  });
}
