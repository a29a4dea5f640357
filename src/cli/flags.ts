import { type Command, InvalidArgumentError, Option } from 'commander';
import { TRADES } from '../c/parts.ts';
import { OBJECTIVE } from '../compress/index.ts';
import {
  type AttachedFrontEnd,
  type DataOptions,
  type Dataset,
  describeNormalization,
  frontEndIn,
  inMemory,
  inputStatistics,
  inputsOf,
  isOnePart,
  loadDataset,
  normalizationOptions,
  PARTS,
  parseNumbers,
  parseScale,
  planBatch,
  rangeWarning,
  readingIn,
  type StatedReading,
} from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { FEATURE_NAMES } from '../features/index.ts';
import { isInteger } from '../graph/graph.ts';
import { parseBytes, parseMegahertz } from '../mcu/index.ts';
import type { Recipe } from '../pipeline.ts';
import { IO_TYPES, type IoType } from '../run/edges.ts';
import type { Model } from '../stage.ts';
import type { Output } from './output.ts';

/** A parser whose errors are reported as those of its flag. */
export const wrap =
  <T>(parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text);
    } catch (e) {
      throw new InvalidArgumentError((e as Error).message.replace('\n', ';'));
    }
  };

/** 0.5 or 50%. */
export const number = wrap((text) => {
  const [, digits, sign] = /^\s*([^%\s]+)\s*(%?)\s*$/.exec(text) ?? [];
  if (digits === undefined || !Number.isFinite(Number(digits))) throw new Error('It is not a number, as 0.02 or 2%.');
  return Number(digits) / (sign ? 100 : 1);
});

export const integer = wrap((text) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) throw new Error('It is not a whole number.');
  return value;
});

const threads = (most: number) =>
  wrap((text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Error('It is not a number of threads.');
    return Math.min(most, value);
  });

/** More than eight have nothing to do: each trial is chosen by the results of all but the last seven before it. */
export const workers = threads(8);
/** As many as `--parallel` may be. */
export const sharedWorkers = threads(64);

/** 64K, 1M, 65536 as bytes. */
export const byteCount = wrap((text) => {
  const found = parseBytes(text);
  if (found === null) throw new Error('It is not a size, as 64K, 1M or 65536.');
  return found;
});

/** 84, 84MHz, 0.4GHz as MHz. */
export const megahertz = wrap((text) => {
  const found = parseMegahertz(text);
  if (!found) throw new Error('It is not a clock, as 84MHz.');
  return found;
});

/** 100, 100uJ, 2mJ as µJ. */
export const microjoules = wrap((text) => {
  const [, digits, unit = 'uJ'] = /^(\d+(?:\.\d+)?)\s*([uµmn]?J)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) throw new Error('It is not an energy, as 100uJ or 2mJ.');
  return Number(digits) * { n: 1e-3, u: 1, µ: 1, m: 1e3, j: 1e6 }[unit[0].toLowerCase() as 'n' | 'u' | 'µ' | 'm' | 'j'];
});

const UNITS_OF_TIME: Readonly<Record<string, number>> = {
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  sec: 1e3,
  m: 6e4,
  min: 6e4,
  h: 36e5,
  d: 864e5,
};

/** 50ms, 30s, 20m, 2h as ms; a bare number is `unit`s. */
export const duration = (unit: 'ms' | 's') =>
  wrap((text) => {
    const found = /^(\d+(?:\.\d+)?)\s*(us|µs|ms|s|sec|m|min|h|d)?$/.exec(text.trim());
    if (!found) throw new Error('It is not a time, as 50ms, 30s, 20m or 2h.');
    return Number(found[1]) * UNITS_OF_TIME[found[2] ?? unit];
  });

/** flash=1,latency=2: weights of an objective; what is not named has none. */
export const weights = wrap((text) => {
  const names = Object.keys(OBJECTIVE);
  const objective: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  for (const [name, value = '1', part] of pairs(text)) {
    if (!(name in objective) || !(Number(value) >= 0))
      throw new Error(`"${part}" is not one of ${names.join(', ')} with a weight, as flash=1,latency=2.`);
    objective[name] = Number(value);
  }
  if (Object.values(objective).every((w) => w === 0)) throw new Error('All weights are 0.');
  return objective;
});

