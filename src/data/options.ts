import { CompressError, checkOptionNames } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type DataInput, type Dataset, type Layout, type Normalization, STATED_READING, type StatedReading } from './dataset.ts';
import { plainName } from './names.ts';

/** The same for all inputs, or for each that is named. */
export type ByInput<T> = T | Readonly<Record<string, T>>;

/** How data is read, split and given to the model. */
export interface DataOptions extends StatedReading {
  /**
   * Fractions of train, validation, test where the source does not separate them, together 1 (0.7, 0.1, 0.2 by default); of train and
   * validation where it lacks the latter.
   */
  readonly split?: readonly [number, number, number];
  /** All of a source without parts becomes the test part (as `evaluate` takes it), nothing is split. */
  readonly whole?: boolean;
  /** Of the split; 0 by default. */
  readonly seed?: number;
  /** The model is given (x * scale - mean) / std; 1, 0 and 1 by default. Of several inputs each may have its own, by name. */
  readonly scale?: ByInput<number>;
  /** One number, or one for each channel. */
  readonly mean?: ByInput<number | readonly number[]>;
  /** One number, or one for each channel, above 0. */
  readonly std?: ByInput<number | readonly number[]>;
  /** What the source holds; 'nhwc' by default. */
  readonly layout?: Layout;
  /** What pictures of a class folder are brought to, 1 (grey) or 3 (RGB): the model's channels. */
  readonly channels?: number;
  /** The model it is read for: arrays are found by the names and shapes of its inputs, and pictures get its channels. */
  readonly model?: { readonly graph: Graph };
  /** Without a model: the arrays that are its inputs, by name, in order. */
  readonly inputs?: readonly string[];
  /** How messages and reports call the data; by default its file's name. */
  readonly name?: string;
}

const NAMES: Readonly<Record<keyof DataOptions, true>> = {
  split: true,
  whole: true,
  seed: true,
  scale: true,
  mean: true,
  std: true,
  layout: true,
  channels: true,
  model: true,
  inputs: true,
  name: true,
  ...STATED_READING,
};

/** @throws CompressError `bad-option` for a name that no option has, a layout or a seed that cannot be */
export function checkDataOptions(options: DataOptions): void {
  checkOptionNames(options, Object.keys(NAMES), 'loadDataset');
  const { layout = 'nhwc', seed = 0 } = options;
  if (layout !== 'nhwc' && layout !== 'nchw') {
    throw new CompressError('bad-option', `the layout "${layout}" is not known`, 'give "nhwc" or "nchw"');
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new CompressError('bad-option', `the seed ${seed} is no whole number from 0`, 'give one such as 0 or 1');
  }
}

export const DEFAULT_SPLIT = [0.7, 0.1, 0.2] as const;

/** `1/255` or `0.5` as a number. */
export function parseScale(text: string): number {
  const percent = /^\s*([^%/]+)%\s*$/.exec(text)?.[1];
  const [above, below = '1', ...more] = (percent === undefined ? text : `${percent}/100`).split('/').map((s) => s.trim());
  const value = Number(above) / Number(below);
  if (!above || !below || more.length || !Number.isFinite(value)) {
    throw new CompressError('bad-option', `"${text}" is not a number`, 'write a number or a fraction, as 0.5, 50% or 1/255');
  }
  return value;
}

/** `0.5,0.4,0.3` as numbers. */
export const parseNumbers = (text: string): number[] => text.split(',').map(parseScale);

/** @throws CompressError `bad-option` */
export function checkSplit(split: readonly number[]): readonly number[] {
  if (!Array.isArray(split))
    throw new CompressError('bad-option', `the split ${split} is no list`, 'give three fractions, as [0.7, 0.1, 0.2]');
  if (split.length === 3 && split[0] === 0) {
    throw new CompressError(
      'bad-option',
      `the split ${split.join(',')} leaves no train part`,
      'give train a fraction above 0, as 0.7,0.1,0.2',
    );
  }
  const sum = split.reduce((a, b) => a + b, 0);
  if (split.length === 3 && split.every((f) => f >= 0) && split[0] > 0 && Math.abs(sum - 1) < 1e-6) return split;
  throw new CompressError(
    'bad-option',
    `the split ${split.join(',')} does not divide the data`,
    'give fractions of train, validation and test that add up to 1, as 0.7,0.1,0.2',
  );
}

