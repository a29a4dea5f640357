/** Labels as numbers: what they mean depends on the task. */
import { CompressError } from '../errors.ts';
import { type Labels, labelWidth, type Part, type PartName, type Samples } from './dataset.ts';
import type { NpyArray } from './npy.ts';
import { numbersBetween } from './paged.ts';
import { listed } from './raw.ts';

const LARGEST_WHOLE = 2 ** 31 - 1;

/**
 * Whole numbers as int32, all others as float32.
 *
 * @param count how many examples they belong to
 * @throws CompressError `bad-data` for a number that is none, or another count
 */
export function toLabels(array: NpyArray, count: number, where: string): Labels {
  const bad = (what: string, fix: string) => new CompressError('bad-data', `${where}: ${what}`, fix);
  const { shape, paged } = array;
  const data = paged ? numbersBetween(paged as unknown as Samples, 0, paged.length) : array.data;
  if (shape[0] !== count || data.length === 0) {
    throw bad(
      `labels have shape [${shape}] but there are ${count} examples`,
      `give one label (a number, or a row of them) for each example: shape [${count}, ...]`,
    );
  }
  let whole = true;
  for (let i = 0; i < data.length; i++) {
    const v = Number(data[i]);
    if (!Number.isFinite(Math.fround(v))) {
      const example = Math.floor((i * count) / data.length);
      throw bad(`the label of example ${example} holds ${v}`, 'remove such examples, or replace the value');
    }
    whole &&= Number.isInteger(v) && Math.abs(v) <= LARGEST_WHOLE;
  }
  return whole ? Int32Array.from(data as Float64Array, Number) : Float32Array.from(data as Float64Array, Number);
}

/** Whether every row of `columns` numbers has a single 1 and zeros. */
export function isOneHot(y: Labels, columns: number): boolean {
  if (columns < 2 || y.length % columns) return false;
  for (let row = 0; row < y.length; row += columns) {
    let ones = 0;
    for (let c = 0; c < columns; c++) ones += y[row + c] === 1 ? 1 : y[row + c] === 0 ? 0 : 2;
    if (ones !== 1) return false;
  }
  return true;
}

/** The column of the 1 in each row. */
export function classesOfRows(y: Labels, columns: number): Int32Array {
  return Int32Array.from({ length: y.length / columns }, (_, row) => y.subarray(row * columns, (row + 1) * columns).indexOf(1));
}

/** One class number for each example, where the labels are such numbers or one-hot rows; else null. */
export function classesOf(part: Part): Int32Array | null {
  const { y } = part;
  const width = labelWidth(part);
  if (!(y instanceof Int32Array)) return null;
  if (width > 1) return isOneHot(y, width) ? classesOfRows(y, width) : null;
  return y.every((label) => label >= 0) ? y : null;
}

/**
 * Notes on classes that have no example, at all or in the train part.
 *
 * @param names of the classes, where they are named
 */
export function noteMissing(
  parts: { readonly [name in PartName]?: Part },
  classes: number,
  names: readonly string[] | undefined,
  notes: string[],
): void {
  const all = Object.values(parts).filter((part) => part !== undefined);
  const present = labelsIn(all);
  const examples = all.reduce((n, part) => n + part.count, 0);
  if (present.size === 0 || (!names && !areClasses(present.size, classes, examples))) return;
  const say = (missing: readonly number[], where: string) => {
    if (missing.length === 0) return;
    const shown = listed(missing.map((c) => names?.[c] ?? String(c)));
    const one = missing.length === 1;
    if (names) notes.push(`no examples of the class${one ? '' : 'es'} ${shown}${where}`);
    else notes.push(`no example${where} has the label${one ? '' : 's'} ${shown}: class numbers run from 0`);
  };
  say(
    Array.from({ length: classes }, (_, c) => c).filter((c) => !present.has(c)),
    '',
  );
  const trained = parts.train?.y ? labelsIn([parts.train]) : present;
  say(
    [...present].filter((c) => !trained.has(c)).sort((a, b) => a - b),
    ' in the train part',
  );
}

function labelsIn(parts: readonly Part[]): Set<number> {
  const found = new Set<number>();
  for (const part of parts) for (const label of classesOf(part) ?? []) found.add(label);
  return found;
}

/** Whole numbers of which most are not there, or that hardly repeat, are values. */
const areClasses = (present: number, classes: number, examples: number): boolean =>
  2 * present > classes && mayRepeat(present, examples);

/** Whether so many classes have more than an example or two each. */
export const mayRepeat = (classes: number, examples: number): boolean => classes <= Math.max(16, examples / 3);

/** How many classes the labels have; 0 where they are none. */
export function classCount(parts: readonly Part[]): number {
  const labelled = parts.filter((p) => p.y);
  const classes = labelled.map(classesOf);
  if (classes.length === 0 || classes.some((c) => c === null)) return 0;
  const width = labelWidth(labelled[0]);
  if (width > 1) return width;
  return classes.reduce((most, y) => y!.reduce((a, b) => Math.max(a, b + 1), most), 0);
}