/** 250K, 1M or 50000 of something that is counted. */
export const counted = wrap((text) => {
  const found = /^(\d+(?:\.\d+)?)\s*([kKmM]?)$/.exec(text.trim());
  if (!found) throw new Error('It is not a number, as 100K, 2M or 120000.');
  return Math.round(Number(found[1]) * { '': 1, k: 1e3, m: 1e6 }[found[2].toLowerCase() as '' | 'k' | 'm']);
});

const amounts: Readonly<Record<string, (text: string) => number>> = {
  flash: byteCount,
  ram: byteCount,
  weights: byteCount,
  latency: duration('ms'),
  energy: microjoules,
  macs: counted,
};

/** flash=32K,latency=20ms: an amount for each that is named. */
export const amountsByName = wrap((text) => {
  const found = pairs(text).map(([name, value, part]) => {
    if (!(name in amounts) || value === undefined)
      throw new Error(`"${part}" is not one of ${Object.keys(amounts).join(', ')} with an amount, as flash=32K,latency=20ms.`);
    return [name, amounts[name](value)];
  });
  return Object.fromEntries(found) as Record<string, number>;
});

/** The parts of NAME=VALUE,NAME=VALUE. */
export const pairs = (text: string): [name: string, value: string | undefined, part: string][] =>
  text.split(',').map((part) => {
    const [name, value] = part.split('=').map((s) => s.trim());
    return [name, value, part];
  });

export interface DataFlags extends StatedReading {
  readonly data?: string;
  readonly split?: number[];
  readonly scale?: DataOptions['scale'];
  readonly mean?: DataOptions['mean'];
  readonly std?: DataOptions['std'];
  readonly layout?: 'nhwc' | 'nchw';
  readonly seed?: number;
}

/** left,right,up as names. */
const names = (text: string): string[] => text.split(',').map((name) => name.trim());

/** 44100, 16k, 50Hz as samples a second. */
const hertz = wrap((text) => {
  const [, digits, kilo] = /^(\d+(?:\.\d+)?)\s*(k?)(?:hz)?$/i.exec(text.trim()) ?? [];
  if (!digits || Number(digits) === 0) throw new Error('It is not a rate, as 16000, 16k or 50.');
  return Number(digits) * (kilo ? 1000 : 1);
});

/** VALUE, or INPUT=VALUE as often as there are inputs. */
const byInput =
  <T>(parse: (text: string) => T) =>
  (text: string, before?: unknown): T | Record<string, T> =>
    wrap((whole: string) => {
      const [, name, value] = /^(.+)=([^=]*)$/.exec(whole) ?? [];
      const isNamed = typeof before === 'object' && before !== null && !Array.isArray(before);
      if (before !== undefined && isNamed !== (name !== undefined))
        throw new Error('Give one value for all inputs, or INPUT=VALUE for each.');
      return name === undefined ? parse(whole) : { ...(isNamed ? before : {}), [name]: parse(value) };
    })(text);

/** How data is read and reaches the model. */
export function dataFlags(command: Command, required: boolean): Command {
  const data = new Option(
    '--data <path>',
    'folder with train.* and test.*, one file (.npz .npy .csv IDX .bin), a folder of .npy arrays, or of class folders',
  );
  return command
    .addOption(required ? data.makeOptionMandatory() : data)
    .option('--split <t,v,e>', 'fractions of train, validation, test where the data has no such parts', wrap(parseNumbers))
    .option(
      '--scale <[input=]s>',
      'the model is given (x * S - mean) / std; S may be written 1/255; by input where they differ',
      byInput(parseScale),
    )
    .option('--mean <[input=]a,..>', 'one number, or one for each channel', byInput(parseNumbers))
    .option('--std <[input=]a,..>', 'one number, or one for each channel', byInput(parseNumbers))
    .addOption(new Option('--layout <order>', 'what the file holds').choices(['nhwc', 'nchw']))
    .option('--labels <name>', 'the array or column that holds the labels, where it is not y, labels or targets')
    .option('--classes <a,b,..>', 'class names in the order of their numbers (words in their own order)', names)
    .option('--group <column>', 'the column of a table whose examples stay in one part of a split')
    .option('--window <n>', 'recordings are cut into windows of so many samples, or of a time: 1s, 500ms')
    .option('--stride <n>', 'from the begin of one window to the next (a window)')
    .option('--rate <hz>', 'samples a second: recordings of another rate are resampled', hertz)
    .addOption(
      new Option('--missing <what>', 'rows with a missing cell: left out, or what the row before held').choices(['drop', 'hold']),
    )
    .option(
      '--features <name[:..]>',
      `what the model is given of samples: ${Object.keys(FEATURE_NAMES).join(', ')} (docs/features.md)`,
    )
    .option('--resize <how[:hxw]>', "pictures to the model's size or a stated one: crop, pad or stretch");
}

