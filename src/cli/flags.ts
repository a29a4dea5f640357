import { type Command, Option } from 'commander';
import { TRADES, USUAL_TRADE } from '../c/parts.ts';
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
import type { Recipe } from '../pipeline.ts';
import { IO_TYPES, type IoType } from '../run/edges.ts';
import type { Model } from '../stage.ts';
import type { Output } from './output.ts';
import { hertz, wrap } from './values.ts';

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
  const attached = model && frontEndIn(model.graph);
  // The model's own front end, stated again, keeps its normalization.
  const features = flags.features === attached?.facts.features ? undefined : flags.features;
  const given = Object.fromEntries(
    Object.entries({ split, scale, mean, std, layout, ...readingIn({ ...flags, features }) }).filter(([, v]) => v !== undefined),
  );
  const read = await loadDataset(flags.data, {
    ...(attached && features === undefined && readingOfFrontEnd(attached)),
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

/** How data is read for a model that names its front end, where flags name no other. */
function readingOfFrontEnd({ facts, normalization }: AttachedFrontEnd): Partial<DataOptions> {
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
    `${before}weights of 4 bits two to a byte (flash), weights that grow for fewer products (speed), outputs over inputs and first layers in bands (ram)`,
  )
    .choices(TRADES)
    .default(USUAL_TRADE);
