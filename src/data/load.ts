import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { empty } from './arrays.ts';
import { type Dataset, type Layout, PARTS, type Part, type PartName, type Samples, takeExamples } from './dataset.ts';
import { diskFiles, type FileContent, memoryFiles } from './files.ts';
import type { NpyData } from './npy.ts';
import { checkDataOptions, checkNormalization, checkSplit, type DataOptions, DEFAULT_SPLIT } from './options.ts';
import { type RawPart, type RawParts, toLabels, toSamples } from './raw.ts';
import { readParts } from './recognize.ts';
import { splitStratified } from './split.ts';

/** Examples in memory: `shape` is [count, ...shape of one example]. */
export interface ArraySource {
  readonly x: NpyData;
  readonly shape: readonly number[];
  /** One class for each example. */
  readonly y?: ArrayLike<number> | null;
}

/** A path (Node), the contents of files by name, arrays to be split, or arrays for each part. */
export type DataSource =
  | string
  | Readonly<Record<string, FileContent>>
  | ArraySource
  | { readonly [name in PartName]?: ArraySource };

/**
 * Reads a dataset: .npz, .npy, IDX, CIFAR-10 binary, class folders of PNG or JPEG, or arrays.
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
  const { name, raw } = await open(source, options);
  const parts = { ...raw };
  for (const part of [...PARTS, 'all'] as const) if (parts[part]) checkValues(parts[part]);
  checkShapes(parts);
  const notes: string[] = [];
  const layout = options.layout ?? 'nhwc';
  const split = splitParts(parts, options, notes);
  const first = (split.train ?? split.validation ?? split.test)!;
  const shape = layout === 'nchw' ? [...first.shape.slice(1), first.shape[0]] : first.shape;
  const finish = (part: RawPart | undefined): Part | null => (part && part.count > 0 ? toPart(part, layout) : null);
  const labels = Object.values(split).flatMap((part) => (part?.y ? [part.y] : []));
  return {
    name: options.name ?? name,
    shape,
    classes: Math.max(0, ...labels.map((y) => y.reduce((a, b) => Math.max(a, b), 0) + 1), raw.classNames?.length ?? 0),
    ...(raw.classNames && { classNames: raw.classNames }),
    train: finish(split.train),
    validation: finish(split.validation),
    test: finish(split.test),
    normalization: checkNormalization(options, shape.at(-1)!),
    layout,
    sourceFiles: [...new Set(Object.values(split).flatMap((part) => part?.files ?? []))],
    notes,
  };
}

async function open(source: DataSource, options: DataOptions): Promise<{ name: string; raw: RawParts }> {
  if (typeof source === 'string' || !isArrays(source)) {
    const files = typeof source === 'string' ? await diskFiles(source) : memoryFiles(source);
    return { name: files.name, raw: await readParts(files, options.channels ?? null) };
  }
  if ('x' in source) return { name: 'dataset', raw: { all: fromArrays(source as ArraySource, 'x') } };
  const raw: { [name in PartName]?: RawPart } = {};
  for (const name of PARTS) if (source[name]) raw[name] = fromArrays(source[name], name);
  return { name: 'dataset', raw };
}

const isArrays = (source: object): source is ArraySource | { readonly [name in PartName]?: ArraySource } =>
  ('x' in source && 'shape' in source) || Object.entries(source).some(([key, v]) => PARTS.includes(key as PartName) && 'x' in v);

function fromArrays({ x, shape, y }: ArraySource, where: string): RawPart {
  if (shape.length < 2 || sizeOf(shape) !== x.length) {
    throw new CompressError(
      'shape-mismatch',
      `${where} has ${x.length} numbers but the shape [${shape}]`,
      'give shape as [count, ...shape of one example]',
    );
  }
  const [count, ...one] = shape;
  const labels = y ? toLabels({ type: 'i4', shape: [y.length], data: Float64Array.from(y) }, count, where) : null;
  return { x: toSamples({ type: 'f4', shape, data: x }, where), shape: one, y: labels, count, where, files: [] };
}

function checkValues({ x, shape, count, where }: RawPart): void {
  if (count === 0 || sizeOf(shape) === 0) throw empty(where);
  if (!(x instanceof Float32Array)) return;
  let bad = 0;
  let first = -1;
  for (let i = 0; i < x.length; i++) {
    if (x[i] - x[i] === 0) continue; // NaN for NaN and infinities
    bad++;
    if (first < 0) first = i;
  }
  if (!bad) return;
  const size = sizeOf(shape);
  throw new CompressError(
    'bad-data',
    `${where} holds ${bad} ${bad === 1 ? 'value that is' : 'values that are'} NaN or infinite, the first at place ${first % size} of example ${Math.floor(first / size)}`,
    'remove those examples, or replace the values',
  );
}

function checkShapes(parts: RawParts): void {
  const present = PARTS.flatMap((name) => parts[name] ?? []);
  for (const part of present) {
    if (String(part.shape) === String(present[0].shape)) continue;
    throw new CompressError(
      'shape-mismatch',
      `${part.where} has examples of [${part.shape}] but ${present[0].where} of [${present[0].shape}]`,
      'prepare all parts in the same way',
    );
  }
}

/** Parts as the stages see them; what is decided here is told in `notes`. */
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
  const places = splitStratified(from, Object.values(fractions), seed);
  notes.push(
    `${from.where} split: ${names.map((name, i) => `${places[i].length} ${name}`).join(', ')} (stratified, seed ${seed})`,
  );
  return Object.fromEntries(names.map((name, i) => [name, { ...from, ...takeExamples(from, places[i]) }]));
}

/** Channels brought last, rows of labels and examples as they were. */
function toPart({ x, shape, y, count }: RawPart, layout: Layout): Part {
  if (layout === 'nhwc' || shape.length < 2) return { x, y, count };
  const [channels, ...space] = shape;
  const pixels = sizeOf(space);
  const out = new (x.constructor as new (n: number) => Samples)(x.length);
  for (let i = 0; i < count; i++) {
    const at = i * pixels * channels;
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) out[at + p * channels + c] = x[at + c * pixels + p];
    }
  }
  return { x: out, y, count };
}
