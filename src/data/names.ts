/** What the names say that people give to arrays, files and folders. */
import type { PartName } from './dataset.ts';

export type Group = PartName | 'all';

/** What columns of a table are called that are no values. */
export const COLUMN_WORDS = {
  label: ['class', 'category', 'activity', 'gesture', 'species'],
  group: ['subject', 'user', 'person', 'speaker', 'participant', 'session', 'group', 'recording'],
  time: [
    ...['time', 'timestamp', 'timestamps', 'datetime', 'date', 'millis', 'micros'],
    ...['time_s', 'time_ms', 'timestamp_ms', 'time_us', 'timestamp_us'],
  ],
} as const satisfies Record<string, readonly string[]>;

/** Whether a column of this name holds labels. */
export const isLabelColumn = (name: string): boolean => meaningOf(name).kind === 'labels' || isColumn('label', name);

export const isColumn = (kind: keyof typeof COLUMN_WORDS, name: string): boolean =>
  COLUMN_WORDS[kind].some((word) => word === plainName(name));

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
  'arr',
];
const LABELS = ['y', 'labels', 'label', 'targets', 'target'];
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

/** `serving_default_accel:0`, `accel` and `Accel` are one name. */
export const plainName = (name: string): string => wordsOf(name.replace(/:\d+$/, '').replace(/^serving_default_/, '')).join('_');

const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/^(train|training|test|testing|val|valid|validation)([xy])$/, '$1_$2') // trainy
    .replace(/^([xy])(train|training|test|testing|val|valid|validation)$/, '$1_$2') // xtrain
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

/** `out` for `y_out` and `out_labels`. */
export const withoutLabelWord = (name: string): string => {
  const words = name.split('_');
  const rest = words.filter((word) => !LABELS.includes(word));
  return rest.length ? rest.join('_') : name;
};

/** What an array's name means. */
export interface Meaning {
  readonly group: Group;
  /** Labels, examples by a usual name, or neither. */
  readonly kind: 'labels' | 'examples' | 'other';
  /** Among usual names, the best 0. */
  readonly rank: number;
  /** Of `x0`, `input_1`; null without one. */
  readonly number: number | null;
  /** The name without its part. */
  readonly rest: string;
}

/** What `x_train`, `testLabels`, `images`, `x1` or `accel_test` mean. A part alone means its examples. */
export function meaningOf(name: string): Meaning {
  const words = wordsOf(name);
  const at = words.findIndex((word) => Object.hasOwn(PART_WORDS, word));
  const group = at < 0 ? 'all' : PART_WORDS[words[at]];
  const rest = words.filter((_, i) => i !== at);
  const found = (kind: Meaning['kind'], rank: number, number: number | null = null): Meaning => {
    return { group, kind, rank, number, rest: rest.join('_') };
  };
  if (rest.length === 0) return found('examples', EXAMPLES.length);
  const [, word, digits] = /^([a-z]+)_?(\d*)$/.exec(rest.join('_')) ?? [];
  const number = digits ? Number(digits) : null;
  if (LABELS.includes(word) && number === null) return found('labels', LABELS.indexOf(word));
  if (EXAMPLES.includes(word)) return found('examples', EXAMPLES.indexOf(word), number);
  return found('other', 0);
}
