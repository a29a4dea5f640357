import { CompressError } from '../errors.ts';
import { fileShape } from '../graph/file_order.ts';
import { sizeOf, type Tensor } from '../graph/graph.ts';
import { empty } from './arrays.ts';
import {
  type DataInput,
  type Dataset,
  type Layout,
  PARTS,
  type Part,
  type PartName,
  readingIn,
  type Samples,
  type StatedReading,
} from './dataset.ts';
import { classCount, noteMissing } from './labels.ts';
import { type Arrays, isArrays, partsInMemory } from './memory.ts';
import {
  checkDataOptions,
  checkSplit,
  commonNormalization,
  type DataOptions,
  DEFAULT_SPLIT,
  normalizedInputs,
} from './options.ts';
import { channelsMoved, isPaged, kindOf, numbersBetween } from './paged.ts';
import { partsInOneOrder, type RawPart, type RawParts, type Reading, takeRaw } from './raw.ts';
import { readParts } from './recognize.ts';
import { type FileSource, filesOf, isFileSource } from './sources.ts';
import { splitStratified, strataOf } from './split.ts';
import { numberGroups, numberLabels } from './words.ts';

/**
 * A path (Node), an address, the bytes of one file, picked files or a folder that the page was let into, the contents of files by name, arrays to be
 * split, or arrays for each part.
 */
export type DataSource = FileSource | Arrays;

/**
 * Reads a dataset: .npz, .npy, folders of .npy, IDX, CIFAR-10 binary, tables (CSV, TSV), sound (WAV), recordings of sensors, exports of Edge Impulse, pictures, lists of
 * files, or arrays.
 *
 * Of a model with several inputs each has an array, found by its name, by number and order (x0, x1 ...), or by its shape: give `model`, or the names
 * by `inputs`. Labels are read as numbers; what they mean follows from the task. `notes` says what of a source is not used.
 *
 * A source without a test part is split by `split`; one with a test part but no validation has validation cut from train,
 * in the proportion of the first two fractions. Splits are stratified and depend on the seed alone. Windows that
 * overlap are split in time, in their order; other examples that follow each other are not known to: give a validation part of other persons
 * or days if you can.
 *
 * @throws CompressError `bad-file`, `bad-data`, `shape-mismatch`, `unsupported` or `bad-option`
 */
export async function loadDataset(source: DataSource, options: DataOptions = {}): Promise<Dataset> {
  checkDataOptions(options);
  const notes: string[] = [];
  const { name, raw } = await open(source, options, notes);
  const parts = numberGroups(numberLabels(partsInOneOrder(raw, notes), options.classes, notes), notes);
  for (const part of [...PARTS, 'all'] as const) if (parts[part]) checkValues(parts[part]);
  checkShapes(parts);
  const samples = splitParts(parts, options, notes);
  const featured = options.features
    ? await (await import('./featured.ts')).withFeatures(samples, options.features, options.rate, notes)
    : null;
  const split = featured?.parts ?? samples;
  const first = (split.train ?? split.validation ?? split.test)!;
  const layout = options.layout ?? layoutOf(first, options, notes);
  const shapes = first.info.map(
    ({ name, shape }): DataInput => ({ name, shape: layout === 'nchw' ? channelsLast(shape) : shape }),
  );
  const inputs = normalizedInputs(options, shapes);
  const classes = parts.classNames?.length ?? classCount(Object.values(split).filter((part) => part !== undefined));
  noteMissing(split, classes, parts.classNames, notes);
  const finish = (part: RawPart | undefined): Part | null => (part && part.count > 0 ? toPart(part, layout) : null);
  return {
    name: options.name ?? name,
    inputs,
    classes,
    ...(parts.classNames && { classNames: parts.classNames }),
    train: finish(split.train),
    validation: finish(split.validation),
    test: finish(split.test),
    normalization: commonNormalization(options, inputs),
    layout,
    ...(featured && { frontEnd: featured.frontEnd }),
    ...statedIn(options),
    sourceFiles: [...new Set(Object.values(split).flatMap((part) => part?.files ?? []))],
    notes,
  };
}

