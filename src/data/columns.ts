/** What the columns of a table are: labels, groups, time, and the rest as values. */
import { CompressError, nearestNames } from '../errors.ts';
import type { Table } from './csv.ts';
import { isColumn, isLabelColumn, plainName } from './names.ts';
import { counted, listed, type Reading } from './raw.ts';

export interface Columns {
  readonly values: readonly number[];
  /** Several where each example has a row of labels. */
  readonly labels: readonly number[];
  readonly group: number | null;
  readonly time: number | null;
}

/**
 * @param isLabelled whether the file or its folder names the class already: then a column is a label only if it is stated or named as one
 * @throws CompressError `bad-option` for a column that is not there
 */
export function columnsOf(table: Table, { labels, stated, notes }: Reading, isLabelled: boolean): Columns {
  const { header, columns, where } = table;
  if (
    !header &&
    table.rows === 1 &&
    columns > 1 &&
    Array.from({ length: columns }, (_, c) => table.number(0, c)).every(Number.isNaN)
  )
    throw new CompressError('bad-data', `${where} holds no rows behind its header`, 'give a row for each example or sample');
  const named = (kind: 'time' | 'group') => header?.findIndex((name) => isColumn(kind, name)) ?? -1;
  const time = named('time');
  const group = stated.group === undefined ? named('group') : columnNamed(table, stated.group, '--group');
  if (group >= 0 && stated.group === undefined) noteGroup(header![group], notes);
  const found = labels === null ? labelColumn(table, [time, group], isLabelled, notes) : labelsNamed(table, labels);
  const used = new Set([time, group, ...found]);
  const rest = Array.from({ length: columns }, (_, c) => c).filter((c) => !used.has(c));
  const empty = rest.filter((c) => isEmptyColumn(table, c));
  if (empty.length) note(notes, `${where}: not used, since nothing is in it: ${namesOf(table, empty)}`);
  const index = rest.filter((c) => isIndex(table, c));
  if (index.length) note(notes, `${where}: not used, since it only numbers the rows: ${namesOf(table, index)}`);
  const values = rest.filter((c) => !empty.includes(c) && !index.includes(c));
  if (values.length === 0)
    throw new CompressError(
      'bad-data',
      `${where} has no column of values beside labels, groups and time`,
      'give a column for each value of an example',
    );
  noteColumns(table, found, time, values, notes);
  return { values, labels: found, group: group < 0 ? null : group, time: time < 0 ? null : time };
}

/** What each column is taken for, and what is ambiguous in a table. */
function noteColumns(table: Table, labels: readonly number[], time: number, values: readonly number[], notes: string[]): void {
  const { header, comments, where } = table;
  if (comments.length)
    note(notes, `${where}: ${counted(comments.length, 'line')} taken for comments, the first is row ${comments[0]}`);
  if (!header) return;
  const twice = header.find((name, c) => name !== '' && header.indexOf(name) !== c);
  if (twice !== undefined) note(notes, `${where}: several columns are called "${twice}"`);
  const parts = [
    ...(labels.length ? [`label ${namesOf(table, labels)}`] : []),
    ...(time >= 0 ? [`time, which is no value, ${nameOf(table, time)}`] : []),
    `values ${namesOf(table, values)}`,
  ];
  note(notes, `columns: ${parts.join('; ')}`);
}

const namesOf = (table: Table, columns: readonly number[]): string => listed(columns.map((c) => nameOf(table, c)));

export const noteGroup = (column: string, notes: string[]): void =>
  note(notes, `the column "${column}" keeps examples together in the split`);

const note = (notes: string[], line: string): void => {
  if (!notes.includes(line)) notes.push(line);
};

const isEmptyColumn = (table: Table, column: number): boolean => {
  for (let row = 0; row < table.rows; row++) if (table.word(row, column) !== null) return false;
  return true;
};

/** The index that pandas writes before the named columns: whole numbers, each once. */
function isIndex(table: Table, column: number): boolean {
  const { header, rows } = table;
  if (column !== 0 || !header || !/^(unnamed: 0)?$/i.test(header[0]) || header.length < 2) return false;
  const numbers = Array.from({ length: rows }, (_, row) => table.number(row, 0));
  return numbers.every((n) => Number.isInteger(n) && n >= 0) && new Set(numbers).size === rows;
}

/** How messages call a column. */
export const nameOf = ({ header }: Table, column: number): string =>
  header?.[column] ? `"${header[column]}"` : `column ${column + 1}`;

function labelsNamed(table: Table, labels: string): number[] {
  if (table.header?.includes(labels) || !labels.includes(',')) return [columnNamed(table, labels, '--labels')];
  return labels.split(',').map((name) => columnNamed(table, name.trim(), '--labels'));
}

/** A column by its name, or by its number from 1 where there is no header. @throws CompressError `bad-option` */
export function columnNamed(table: Pick<Table, 'header' | 'where' | 'columns'>, name: string, flag: string): number {
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
  const named = header?.flatMap((name, c) => (isLabelColumn(name) && !taken.includes(c) ? [c] : [])) ?? [];
  // `y` beside `x` and `z` is an axis
  const isAxis = (c: number) => plainName(header![c]) === 'y' && header!.some((name) => plainName(name) === 'x');
  const found = named.filter((c) => !isAxis(c) || (!isLabelled && c === columns - 1));
  if (found.length > 1)
    throw new CompressError(
      'bad-option',
      `${where} has several columns that are named as labels: ${namesOf(table, found)}`,
      'name one by --labels; remove the others from the file, or they are values',
    );
  if (found.length) return found;
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
  if (Number.isFinite(Math.fround(value))) return value;
  const at = `${table.where} row ${table.line(row)}, ${nameOf(table, column)}`;
  if (!Number.isNaN(value))
    throw new CompressError('bad-data', `${at}: ${value} is more than float32 can hold`, 'scale the column down');
  const word = table.word(row, column);
  throw word === null
    ? new CompressError('bad-data', `${at}: the cell is missing`, 'fill it in, or add --missing drop or --missing hold')
    : new CompressError(
        'bad-data',
        `${at}: "${word.slice(0, 40)}" is no number`,
        'give a number, or state with --labels or --group what the column is',
      );
}
