import { exp, log } from '../elementary.ts';
import { CompressError } from '../errors.ts';

/** What a categorical parameter may hold. */
export type Choice = string | number | boolean | null;

/** A range of numbers; `step` is 0 for a continuous one, and 1 for an integer on a log scale. */
export interface NumberRange {
  readonly kind: 'float' | 'int';
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly step: number;
}

/** An unordered set; inside the search a choice is its index. */
export interface Categories {
  readonly kind: 'categorical';
  readonly choices: readonly Choice[];
}

export type Distribution = NumberRange | Categories;

export interface RangeOptions {
  /** Search the logarithm. */
  readonly log?: boolean;
  /** Only low, low + step, low + 2 step ... */
  readonly step?: number;
}

function refuse(name: string, what: string, fix: string): never {
  throw new CompressError('bad-option', `parameter "${name}": ${what}`, fix);
}

/** The largest low + k step that is not above high; a rounding error of the division is forgiven. */
const lastOnGrid = (low: number, high: number, step: number) => {
  const last = low + Math.floor((high - low) / step + 1e-9) * step;
  return Math.min(last, high);
};

export function numberRange(name: string, kind: 'float' | 'int', low: number, high: number, options: RangeOptions): NumberRange {
  const { log: onLogScale = false, step = kind === 'int' ? 1 : 0 } = options;
  if (!Number.isFinite(low) || !Number.isFinite(high))
    refuse(name, `the range [${low}, ${high}] is not finite`, 'give finite bounds');
  if (low > high) refuse(name, `low ${low} is above high ${high}`, `suggest from [${high}, ${low}]`);
  if (kind === 'int' && !(Number.isSafeInteger(low) && Number.isSafeInteger(high) && Number.isSafeInteger(step))) {
    refuse(name, `low ${low}, high ${high}, step ${step} are not all integers`, 'use suggestFloat, or round them');
  }
  const stepped = options.step !== undefined;
  if (stepped && !(step > 0 && Number.isFinite(step)))
    refuse(name, `step ${step} is not above 0`, 'leave step out, or make it positive');
  if (onLogScale && stepped && !(kind === 'int' && step === 1)) {
    refuse(name, 'log and step exclude each other', 'leave one of them out');
  }
  const smallest = kind === 'int' ? 1 : 0;
  if (onLogScale && !(kind === 'int' ? low >= 1 : low > 0)) {
    refuse(
      name,
      `low ${low} has no place on a log scale`,
      `raise low ${kind === 'int' ? 'to' : 'above'} ${smallest}, or leave log out`,
    );
  }
  return { kind, low, high: step > 0 ? lastOnGrid(low, high, step) : high, log: onLogScale, step };
}

export function categories(name: string, choices: readonly Choice[]): Categories {
  if (choices.length === 0) refuse(name, 'there is nothing to choose from', 'give at least one choice');
  for (const [i, choice] of choices.entries()) {
    const plain = choice === null || ['string', 'boolean'].includes(typeof choice) || Number.isFinite(choice);
    if (!plain)
      refuse(
        name,
        `choice ${String(choice)} is not a string, finite number, boolean or null`,
        'choose a name, and map it to the thing',
      );
    if (choices.indexOf(choice) !== i) refuse(name, `choice ${JSON.stringify(choice)} is given twice`, 'give every choice once');
  }
  return { kind: 'categorical', choices: [...choices] };
}

/** An enqueued value as the search holds it. @throws CompressError `bad-option` outside the distribution */
export function givenValue(name: string, distribution: Distribution, value: Choice): number {
  const internal = toInternal(distribution, value);
  if (contains(distribution, internal)) return internal;
  throw new CompressError(
    'bad-option',
    `enqueued value ${JSON.stringify(value)} of "${name}" is not in its range`,
    'enqueue a value that can be suggested',
  );
}

/** Whether `b` may follow `a` under one name: kind, scale and choices stay, bounds and step may change. */
export function compatible(a: Distribution, b: Distribution): boolean {
  if (a.kind === 'categorical') {
    return b.kind === 'categorical' && a.choices.length === b.choices.length && a.choices.every((c, i) => c === b.choices[i]);
  }
  return b.kind === a.kind && b.log === a.log;
}

/** Whether there is only one value. */
export const isSingle = (d: Distribution): boolean => (d.kind === 'categorical' ? d.choices.length === 1 : d.low === d.high);

/** Whether its values can be counted. */
export const isDiscrete = (d: Distribution): boolean => d.kind === 'categorical' || d.step > 0;

/** Whether an internal value (the number, or the index of the choice) lies in the range and on the grid. */
export function contains(d: Distribution, x: number): boolean {
  if (d.kind === 'categorical') return Number.isInteger(x) && x >= 0 && x < d.choices.length;
  if (!(x >= d.low && x <= d.high)) return false;
  if (d.step === 0) return true;
  const k = (x - d.low) / d.step;
  return Math.abs(k - Math.round(k)) < 1e-8;
}

export const toExternal = (d: Distribution, x: number): Choice => (d.kind === 'categorical' ? d.choices[x] : x);

/** The internal value of a value a person gave; -1 or NaN, which no distribution contains, when it is of another kind. */
export function toInternal(d: Distribution, value: Choice): number {
  if (d.kind === 'categorical') return d.choices.indexOf(value);
  return typeof value === 'number' ? value : Number.NaN;
}

/** The line on which a numeric parameter is searched: logarithms where `log`, widened by half a step at both ends where stepped. */
export interface Line {
  readonly low: number;
  readonly high: number;
}

export function line(d: NumberRange): Line {
  const half = d.step / 2;
  return d.log ? { low: log(d.low - half), high: log(d.high + half) } : { low: d.low - half, high: d.high + half };
}

export const toLine = (d: NumberRange, x: number): number => (d.log ? log(x) : x);

/** Back from the line: onto the grid, into the range. */
export function fromLine(d: NumberRange, t: number): number {
  let x = d.log ? exp(t) : t;
  if (d.step > 0) x = d.low + Math.round((x - d.low) / d.step) * d.step;
  return Math.max(d.low, Math.min(d.high, x));
}