function statedIn(options: DataOptions): Pick<Dataset, 'stated'> {
  const { split } = options;
  const stated = { ...(split && { split }), ...readingIn(options) };
  return Object.keys(stated).length ? { stated } : {};
}

/** Arrays with the axes of the model's own file, channels first, are brought to the order of its graph. */
function layoutOf({ info }: RawPart, { model }: DataOptions, notes: string[]): Layout {
  const inputs = model?.graph.inputs.map((t) => model.graph.tensors[t]) ?? [];
  const isFirst =
    inputs.length === info.length && inputs.every((t) => t.shape.length < 3 || t.fileOrder?.[1] === t.shape.length - 1);
  const shapes = (of: (t: Tensor) => readonly number[]) => inputs.map((t) => of(t).slice(1).join()).join(' ');
  const given = info.map(({ shape }) => shape.join()).join(' ');
  if (!isFirst || given !== shapes(fileShape) || given === shapes((t) => t.shape)) return 'nhwc';
  notes.push('channels come first, as in the model: they are moved last');
  return 'nchw';
}

const channelsLast = (shape: readonly number[]): readonly number[] => (shape.length < 2 ? shape : [...shape.slice(1), shape[0]]);

async function open(source: DataSource, options: DataOptions, notes: string[]): Promise<{ name: string; raw: RawParts }> {
  if (typeof source === 'string' || isFileSource(source) || !isArrays(source)) {
    const files = await filesOf(source as FileSource);
    const asked = new Set<string>();
    const raw = await readParts(files, readingOf(options, notes, asked));
    const idle = FOR_READERS.filter(
      (key) => options[key] !== undefined && !asked.has(key) && !(key === 'rate' && options.features),
    );
    if (idle.length)
      notes.push(`not used, since ${files.name} has nothing that needs it: ${idle.map((key) => `--${key}`).join(', ')}`);
    return { name: files.name, raw };
  }
  return { name: 'dataset', raw: partsInMemory(source) };
}

/** What only readers use, each of its own kind of source. */
const FOR_READERS = ['labels', 'group', 'window', 'stride', 'rate', 'missing', 'resize'] as const;

/** @param asked gets the names of what a reader asks for */
function readingOf(options: DataOptions, notes: string[], asked: Set<string>): Reading {
  const { model, inputs: names, labels, output, channels } = options;
  // with features the model's shape is not the data's
  const isData = options.features === undefined;
  const named = (places: readonly number[]) => places.map((t) => model!.graph.tensors[t]);
  const inputs = model
    ? named(model.graph.inputs).map(({ name, shape }) => ({ name, shape: isData ? shape : null }))
    : (names?.map((name) => ({ name, shape: null })) ?? null);
  const own = inputs?.length === 1 ? inputs[0].shape?.at(-1) : undefined;
  return {
    inputs,
    outputs: output ? [output] : model ? named(model.graph.outputs).map((t) => t.name) : [],
    get labels() {
      asked.add('labels');
      return labels ?? null;
    },
    stated: new Proxy<StatedReading>(readingIn(options), {
      get(stated, key: keyof StatedReading) {
        asked.add(key);
        return stated[key];
      },
    }),
    channels: channels ?? (own === 1 || own === 3 ? own : null),
    notes,
  };
}

function checkValues({ inputs, info, count, where }: RawPart): void {
  inputs.forEach((x, i) => {
    const size = sizeOf(info[i].shape);
    if (count === 0 || size === 0) throw empty(where);
    if (x instanceof Float32Array || (isPaged(x) && /^f/.test(x.type)))
      checkFinite(x, size, inputs.length > 1 ? `${where}, "${info[i].name}",` : where);
  });
}

/** Examples that are looked at together. */
const TOGETHER = 64;

function checkFinite(x: Samples, size: number, where: string): void {
  let bad = 0;
  let first = -1;
  for (let from = 0; from < x.length; from += TOGETHER * size) {
    const piece = numbersBetween(x, from, Math.min(x.length, from + TOGETHER * size));
    for (let i = 0; i < piece.length; i++) {
      if (piece[i] - piece[i] === 0) continue; // NaN for NaN and infinities
      bad++;
      if (first < 0) first = from + i;
    }
  }
  if (!bad) return;
  throw new CompressError(
    'bad-data',
    `${where} holds ${bad} ${bad === 1 ? 'value that is' : 'values that are'} NaN or infinite, the first at place ${first % size} of example ${Math.floor(first / size)}`,
    'remove those examples, or replace the values',
  );
}

