/**
 * Tables of text: CSV, TSV and their kin. Source: RFC 4180, with any of `, ; \t |` between cells, decimal commas where it is no comma, and lines that begin with #
 * as comments (the first one is a header where it has as many cells as what follows). Numbers are kept as numbers: a cell costs no string.
 */
import { CompressError } from '../errors.ts';
import { isColumn, isLabelColumn } from './names.ts';

/** Rows of cells; `number(row, column)` is NaN where the cell is a word or missing. */
export interface Table {
  readonly where: string;
  /** Of the header; null without one. */
  readonly header: readonly string[] | null;
  readonly rows: number;
  readonly columns: number;
  number(row: number, column: number): number;
  /** The text of a cell; null where it is missing. */
  word(row: number, column: number): string | null;
  /** The same of a label, which `none` and `null` may be. */
  label(row: number, column: number): string | null;
  /** The line of the file that a row begins in, the first 1. */
  line(row: number): number;
  /** Rows before which the file has an empty line, ascending. */
  readonly breaks: readonly number[];
  /** The lines that are comments. */
  readonly comments: readonly number[];
}

const MISSING = /^(|na|n\/a|nan|null|none|\?|-)$/i;
const MISSING_LABEL = /^(|na|n\/a|nan|\?)$/i;
const PIECE = 1 << 22;

/** @throws CompressError `bad-file` for a row of another length than the first, naming it; `bad-data` for a file without rows */
export function readTable(bytes: Uint8Array, where: string): Table {
  const builder = new Builder(where);
  for (const found of records(bytes, where)) builder.add(found);
  return builder.finish();
}

/** The first records of a file, without reading the rest. */
export function firstRecords(bytes: Uint8Array, where: string, count: number): string[][] {
  const found: string[][] = [];
  for (const { cells, isComment } of records(bytes, where, 1 << 16)) if (!isComment && found.push(cells) === count) break;
  return found;
}

interface CsvRecord {
  readonly cells: string[];
  readonly line: number;
  /** Whether an empty line comes before it. */
  readonly afterGap: boolean;
  readonly isComment: boolean;
  /** Whether `1,5` is a number: commas stand between no cells. */
  readonly decimalCommas: boolean;
}

/** @param piece bytes that are decoded at once */
function* records(bytes: Uint8Array, where: string, piece = PIECE): Generator<CsvRecord> {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
  const decoder = new TextDecoder(utf16 ?? 'utf-8', { fatal: true });
  let text = '';
  let delimiter: string | null = null;
  let line = 1;
  let afterGap = false;
  for (let from = 0; from === 0 || from < bytes.length; from += piece) {
    const isLast = from + piece >= bytes.length;
    text += decoded(decoder, bytes.subarray(from, from + piece), !isLast, where);
    if (isLast && text !== '' && !text.endsWith('\n')) text += '\n';
    if (text.includes('\0')) throw notText(where);
    delimiter ??= delimiterOf(text, where);
    let at = 0;
    for (let end = recordEnd(text, at); end >= 0; end = recordEnd(text, at)) {
      const record = text.slice(at, text[end - 1] === '\r' ? end - 1 : end);
      const begun = line;
      at = end + 1;
      line += record.includes('\n') ? record.split('\n').length : 1;
      if (record.trim() === '') afterGap = true;
      else {
        const isComment = record.startsWith('#') && (begun > 1 || !isHeading(record, text.slice(at), delimiter));
        const cells = isComment ? [] : cellsOf(begun === 1 ? record.replace(HASH, '') : record, delimiter);
        yield { cells, line: begun, afterGap, isComment, decimalCommas: delimiter !== ',' };
        afterGap &&= isComment;
      }
    }
    text = text.slice(at);
  }
  if (text !== '')
    throw new CompressError(
      'bad-file',
      `${where} row ${line}: a quoted cell is not closed`,
      'add the quote, or remove the one that opens it',
    );
}

const HASH = /^#\s*/;

/** Whether a first line that begins with # has as many cells as the first behind it that does not. */
function isHeading(record: string, behind: string, delimiter: string): boolean {
  const next = /^(?!#)[^\S\n]*\S.*$/m.exec(behind)?.[0];
  return next === undefined || cellsOf(record.replace(HASH, ''), delimiter).length === cellsOf(next, delimiter).length;
}

function decoded(decoder: TextDecoder, bytes: Uint8Array, stream: boolean, where: string): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw new CompressError(
      'bad-file',
      `${where} is no text in ${decoder.encoding.toUpperCase()}`,
      'export it again in UTF-8, or convert it: iconv -f windows-1252 -t utf-8',
    );
  }
}

const notText = (where: string) =>
  new CompressError('bad-file', `${where} is no text: it holds bytes of 0`, 'export it again as CSV in UTF-8');

/** The newline that ends the record, outside quotes; -1 where it is not there yet. */
function recordEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  if (end < 0) return -1;
  const quote = text.indexOf('"', at);
  if (quote < 0 || quote > end) return end;
  let inside = false;
  for (let i = at; i < text.length; i++) {
    if (text[i] === '"') inside = !inside;
    else if (text[i] === '\n' && !inside) return i;
  }
  return -1;
}

/** What stands between cells: the character that the first line that is no comment has most of, outside quotes. */
function delimiterOf(text: string, where: string): string {
  const lines = text.split(/\r?\n/, 100);
  const first = (lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? lines[0]).replace(/"[^"]*"/g, '');
  if (/\.tsv$/i.test(where)) return '\t';
  const counts = [',', ';', '\t', '|'].map((d) => ({ d, n: first.split(d).length }));
  const best = counts.reduce((a, b) => (b.n > a.n ? b : a));
  return best.n > 1 || !/\.txt$/i.test(where) ? best.d : ' ';
}

