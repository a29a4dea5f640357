/** Which files of a folder are examples, and what their names, folders and lists say of them. */
import { CompressError } from '../errors.ts';
import { columnNamed, noteGroup } from './columns.ts';
import { firstRecords, readTable, type Table } from './csv.ts';
import type { PartName } from './dataset.ts';
import type { Files } from './files.ts';
import { COLUMN_WORDS, meaningOf, partOfName, plainName } from './names.ts';
import { counted, listed, type Reading } from './raw.ts';

/** A file that holds examples. */
export interface Entry {
  readonly path: string;
  /** null where the source is not separated. */
  readonly part: PartName | null;
  /** null where only the file itself may say it. */
  readonly label: string | null;
  readonly group: string | null;
}

/** Entries of a folder, and what lists them where a file does. */
export interface Listing {
  readonly entries: readonly Entry[];
  /** Classes that have a folder, with a file or without. */
  readonly classes: readonly string[];
  /** Whether labels are known from lists, folders or names. */
  readonly isLabelled: boolean;
}

const isTableName = (path: string): boolean => /\.(csv|tsv|txt)$/i.test(path);

/**
 * By a list (info.labels, or a table with a column of file names), else by folders, else by names (`left.1.csv`, `left_1.csv`).
 *
 * @param lists     what `listsIn` found
 * @param isExample which files may hold examples
 */
export async function listEntries(
  files: Files,
  lists: readonly string[],
  isExample: (path: string) => boolean,
  reading: Reading,
): Promise<Listing> {
  if (lists.length === 0) return fromFolders(files, isExample, reading);
  const isInfo = lists[0].endsWith('info.labels');
  const entries = isInfo ? await fromInfoLabels(files, lists) : await fromLists(files, lists, isExample, reading);
  return { entries, classes: [], isLabelled: entries.every((e) => e.label !== null) };
}

/** The files of a folder that list others: info.labels, and tables at its top with file names. */
export async function listsIn(files: Files): Promise<string[]> {
  const info = files.list.filter((path) => /(^|\/)info\.labels$/.test(path));
  if (info.length) return info;
  const lists: string[] = [];
  for (const path of files.list) if (!path.includes('/') && (await isFileList(files, path))) lists.push(path);
  return lists;
}

/** Whether one of the first two rows of a table has the name of a file. */
async function isFileList(files: Files, path: string): Promise<boolean> {
  if (!isTableName(path)) return false;
  const known = new Set(files.list);
  const isKnown = (cell: string) => resolved(cell.trim(), path, known) !== null;
  const bytes = await files.read(path);
  try {
    return firstRecords(bytes, path, 2).some((cells) => cells.some(isKnown));
  } catch (e) {
    if (e instanceof CompressError) return false; // no table: no list
    throw e;
  }
}

/** A file name of a list as a path: beside the list, or from the top. */
function resolved(name: string, list: string, known: ReadonlySet<string>): string | null {
  const clean = name.replaceAll('\\', '/').replace(/^\.\//, '');
  const folder = list.includes('/') ? list.slice(0, list.lastIndexOf('/') + 1) : '';
  return [folder + clean, clean].find((path) => path !== list && known.has(path)) ?? null;
}

async function fromInfoLabels(files: Files, lists: readonly string[]): Promise<Entry[]> {
  const { readInfoLabels } = await import('./edge_impulse.ts');
  const known = new Set(files.list);
  const entries = new Map<string, Entry>();
  for (const list of lists) {
    for (const { path, label, category } of readInfoLabels(await files.read(list), list)) {
      const file = resolved(path, list, known);
      if (!file) throw missing(list, null, path);
      entries.set(file, {
        path: file,
        part: (category && partOfName(category)) || partOfName(file.split('/')[0]),
        label,
        group: null,
      });
    }
  }
  return [...entries.values()];
}

const missing = (list: string, line: number | null, name: string) =>
  new CompressError(
    'bad-data',
    `${list}${line === null ? '' : ` row ${line}`} names "${name}", which is not there`,
    'add the file, or remove it from the list; names are as seen from the list or from the folder of the data',
  );

/** Tables that list files. Files that only lists of other parts leave over are for training. */
async function fromLists(
  files: Files,
  lists: readonly string[],
  isExample: (path: string) => boolean,
  reading: Reading,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const list of lists) entries.push(...entriesIn(readTable(await files.read(list), list), files, list, reading));
  const places = new Map(entries.map((e, i) => [e.path, i])); // the last of each
  const twice = entries.find((e, i) => places.get(e.path) !== i);
  if (twice)
    throw new CompressError('bad-data', `${twice.path} is listed twice in ${lists.join(' and ')}`, 'list each file once');
  const parts = new Set(entries.map((e) => e.part));
  if (parts.has(null) || parts.has('train')) return entries;
  const named = new Set(entries.map((e) => e.path));
  const rest = files.list.filter((path) => isExample(path) && !named.has(path) && !lists.includes(path));
  return [...entries, ...rest.flatMap((path) => (isLeftOut(path) ? [] : [{ ...entryOf(path), part: 'train' as const }]))];
}

const PART_COLUMNS = ['part', 'split', 'set', 'subset', 'category', 'fold'];