function checkShapes(parts: RawParts): void {
  const present = PARTS.flatMap((name) => parts[name] ?? []);
  const [first] = present;
  for (const part of present) {
    part.info.forEach(({ shape }, i) => {
      if (String(shape) === String(first.info[i]?.shape)) return;
      throw new CompressError(
        'shape-mismatch',
        `${part.where} has examples of [${shape}] but ${first.where} of [${first.info[i]?.shape ?? ''}]`,
        'prepare all parts in the same way',
      );
    });
    part.inputs.forEach((x, i) => {
      if (kindOf(x) === kindOf(first.inputs[i])) return;
      throw new CompressError(
        'bad-data',
        `${part.where} has examples of type ${kindOf(x)} but ${first.where} of ${kindOf(first.inputs[i])}`,
        'save all parts with one type of numbers, prepared in the same way',
      );
    });
    const widths = [part, present.find((p) => p.y) ?? part].map((p) => (p.y ? p.y.length / p.count : 0));
    if (!part.y || widths[0] === widths[1]) continue;
    throw new CompressError(
      'bad-data',
      `${part.where} has labels of ${widths[0]} numbers, another part of ${widths[1]}`,
      'prepare all parts in the same way',
    );
  }
}

/** Parts as the stages see them; `notes` says what is decided here. */
function splitParts(parts: RawParts, options: DataOptions, notes: string[]): { [name in PartName]?: RawPart } {
  const { train, validation, test, all } = parts;
  const [t, v, e] = checkSplit(options.split ?? DEFAULT_SPLIT);
  const seed = options.seed ?? 0;
  if (options.whole) return all ? { test: all } : { train, validation, test };
  if (all) return cut(all, { train: t, validation: v, test: e }, seed, notes);
  if (!train) {
    if (test && validation) return { validation, test };
    return test ? { test } : { validation };
  }
  if (test && validation) return { train, validation, test };
  if (validation) return { ...cut(train, { train: t / (t + e), test: e / (t + e) }, seed, notes), validation };
  if (test) return { ...cut(train, { train: t / (t + v), validation: v / (t + v) }, seed, notes), test };
  return cut(train, { train: t, validation: v, test: e }, seed, notes);
}

function cut(
  from: RawPart,
  fractions: { readonly [name in PartName]?: number },
  seed: number,
  notes: string[],
): { [name in PartName]?: RawPart } {
  const names = Object.keys(fractions) as PartName[];
  const places = splitStratified(from, from.info[0].shape, Object.values(fractions), seed);
  notes.push(
    `${from.where} split: ${names.map((name, i) => `${places[i].length} ${name}`).join(', ')} (${strataOf(from) ? 'stratified, ' : ''}${from.groups ? `${new Set(from.groups).size} groups kept together, ` : ''}seed ${seed})`,
  );
  const empty = names.filter((_, i) => places[i].length === 0 && Object.values(fractions)[i]! > 0);
  if (empty.length)
    notes.push(
      `${from.where} has too few ${from.groups ? 'groups (recordings, persons), each of which stays in one part,' : 'examples'} for the part${empty.length > 1 ? 's' : ''} ${empty.join(' and ')}`,
    );
  return Object.fromEntries(names.map((name, i) => [name, takeRaw(from, places[i])]));
}

/** Channels brought last, rows of labels and examples as they were. */
function toPart({ inputs, info, y, count, groups }: RawPart, layout: Layout): Part {
  const last = (x: Samples, i: number) => {
    if (layout === 'nhwc' || info[i].shape.length < 2) return x;
    return isPaged(x) ? ({ ...(x as object), channelsFirst: true } as unknown as Samples) : channelsMoved(x, info[i].shape);
  };
  return { inputs: inputs.map(last), y, count, ...(groups && { groups }) };
}
