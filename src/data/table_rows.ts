/** Tables whose rows are examples. */
import { CompressError } from '../errors.ts';
import { type Columns, cellNumber, columnsOf, nameOf } from './columns.ts';
import { readTable, type Table } from './csv.ts';
import { counted, type RawPart, type Reading } from './raw.ts';

/** A part with an example for each row: x [rows, columns]. */
export function rowsOfTable(bytes: Uint8Array, path: string, reading: Reading): RawPart {
  const table = readTable(bytes, path);
  const columns = columnsOf(table, reading, false);
  const { values, group, time } = columns;
  if (time !== null && table.rows > 1)
    reading.notes.push(
      `${path}: each row is an example, though ${nameOf(table, time)} is there: where rows are samples in time, add --window`,
    );
  const kept = wholeRows(table, columns, reading);
  const x = new Float32Array(kept.length * values.length);
  const last = new Float64Array(values.length).fill(Number.NaN);
  kept.forEach((row, i) => {
    values.forEach((column, c) => {
      const held = reading.stated.missing === 'hold' && table.word(row, column) === null && i > 0;
      last[c] = held ? last[c] : cellNumber(table, row, column);
      x[i * values.length + c] = last[c];
    });
  });
  const alone = group === null ? [] : kept.filter((row) => table.word(row, group) === null);
  if (alone.length)
    reading.notes.push(
      `${path}: ${counted(alone.length, 'row')} without ${nameOf(table, group!)}, the first is row ${table.line(alone[0])}: kept together as one group`,
    );
  return {
    inputs: [x],
    info: [{ name: 'x', shape: [values.length] }],
    ...(table.header && { columns: values.map((c) => table.header![c]) }),
    ...labelsOf(table, columns, kept),
    count: kept.length,
    where: path,
    files: [path],
    ...(group !== null && { groupNames: kept.map((row) => table.word(row, group) ?? '') }),
    origin: (i) => `${path} row ${table.line(kept[i])}`,
  };
}

/** One column of words or whole numbers is a class; other numbers are values. */
function labelsOf(table: Table, { labels }: Columns, rows: readonly number[]): Pick<RawPart, 'y' | 'words'> {
  if (labels.length === 0) return { y: null };
  if (labels.length === 1) {
    const texts = rows.map((row) => table.label(row, labels[0]) ?? missingLabel(table, row));
    if (rows.some((row) => Number.isNaN(table.number(row, labels[0])))) return { y: null, words: texts };
  }
  const numbers = rows.flatMap((row) => labels.map((c) => cellNumber(table, row, c)));
  const areWhole = numbers.every((v) => Number.isInteger(v) && Math.abs(v) < 2 ** 31);
  return { y: areWhole ? Int32Array.from(numbers) : Float32Array.from(numbers) };
}

export function missingLabel(table: Table, row: number): never {
  throw new CompressError(
    'bad-data',
    `${table.where} row ${table.line(row)} has no label`,
    'fill it in, or leave such rows out by --missing drop',
  );
}

/** The rows without a missing cell, and all of them where that is not asked for. */
export function wholeRows(
  table: Table,
  { values, labels }: Pick<Columns, 'values' | 'labels'>,
  { stated, notes }: Reading,
): number[] {
  const all = Array.from({ length: table.rows }, (_, row) => row);
  if (stated.missing !== 'drop') return all;
  const isWhole = (row: number) =>
    values.every((c) => table.word(row, c) !== null) && labels.every((c) => table.label(row, c) !== null);
  const kept = all.filter(isWhole);
  const dropped = all.length - kept.length;
  if (dropped === 0) return all;
  const first = all.find((row) => !isWhole(row))!;
  notes.push(
    `${table.where}: ${dropped} of ${all.length} rows have a missing cell and are left out, the first is row ${table.line(first)}`,
  );
  if (kept.length) return kept;
  throw new CompressError(
    'bad-data',
    `${table.where}: every row has a missing cell`,
    'fill cells in, or remove the column that is empty',
  );
}
