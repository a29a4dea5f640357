import { type Dataset, isOneHot, type Labels, labelWidth, PARTS, type Part } from '../data/index.ts';
import { CompressError } from '../errors.ts';

/** What the labels of a dataset say of themselves, over all its parts. */
export interface LabelFacts {
  /** Numbers in the label of one example. */
  readonly width: number;
  readonly whole: boolean;
  readonly least: number;
  readonly greatest: number;
  /** Every number is 0 or 1. */
  readonly zeroOne: boolean;
  /** Number of classes: by class names, else by the greatest label or the columns of one-hot rows. */
  readonly classes: number;
  readonly named: boolean;
  /** Whether every row of `columns` numbers has a single 1 and zeros. */
  oneHot(columns: number): boolean;
}

/** null where no part has labels. */
export function labelFacts(data: Dataset): LabelFacts | null {
  const parts = PARTS.flatMap((name) => (data[name]?.y ? [data[name]] : []));
  if (parts.length === 0) return null;
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let zeroOne = true;
  for (const { y } of parts) {
    for (const v of y!) {
      if (v < least) least = v;
      if (v > greatest) greatest = v;
      if (v !== 0 && v !== 1) zeroOne = false;
    }
  }
  return {
    width: labelWidth(parts[0]),
    whole: parts.every(({ y }) => y instanceof Int32Array),
    least,
    greatest,
    zeroOne,
    classes: data.classes,
    named: data.classNames !== undefined,
    oneHot: (columns) => zeroOne && parts.every(({ y }) => isOneHot(y!, columns)),
  };
}

/** So many whole numbers are rather values. */
const MOST_CLASSES = 64;

/** Whole numbers from 0, a few of them, one for each example. */
export const looksLikeClasses = ({ width, whole, least, classes }: LabelFacts): boolean =>
  width === 1 && whole && least === 0 && classes <= MOST_CLASSES;

/** What labels are, in words. */
export function describeLabels({ width, whole, least, greatest, zeroOne, oneHot }: LabelFacts): string {
  const short = (v: number) => String(Number(v.toPrecision(4)));
  const each = width === 1 ? 'one for each example' : `${width} for each example`;
  if (width > 1 && oneHot(width)) return `rows of ${width} with a single 1`;
  if (zeroOne) return `0 and 1, ${each}`;
  return `${whole ? 'whole numbers' : 'numbers'} from ${short(least)} to ${short(greatest)}, ${each}`;
}

/** The labels, or an error that says how to give some. */
export function needLabels({ y }: Part, where: string): Labels {
  if (y) return y;
  throw new CompressError(
    'bad-data',
    `${where} has no labels`,
    'add an array y beside x (IDX: the labels file; pictures: class folders)',
  );
}
