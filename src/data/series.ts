/** Tables whose rows are samples in time. */
import { CompressError } from '../errors.ts';
import { cellNumber, columnsOf } from './columns.ts';
import { readTable, type Table } from './csv.ts';
import type { Reading } from './raw.ts';
import type { Recording } from './recording.ts';
import { missingLabel, wholeRows } from './table_rows.ts';

/** A recording for each run of rows with one label and one group, without an empty line between them. */
export function readSeries(bytes: Uint8Array, path: string, reading: Reading, isLabelled: boolean): Recording[] {
  const table = readTable(bytes, path);
  const { values, labels, group, time } = columnsOf(table, reading, isLabelled);
  if (labels.length > 1)
    throw new CompressError('bad-option', `${path}: a window has one label, not ${labels.length}`, 'name one column by --labels');
  const label = labels[0] ?? null;
  const kept = wholeRows(table, { values, labels }, reading);
  const labelAt = (row: number) => (label === null ? null : (table.label(row, label) ?? missingLabel(table, row)));
  const groupAt = (row: number) => (group === null ? null : table.word(row, group));
  const names = table.header ? values.map((c) => table.header![c]) : [];
  const breaks = new Set(table.breaks);
  const found: Recording[] = [];
  for (let from = 0; from < kept.length; ) {
    const [own, ownGroup] = [labelAt(kept[from]), groupAt(kept[from])];
    let to = from + 1;
    while (to < kept.length && !breaks.has(kept[to]) && kept[to] === kept[to - 1] + 1) {
      if (labelAt(kept[to]) !== own || groupAt(kept[to]) !== ownGroup) break;
      to++;
    }
    const rows = kept.slice(from, to);
    found.push({
      where: from === 0 ? path : `${path} row ${table.line(rows[0])}`,
      file: path,
      rate: time === null ? null : rateOf(table, rows, time, reading),
      columns: names,
      values: valuesOf(table, rows, values, reading),
      width: values.length,
      label: own,
      group: ownGroup,
      row: (sample) => table.line(rows[Math.min(sample, rows.length - 1)]),
    });
    from = to;
  }
  return found;
}

function valuesOf(table: Table, rows: readonly number[], columns: readonly number[], { stated }: Reading): Float32Array {
  const x = new Float32Array(rows.length * columns.length);
  rows.forEach((row, i) => {
    columns.forEach((column, c) => {
      const at = i * columns.length + c;
      const isHeld = stated.missing === 'hold' && i > 0 && table.word(row, column) === null;
      x[at] = isHeld ? x[at - columns.length] : cellNumber(table, row, column);
    });
  });
  return x;
}

/**
 * Samples a second by the mean step of the time column, which is in seconds if its steps are below 0.25 or it is named so, in microseconds if it is named so, else in
 * milliseconds. null where it holds no numbers, or a recording has one sample.
 *
 * @throws CompressError `bad-data` where time goes back
 */
function rateOf(table: Table, rows: readonly number[], time: number, { notes }: Reading): number | null {
  const first = table.number(rows[0], time);
  const last = table.number(rows.at(-1)!, time);
  if (rows.length < 2 || Number.isNaN(first) || Number.isNaN(last)) return null;
  const mean = (last - first) / (rows.length - 1);
  let longest = 0;
  for (let i = 1; i < rows.length; i++) {
    const step = table.number(rows[i], time) - table.number(rows[i - 1], time);
    if (step < 0 || Number.isNaN(step))
      throw new CompressError(
        'bad-data',
        `${table.where} row ${table.line(rows[i])}: time goes back`,
        'put an empty line between recordings, or sort the rows by time',
      );
    if (step > longest) longest = step;
  }
  if (longest > 2 * mean && rows.length > 2)
    notes.push(
      `${table.where}: steps of time differ, ${short(longest)} at most and ${short(mean)} in the mean: samples are taken as even`,
    );
  const name = table.header?.[time] ?? '';
  const isMicro = /(^|_)(us|micros(econds)?)$/i.test(name);
  const inSeconds = !isMicro && (/(^|_)s(ec(onds?)?)?$/i.test(name) || mean < 0.25);
  return mean > 0 ? Number(((inSeconds ? 1 : isMicro ? 1e6 : 1000) / mean).toPrecision(6)) : null;
}

const short = (v: number): string => String(Number(v.toPrecision(3)));
