/** What the columns of a table are: labels, groups, time, and the rest as values. */
import { CompressError, nearestNames } from '../errors.ts';
import type { Table } from './csv.ts';
import { meaningOf, plainName } from './names.ts';
import type { Reading } from './raw.ts';

export interface Columns {
  readonly values: readonly number[];
  /** Several where each example has a row of labels. */
  readonly labels: readonly number[];
  readonly group: number | null;
  readonly time: number | null;
}

const LABEL_WORDS = ['class', 'category', 'activity', 'gesture', 'species'];
const GROUP_WORDS = ['subject', 'user', 'person', 'speaker', 'participant', 'session', 'group', 'recording'];
const TIME_WORDS = ['time', 'timestamp', 'timestamps', 'time_ms', 'timestamp_ms', 'time_s', 'datetime', 'date'];

/**
 * @param isLabelled whether the file or its folder names the class already: then a column is a label only if it is stated or named as one
 * @throws CompressError `bad-option` for a column that is not there
 */
export function columnsOf(table: Table, { labels, stated, notes }: Reading, isLabelled: boolean): Columns {
  const { header, columns, where } = table;
  const named = (words: readonly string[]) => header?.findIndex((name) => words.includes(plainName(name))) ?? -1;
  const time = named(TIME_WORDS);
  const byName = stated.group === undefined ? named(GROUP_WORDS) : columnNamed(table, stated.group, '--group');
  const group = byName;
  if (group >= 0 && stated.group === undefined)
    note(notes, `the column "${header![group]}" keeps examples together in the split`);
  const found = labels === null ? labelColumn(table, [time, group], isLabelled, notes) : labelsNamed(table, labels);
  const used = new Set([time, group, ...found]);
  const bare = (c: number) => !used.has(c) && isEmptyColumn(table, c);
  const all = Array.from({ length: columns }, (_, c) => c);
  const empty = all.filter(bare);
  if (empty.length)
    note(
      notes,
      `${where}: the column${empty.length > 1 ? 's' : ''} ${empty.map((c) => nameOf(table, c)).join(', ')} hold nothing`,
    );
  const values = all.filter((c) => !used.has(c) && !empty.includes(c));
  if (values.length === 0)
    throw new CompressError(
      'bad-data',
      `${where} has no column of values beside labels, groups and time`,
      'give a column for each value of an example',
    );
  return { values, labels: found, group: group < 0 ? null : group, time: time < 0 ? null : time };
}

const note = (notes: string[], line: string): void => {
  if (!notes.includes(line)) notes.push(line);
};

const isEmptyColumn = (table: Table, column: number): boolean => {
  for (let row = 0; row < table.rows; row++) if (table.word(row, column) !== null) return false;
  return true;
};

/** How messages call a column. */
export const nameOf = ({ header }: Table, column: number): string =>
  header?.[column] ? `"${header[column]}"` : `column ${column + 1}`;

function labelsNamed(table: Table, labels: string): number[] {
  if (table.header?.includes(labels) || !labels.includes(',')) return [columnNamed(table, labels, '--labels')];
  return labels.split(',').map((name) => columnNamed(table, name.trim(), '--labels'));
}

/** A column by its name, or by its number from 1 where there is no header. */
function columnNamed(table: Table, name: string, flag: string): number {
  const { header, where, columns } = table;
  const byName = header?.indexOf(name) ?? -1;
  if (byName >= 0) return byName;
  const plain = header?.findIndex((h) => plainName(h) === plainName(name)) ?? -1;
  if (plain >= 0) return plain;
  const number = Number(name);
  if (Number.isInteger(number) && number >= 1 && number <= columns) return number - 1;
  const fix = header
    ? `its columns are ${nearestNames(name, header, Math.min(8, header.length))
        .map((h) => `"${h}"`)
        .join(', ')}`
    : `it has no header: give a number of 1..${columns}`;
  throw new CompressError('bad-option', `${where} has no column "${name}"`, `${flag} names another; ${fix}`);
}

/** By its name, else the last. */
function labelColumn(table: Table, taken: readonly number[], isLabelled: boolean, notes: string[]): number[] {
  const { header, columns, where } = table;
  const isLabel = (name: string) => meaningOf(name).kind === 'labels' || LABEL_WORDS.includes(plainName(name));
  const named = header?.flatMap((name, c) => (isLabel(name) && !taken.includes(c) ? [c] : [])) ?? [];
  // `y` beside `x` and `z` is an axis
  const isAxis = (c: number) => plainName(header![c]) === 'y' && header!.some((name) => plainName(name) === 'x');
  const found = named.filter((c) => !isAxis(c) || c === columns - 1);
  if (found.length) return [found.at(-1)!];
  if (isLabelled || columns - taken.filter((c) => c >= 0).length < 2) return [];
  const last = columns - 1;
  if (taken.includes(last)) return [];
  note(notes, `${where}: the last column, ${nameOf(table, last)}, is taken for the label`);
  return [last];
}

/**
 * The number in a cell.
 *
 * @throws CompressError `bad-data` naming file, row and column of a cell that is missing or no number
 */
export function cellNumber(table: Table, row: number, column: number): number {
  const value = table.number(row, column);
  if (!Number.isNaN(value)) return value;
  const word = table.word(row, column);
  const at = `${table.where} row ${table.line(row)}, ${nameOf(table, column)}`;
  throw word === null
    ? new CompressError('bad-data', `${at}: the cell is missing`, 'fill it in, or add --missing drop or --missing hold')
    : new CompressError(
        'bad-data',
        `${at}: "${word.slice(0, 40)}" is no number`,
        'give a number, or state with --labels or --group what the column is',
      );
}
