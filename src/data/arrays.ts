/** Which array of many holds examples and which labels: by the names people give them. */
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import type { PartName } from './dataset.ts';
import { type NpyArray, readNpy } from './npy.ts';
import { type RawPart, type RawParts, toLabels, toSamples } from './raw.ts';
import { unzip, zipNames } from './zip.ts';

type Group = PartName | 'all';

/** In order of preference, where a file has several. */
const EXAMPLES = [
  'x',
  'data',
  'images',
  'image',
  'features',
  'specs',
  'spectrograms',
  'mfcc',
  'inputs',
  'input',
  'samples',
  'signals',
  'arr0',
];
const LABELS = ['y', 'labels', 'label', 'targets', 'target', 'arr1'];
const PART_WORDS: Readonly<Record<string, PartName>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
};

/** The part that a file or folder of this name holds (`train`, `Test`, `val`), or null. */
export const partOfName = (name: string): PartName | null => PART_WORDS[name.toLowerCase()] ?? null;

/** What `x_train`, `testLabels`, `images` or `train` mean; null for names that say nothing. A part alone means its examples. */
export function meaningOf(name: string): { group: Group; labels: boolean; rank: number } | null {
  const words = name
    .replace(/^arr_/, 'arr')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  let group: Group | null = null;
  let kind: { labels: boolean; rank: number } | null = null;
  for (const word of words) {
    const x = EXAMPLES.indexOf(word);
    const y = LABELS.indexOf(word);
    if (Object.hasOwn(PART_WORDS, word) && !group) group = PART_WORDS[word];
    else if (x + y > -2 && !kind) kind = { labels: y >= 0, rank: Math.max(x, y) };
    else return null;
  }
  return { group: group ?? 'all', ...(kind ?? { labels: false, rank: EXAMPLES.length }) };
}

export interface NamedArrays {
  /** How messages call the whole. */
  readonly where: string;
  readonly names: readonly string[];
  read(name: string): NpyArray;
  /** The file that holds an array. */
  fileOf(name: string): string;
}

/** The arrays of an .npz archive; each is unpacked when it is read. */
export function npzArrays(bytes: Uint8Array, where: string): NamedArrays {
  const names = zipNames(bytes, where).flatMap((name) => (name.endsWith('.npy') ? [name.slice(0, -4)] : []));
  const read = (name: string) => {
    const file = `${name}.npy`;
    return readNpy(unzip(bytes, where, (n) => n === file).get(file)!, `${where}:${name}`);
  };
  return { where, names, read, fileOf: () => where };
}

/** @throws CompressError `bad-file` when no array is named as examples */
export function partsOfArrays(arrays: NamedArrays): RawParts {
  const found = new Map<string, { name: string; rank: number }>();
  for (const name of arrays.names) {
    const meaning = meaningOf(name);
    if (!meaning) continue;
    const slot = `${meaning.group}/${meaning.labels ? 'y' : 'x'}`;
    if (meaning.rank < (found.get(slot)?.rank ?? Number.POSITIVE_INFINITY)) found.set(slot, { name, rank: meaning.rank });
  }
  if (arrays.names.length === 1 && !found.size) found.set('all/x', { name: arrays.names[0], rank: 0 });
  const parts: { [name in Group]?: RawPart } = {};
  for (const group of ['train', 'validation', 'test', 'all'] as const) {
    const x = found.get(`${group}/x`)?.name;
    if (x !== undefined) parts[group] = readPart(arrays, x, found.get(`${group}/y`)?.name);
  }
  if (parts.train || parts.validation || parts.test) delete parts.all;
  if (!Object.keys(parts).length) {
    throw new CompressError(
      'bad-file',
      arrays.names.length
        ? `${arrays.where} holds the arrays ${arrays.names.join(', ')}, none of them named as examples`
        : `${arrays.where} holds no arrays`,
      'name the examples x and the labels y (or x_train, y_train, x_test, y_test)',
    );
  }
  return parts;
}

function readPart(arrays: NamedArrays, xName: string, yName: string | undefined): RawPart {
  const x = arrays.read(xName);
  const where = arrays.names.length > 1 ? `${arrays.fileOf(xName)}:${xName}` : arrays.fileOf(xName);
  if (x.shape.length < 2) {
    throw new CompressError(
      'shape-mismatch',
      `${where} has shape [${x.shape}]`,
      'give examples as [count, ...shape of one example]',
    );
  }
  const [count, ...shape] = x.shape;
  const y = yName === undefined ? null : toLabels(arrays.read(yName), count, `${arrays.fileOf(yName)}:${yName}`);
  const files = new Set([arrays.fileOf(xName), ...(yName === undefined ? [] : [arrays.fileOf(yName)])]);
  if (sizeOf(x.shape) === 0) throw empty(where);
  return { x: toSamples(x, where), shape, y, count, where, files: [...files] };
}

export const empty = (where: string) =>
  new CompressError('bad-data', `${where} holds no examples`, 'give a file with at least one example of at least one number');