function cellsOf(record: string, delimiter: string): string[] {
  if (delimiter === ' ') return record.trim().split(/\s+/);
  if (!record.includes('"')) return record.split(delimiter);
  const cells: string[] = [];
  let [cell, inside] = ['', false];
  for (let i = 0; i < record.length; i++) {
    const c = record[i];
    if (inside && c === '"' && record[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (c === '"' && (inside || cell.trim() === '')) {
      inside = !inside;
      if (inside) cell = '';
    } else if (c === delimiter && !inside) {
      cells.push(cell);
      cell = '';
    } else cell += c;
  }
  return [...cells, cell];
}

/** A number, or NaN. */
function numberOf(cell: string, decimalCommas: boolean): number {
  if (cell.length > 32) return Number.NaN;
  const value = Number(cell);
  if (!Number.isNaN(value)) return cell.trim() === '' || !Number.isFinite(value) || /[xob]/i.test(cell) ? Number.NaN : value;
  return decimalCommas && /^\s*[-+]?\d*,\d+\s*$/.test(cell) ? Number(cell.replace(',', '.')) : Number.NaN;
}

/** Columns called 0, 1, 2 ... or 1, 2, 3 ... beside others with names: as pandas writes those of an array. */
function areNumbered(cells: readonly string[]): boolean {
  const names = cells.map((cell) => cell.trim());
  const numbers = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const isName = (name: string, c: number) =>
    c === 0 && name === '' ? true : isLabelColumn(name) || isColumn('group', name) || isColumn('time', name);
  return (
    numbers.length > 1 &&
    numbers[0] <= 1 &&
    numbers.every((n, i) => n === numbers[0] + i) &&
    numbers.length < names.length &&
    names.every((name, c) => /^\d+$/.test(name) || isName(name, c))
  );
}

class Builder {
  #values = new Float64Array(1024);
  #lines: number[] = [];
  #breaks: number[] = [];
  /** By column: the text of cells that are no numbers, by row. */
  #words = new Map<number, Map<number, string>>();
  #interned = new Map<string, string>();
  #comments: number[] = [];
  #first: CsvRecord | null = null;
  #header: string[] | null = null;
  #columns = 0;
  #decimalCommas = false;

  constructor(readonly where: string) {}

  add(found: CsvRecord): void {
    const { cells, line, afterGap } = found;
    if (found.isComment) {
      this.#comments.push(line);
      return;
    }
    if (this.#columns === 0) {
      this.#columns = cells.length;
      this.#decimalCommas = found.decimalCommas;
      this.#first = found;
      return;
    }
    if (cells.length !== this.#columns) throw this.#ragged(cells.length, line);
    this.#takeFirst(cells);
    if (afterGap && this.#lines.length > 0) this.#breaks.push(this.#lines.length);
    this.#push(cells, line);
  }

  finish(): Table {
    this.#takeFirst(null);
    const columns = this.#columns;
    const [values, lines, words] = [this.#values, this.#lines, this.#words];
    if (lines.length === 0)
      throw new CompressError('bad-data', `${this.where} holds no rows`, 'give a table with a row for each example or sample');
    const textAt = (row: number, column: number) => {
      const value = values[row * columns + column];
      return Number.isNaN(value) ? (words.get(column)?.get(row) ?? '') : String(value);
    };
    const unless = (missing: RegExp) => (row: number, column: number) => {
      const text = textAt(row, column);
      return missing.test(text) ? null : text;
    };
    return {
      where: this.where,
      header: this.#header,
      rows: lines.length,
      columns,
      breaks: this.#breaks,
      number: (row, column) => values[row * columns + column],
      comments: this.#comments,
      word: unless(MISSING),
      label: unless(MISSING_LABEL),
      line: (row) => lines[row],
    };
  }

  /** The first row is a header where it has a word above a number, no number at all, or the numbers of the columns and their names. */
  #takeFirst(second: string[] | null): void {
    const first = this.#first;
    if (!first) return;
    this.#first = null;
    const isNumber = (cell: string) => !Number.isNaN(numberOf(cell, this.#decimalCommas));
    const { cells } = first;
    const above =
      second !== null && cells.some((cell, c) => !isNumber(cell) && !MISSING.test(cell.trim()) && isNumber(second[c]));
    const isHeader = above || (second?.some(isNumber) && (!cells.some(isNumber) || areNumbered(cells)));
    if (isHeader) this.#header = cells.map((cell) => cell.trim());
    else this.#push(cells, first.line);
  }

  #push(cells: readonly string[], line: number): void {
    const row = this.#lines.length;
    const at = row * this.#columns;
    if (at + this.#columns > this.#values.length) {
      const larger = new Float64Array(Math.max(2 * this.#values.length, at + this.#columns));
      larger.set(this.#values);
      this.#values = larger;
    }
    for (let c = 0; c < this.#columns; c++) {
      const value = numberOf(cells[c], this.#decimalCommas);
      this.#values[at + c] = value;
      if (Number.isNaN(value)) this.#keep(cells[c].trim(), row, c);
    }
    this.#lines.push(line);
  }

  #keep(text: string, row: number, column: number): void {
    const known = this.#interned.get(text);
    if (known === undefined) this.#interned.set(text, text);
    const words = this.#words.get(column) ?? new Map<number, string>();
    this.#words.set(column, words);
    words.set(row, known ?? text);
  }

  #ragged(count: number, line: number): CompressError {
    return new CompressError(
      'bad-file',
      `${this.where} row ${line} has ${count} cell${count === 1 ? '' : 's'}, but the first row has ${this.#columns}`,
      'give all rows as many cells; a cell with a comma in it needs quotes',
    );
  }
}