/** Reads the data for a model (or for one that is still to be built), says how it is used, and warns where it plainly does not fit. */
export async function readData(
  flags: DataFlags & { readonly output?: string; readonly storage?: string },
  model: Model | null,
  out: Output,
  { whole = false, defaults = {} as Partial<DataOptions>, inputs: names = undefined as readonly string[] | undefined } = {},
): Promise<Dataset> {
  if (!flags.data) throw new CompressError('bad-option', 'this needs data', 'add --data with a folder or file');
  const { split, scale, mean, std, layout, seed } = flags;
  const given = Object.fromEntries(
    Object.entries({ split, scale, mean, std, layout, ...readingIn(flags) }).filter(([, v]) => v !== undefined),
  );
  const attached = model && frontEndIn(model.graph);
  const read = await loadDataset(flags.data, {
    ...(attached && readingOfFrontEnd(attached, flags)),
    ...defaults,
    ...given,
    seed: seed ?? 0,
    whole,
    ...(model ? { model } : { inputs: names }),
  } as DataOptions);
  // A study that machines share hands its examples on.
  const data = flags.storage === undefined ? read : inMemory(read);
  const parts = PARTS.flatMap((p) => (data[p] ? [`${p} ${data[p].count}`] : []));
  const described = whole && isOnePart(data) ? `${data.test.count} examples` : parts.join(', ');
  out.say(`data: ${data.name}, ${described}; the model is given ${describeNormalization(data)}`);
  for (const note of data.notes) out.say(`data: ${note}`);
  const inputs = model ? inputsOf(model.graph) : [];
  const calls = inputs.some(({ sequence }) => sequence) ? planBatch(data, inputs).calls : 1;
  if (calls > 1) out.say(`data: each example is ${calls} calls of the model, whose state begins with it; the last answer counts`);
  if (inputs.some(({ dtype }) => isInteger(dtype))) {
    inputStatistics(data, inputs).forEach((found, i) => {
      const warning = rangeWarning(found, inputs[i]);
      if (warning) out.warn(warning);
    });
  }
  return data;
}

/** How data is read for a model that names its front end, where flags do not. */
function readingOfFrontEnd({ facts, normalization }: AttachedFrontEnd, flags: DataFlags): Partial<DataOptions> {
  if (flags.features !== undefined) return {};
  return { features: facts, window: facts.samples, ...(facts.rate !== null && { rate: facts.rate }), ...normalization };
}

/** How a recipe says that data is read, where flags do not. */
export const readingOfRecipe = (recipe: Recipe): Partial<DataOptions> => ({
  ...normalizationOptions(recipe),
  ...(recipe.layout && { layout: recipe.layout }),
  ...(recipe.split && { split: recipe.split as [number, number, number] }),
  ...recipe.reading,
});

export interface IoFlags {
  readonly io?: IoType;
}

/** The types of a written model's inputs and outputs. */
export const ioOption = (): Option =>
  new Option('--io <type>', "type of the result's inputs and outputs; QUANTIZE and DEQUANTIZE convert (as in the model)").choices(
    [...IO_TYPES],
  );

/** What generated C stores weights of 4 bits for. */
export const tradeOption = (before = ''): Option =>
  new Option(
    '--trade <what>',
    `${before}weights of 4 bits two to a byte (flash) or a byte each (speed), outputs written over inputs (ram)`,
  )
    .choices(TRADES)
    .default('speed');