const isByName = <T>(option: ByInput<T> | undefined): option is Readonly<Record<string, T>> =>
  typeof option === 'object' && option !== null && !Array.isArray(option);

/** The inputs with what each is given by its name. @throws CompressError `bad-option` */
export function normalizedInputs(options: DataOptions, inputs: readonly DataInput[]): DataInput[] {
  const byName = [options.scale, options.mean, options.std].filter(isByName);
  const known = inputs.map((i) => i.name);
  const unknown = byName.flatMap(Object.keys).find((name) => !known.some((k) => sameName(k, name)));
  if (unknown !== undefined) {
    const fix = `inputs are ${known.map((k) => `"${k}"`).join(', ')}`;
    throw new CompressError('bad-option', `there is no input "${unknown}" to be scaled`, fix);
  }
  if (byName.length === 0) return [...inputs];
  return inputs.map((input) => {
    const own = <T>(option: ByInput<T> | undefined): T | undefined =>
      isByName(option) ? Object.entries(option).find(([name]) => sameName(input.name, name))?.[1] : option;
    const of = { scale: own(options.scale), mean: own(options.mean), std: own(options.std) };
    return { ...input, normalization: normalizationOf(of, [input]) };
  });
}

const sameName = (a: string, b: string): boolean => a === b || plainName(a) === plainName(b);

/** Of inputs that have none of their own. @throws CompressError `bad-option` */
export function commonNormalization(options: DataOptions, inputs: readonly DataInput[]): Normalization {
  const common = <T>(option: ByInput<T> | undefined): T | undefined => (isByName(option) ? undefined : option);
  const of = { scale: common(options.scale), mean: common(options.mean), std: common(options.std) };
  return normalizationOf(
    of,
    inputs.filter((input) => !input.normalization),
  );
}

interface Given {
  readonly scale?: number;
  readonly mean?: number | readonly number[];
  readonly std?: number | readonly number[];
}

const listOf = (value: number | readonly number[]): readonly number[] => (typeof value === 'number' ? [value] : value);

function normalizationOf(options: Given, inputs: readonly DataInput[]): Normalization {
  const { scale = 1 } = options;
  const [mean, std] = [listOf(options.mean ?? 0), listOf(options.std ?? 1)];
  if (!Number.isFinite(scale) || scale === 0) {
    throw new CompressError(
      'bad-option',
      scale === 0 ? 'the scale 0 would leave nothing of the data' : `the scale ${scale} is no finite number`,
      'give a number other than 0, as 1/255',
    );
  }
  for (const [name, list] of Object.entries({ mean, std })) {
    const good = Array.isArray(list) && list.every((v) => Number.isFinite(v) && (name === 'mean' || v > 0));
    const counts = [...new Set(inputs.map(({ shape }) => shape.at(-1) ?? 1))];
    const [channels] = counts;
    if (good && (list.length === 1 || (counts.length === 1 && list.length === channels))) continue;
    const several = counts.length > 1 ? '' : `, or ${channels} for the ${channels} channels`;
    const fix = `give one number${several}${name === 'std' ? ', above 0' : ''}`;
    throw new CompressError('bad-option', `--${name} ${list} does not fit the data`, fix);
  }
  return { scale, mean, std };
}

/** How data reached a model, as a recipe keeps it. */
export interface NormalizationFacts {
  readonly normalization?: Normalization;
  /** Of inputs that have their own, by name. */
  readonly normalizations?: Readonly<Record<string, Normalization>>;
}

export function normalizationFacts({ inputs, normalization }: Pick<Dataset, 'inputs' | 'normalization'>): NormalizationFacts {
  const own = inputs.flatMap(({ name, normalization: n }) => (n ? [[name, n] as const] : []));
  return own.length ? { normalization, normalizations: Object.fromEntries(own) } : { normalization };
}

/** The options that give a model its data as a recipe's facts say. */
export function normalizationOptions({
  normalization,
  normalizations,
}: NormalizationFacts): Pick<DataOptions, 'scale' | 'mean' | 'std'> {
  if (!normalizations) return { ...normalization };
  const by = <K extends keyof Normalization>(key: K): Record<string, Normalization[K]> =>
    Object.fromEntries(Object.entries(normalizations).map(([name, n]) => [name, n[key]]));
  return { scale: by('scale'), mean: by('mean'), std: by('std') };
}