function entriesIn(table: Table, files: Files, list: string, reading: Reading): Entry[] {
  const known = new Set(files.list);
  const all = Array.from({ length: table.columns }, (_, c) => c);
  const column =
    all.find((c) => resolved(table.word(0, c) ?? '', list, known) !== null) ??
    all.find((c) => table.rows > 1 && resolved(table.word(1, c) ?? '', list, known) !== null) ??
    0;
  // `file,label` over words alone: the first row is a header though it holds no number's name
  const isHead = !table.header && resolved(table.word(0, column) ?? '', list, known) === null;
  const header = table.header ?? (isHead ? all.map((c) => table.word(0, c) ?? '') : null);
  const named = (words: readonly string[]) =>
    header?.findIndex((name, c) => c !== column && words.includes(plainName(name))) ?? -1;
  const rows = Array.from({ length: table.rows - (isHead ? 1 : 0) }, (_, i) => i + (isHead ? 1 : 0));
  const partAt = (row: number, c: number) => partOfName(table.word(row, c) ?? '');
  // `category` may be a class as well
  const hasParts = (c: number) => rows.some((row) => partAt(row, c) !== null);
  const part = header?.findIndex((name, c) => c !== column && PART_COLUMNS.includes(plainName(name)) && hasParts(c)) ?? -1;
  // a column that is stated may be one of the tables that are listed
  const statedAt = (name: string, flag: string) =>
    isTableName(table.word(rows[0], column) ?? '') ? named([plainName(name)]) : columnNamed({ ...table, header }, name, flag);
  const group = reading.stated.group ? statedAt(reading.stated.group, '--group') : named(COLUMN_WORDS.group);
  if (group >= 0 && !reading.stated.group) noteGroup(header![group], reading.notes);
  const others = all.filter((c) => ![column, part, group].includes(c));
  const stated = reading.labels === null ? -1 : statedAt(reading.labels, '--labels');
  const usual =
    others.find((c) => header && meaningOf(header[c]).kind === 'labels') ??
    others.find((c) => header && ['class', 'word', 'category'].includes(plainName(header[c])));
  const label = stated >= 0 ? stated : (usual ?? others[0] ?? -1);
  const ofName = meaningOf(list.replace(/\.\w+$/, '').replace(/_?list$/i, '')).group;
  const unused = others.filter((c) => c !== label);
  if (unused.length) reading.notes.push(`${list}: not used: ${listed(unused.map((c) => header?.[c] || `column ${c + 1}`))}`);
  const apart = group < 0 ? [] : rows.filter((row) => table.word(row, group) === null);
  if (apart.length)
    reading.notes.push(
      `${list}: ${counted(apart.length, 'row')} without "${header![group]}", the first is row ${table.line(apart[0])}`,
    );
  return rows.map((row) => {
    const name = table.word(row, column) ?? '';
    const path = resolved(name, list, known);
    if (path === null) throw missing(list, table.line(row), name);
    const word = label >= 0 ? table.label(row, label) : null;
    if (label >= 0 && word === null)
      throw new CompressError('bad-data', `${list} row ${table.line(row)} has no label`, 'fill it in, or remove the row');
    const own = part >= 0 ? partAt(row, part) : null;
    if (part >= 0 && own === null)
      throw new CompressError(
        'bad-data',
        `${list} row ${table.line(row)}: "${table.word(row, part) ?? ''}" is no part`,
        'give train, validation or test',
      );
    return {
      path,
      part: own ?? (ofName === 'all' ? null : ofName),
      label: word ?? entryOf(path).label,
      group: (group >= 0 ? table.word(row, group) : null) ?? entryOf(path).group,
    };
  });
}

/** Speech Commands keeps noises to be mixed in under such a name. */
const isLeftOut = (path: string): boolean => path.split('/').some((part) => part.startsWith('_') && part.endsWith('_'));

function fromFolders(files: Files, isExample: (path: string) => boolean, { notes }: Reading): Listing {
  const examples = files.list.filter(isExample);
  const left = examples.filter(isLeftOut);
  if (left.length) notes.push(`left out, in a folder for other use: ${listed(left)}`);
  const entries = examples.filter((path) => !isLeftOut(path)).map(entryOf);
  const withParts = entries.length > 0 && entries.every((e) => e.part !== null);
  const inFolders = entries.length > 0 && entries.every(({ path }) => path.split('/').length > (withParts ? 2 : 1));
  const empty = files.empty
    .map((path) => path.split('/'))
    .filter((p) => p.length === (withParts ? 2 : 1) && withParts === (partOfName(p[0]) !== null))
    .map((p) => p.at(-1)!);
  return {
    entries: entries.map((e) => (withParts ? e : { ...e, part: null })),
    classes: inFolders ? [...new Set([...entries.map((e) => e.label!), ...empty])] : [],
    isLabelled: entries.every((e) => e.label !== null),
  };
}

/** `part/class/file`, `class/file`, `part/class.1.file`, `class.1.file`, `class_1.file`; `nohash` as in Speech Commands tells the speaker. */
function entryOf(path: string): Entry {
  const folders = path.split('/').slice(0, -1);
  const name = path.split('/').at(-1)!;
  const part = folders.length ? partOfName(folders[0]) : null;
  const inside = part ? folders.slice(1) : folders;
  const stem = name.replace(/\.\w+$/, '');
  const ofName = stem.includes('.') ? stem.slice(0, stem.indexOf('.')) : stem.replace(/[-_ ]*\(?\d+\)?$/, '');
  const speaker = /^(.+)_nohash_\d+$/.exec(stem)?.[1] ?? null;
  return { path, part, label: inside.at(-1) ?? (ofName || null), group: speaker };
}
