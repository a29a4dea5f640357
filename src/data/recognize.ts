/** What kind of dataset a file or folder is, by its names and first bytes. */
import { CompressError } from '../errors.ts';
import { empty, type NamedArrays, npzArrays, partsOfArrays } from './arrays.ts';
import { isCifarName, readCifar } from './cifar.ts';
import { PARTS, type PartName } from './dataset.ts';
import { type Entry, type Listing, listEntries, listsIn } from './entries.ts';
import { type Files, memoryFiles } from './files.ts';
import { idxName, isIdx, readIdx } from './idx.ts';
import { isImageName } from './image_names.ts';
import { isGzip, isZip } from './marks.ts';
import { partOfName } from './names.ts';
import { isNpy, type NpyArray, readNpy, readNumbersOrWords } from './npy.ts';
import { PAGED_BYTES } from './paged.ts';
import { joinParts, joinTables, listed, type RawPart, type RawParts, type Reading, takeRaw } from './raw.ts';
import { RECORDINGS, type Recording, recordingReaderOf } from './recording.ts';
import { gunzip, MOST_DENSE, unzip, zipNames } from './zip.ts';

const SUPPORTED =
  'give an .npz or .npy file, a table (CSV, TSV), class folders of pictures, sound (WAV) or tables of samples, a list of files and labels, an export of Edge Impulse, IDX files (MNIST), CIFAR-10 binary batches, or a folder with train and test files of these';

/** `reading.notes` gets what is not used of it. */
export async function readParts(files: Files, reading: Reading): Promise<RawParts> {
  const read = new Set<string>();
  const watched: Files = {
    ...files,
    read: (path) => {
      read.add(path);
      return files.read(path);
    },
    ...(files.large && {
      large: async (path, bytes) => {
        const found = await files.large!(path, bytes);
        if (found) read.add(path);
        return found;
      },
    }),
  };
  const parts = await recognized(watched, files, reading);
  const unused = files.list.filter((path) => !read.has(path));
  const about = files.single ? '' : ` in ${files.name}`;
  if (unused.length) reading.notes.push(`not used${about}: ${listed(unused)}`);
  if (files.passedOver.length) reading.notes.push(`passed over${about}, of the system or hidden: ${listed(files.passedOver)}`);
  return parts;
}

/** @param plain the same files, looked into without being used */
async function recognized(files: Files, plain: Files, reading: Reading): Promise<RawParts> {
  if (files.single) return readOne(files, files.list[0], reading);
  const top = files.list.filter((path) => !path.includes('/'));
  const pictures = files.list.filter(isImageName);
  const byPart = top.filter((path) => partOfName(stem(path)) && /\.(npz|bin|csv|tsv)$/.test(path));
  const arrays = [...top, ...inPartFolders(files)].filter((path) => path.endsWith('.npy'));
  const hasFolders = pictures.some((path) => path.includes('/'));
  const lists = await listsIn(plain);
  if (hasFolders || (pictures.length && (lists.length || (!byPart.length && !arrays.length)))) {
    return readPictures(files, await listEntries(files, lists, isImageName, reading), lists.length > 0, reading);
  }
  if (top.some(idxName)) return partsOfArrays(await named(files, top.filter(idxName), idxArrayName, readIdx), reading);
  if (top.some(isCifarName)) return readBatches(files, top.filter(isCifarName));
  const hasParts = byPart.some((path) => partOfName(stem(path)) === 'train') || byPart.length > 1;
  if (hasParts && !lists.length) return readEach(files, byPart, reading);
  if (arrays.length > 1) return partsOfArrays(await named(files, arrays, arrayName, readNumbersOrWords), reading);
  const data = top.filter((path) => /\.(npz|npy|bin|gz)$|ubyte$/.test(path));
  if (data.length === 1) return readOne(files, data[0], reading);
  const isRecording = mostlyRecordings(files, lists);
  if (!isRecording) throw unknown(files);
  const tables = top.filter((path) => isRecording(path) && /\.[ct]sv$/i.test(path));
  if (!lists.length && tables.length && tables.length === files.list.filter(isRecording).length) {
    if (tables.length === 1) return readOne(files, tables[0], reading);
    if (await areRows(plain, tables, reading)) return rowsOfAll(files, tables, reading);
  }
  return readRecordings(files, await listEntries(files, lists, isRecording, reading), reading);
}

/** Whether a file is of the kind of recordings that a folder has most of; null where it has none. */
function mostlyRecordings({ list }: Files, lists: readonly string[]): ((path: string) => boolean) | null {
  const counts = RECORDINGS.map((reader) => {
    const own = list.filter((path) => recordingReaderOf(path) === reader && !/\.txt$/i.test(path) && !lists.includes(path));
    return { reader, count: own.length };
  });
  const most = counts.reduce((a, b) => (b.count > a.count ? b : a));
  return most.count ? (path) => recordingReaderOf(path) === most.reader && !/\.txt$/i.test(path) && !lists.includes(path) : null;
}

/** Whether the rows of tables are examples: no windows are asked for, and a column is named as their label. */
async function areRows(files: Files, tables: readonly string[], reading: Reading): Promise<boolean> {
  if (reading.stated.window !== undefined) return false;
  const { columnsOf } = await import('./columns.ts');
  const { readTable } = await import('./csv.ts');
  const table = readTable(await files.read(tables[0]), tables[0]);
  return columnsOf(table, { ...reading, notes: [] }, true).labels.length > 0;
}

async function rowsOfAll(files: Files, tables: readonly string[], reading: Reading): Promise<RawParts> {
  const { rowsOfTable } = await import('./table_rows.ts');
  const parts: RawPart[] = [];
  for (const path of tables) parts.push(rowsOfTable(await files.read(path), path, reading));
  const other = parts.find((p) => String(p.info[0].shape) !== String(parts[0].info[0].shape));
  if (other) {
    throw new CompressError(
      'shape-mismatch',
      `${other.where} has ${other.info[0].shape} columns of values, but ${parts[0].where} has ${parts[0].info[0].shape}`,
      'give all files the same columns',
    );
  }
  return { all: joinTables(parts, files.name, reading.notes) };
}

/** Of `train/accel.npy`: files in folders that are named as parts. */
const inPartFolders = ({ list }: Files): string[] =>
  list.filter((path) => {
    const [folder, name, ...deeper] = path.split('/');
    return name !== undefined && deeper.length === 0 && partOfName(folder) !== null;
  });

/** `train_accel` for `train/accel.npy`. */
const arrayName = (path: string): string => stem(path).replace('/', '_');

const stem = (path: string): string => path.replace(/\.\w+$/, '');

function unknown(files: Files): CompressError {
  const shown = files.list.slice(0, 8).join(', ') + (files.list.length > 8 ? ' ...' : '');
  const holds = files.list.length
    ? `in ${files.name} there is no dataset that can be read (found: ${shown})`
    : `${files.name} is empty: it holds no file`;
  return new CompressError(files.list.length ? 'unsupported' : 'bad-data', holds, adviceFor(files.list));
}

/** How files of other programs become such as are read. */
const CONVERSIONS: readonly (readonly [RegExp, string])[] = [
  [/\.(xlsx?|ods)$/i, 'save the sheet as CSV (UTF-8)'],
  [/\.(mp3|flac|ogg|opus|m4a|aac)$/i, 'write sound as WAV: ffmpeg -i in.mp3 -ar 16000 -ac 1 out.wav'],
  [/\.(tiff?|heic|avif)$/i, 'convert pictures to PNG'],
  [/\.(pkl|pickle|parquet|feather|mat|h5|hdf5|tfrecords?|pt)$/i, 'write it by Python: numpy.savez("data.npz", x=x, y=y)'],
];

const adviceFor = (paths: readonly string[]): string =>
  CONVERSIONS.find(([ending]) => paths.some((path) => ending.test(path)))?.[1] ?? SUPPORTED;

async function readOne(files: Files, path: string, reading: Reading): Promise<RawParts> {
  const large = await largeArrays(files, path, reading);
  if (large) return partsOfArrays(large, reading);
  const bytes = await files.read(path);
  if (bytes.length === 0) throw empty(path);
  const advice = adviceFor([path]);
  if (advice !== SUPPORTED) throw new CompressError('unsupported', `${path} is of no format that is read`, advice);
  if (isZip(bytes)) {
    const archive = archiveFiles(bytes, path);
    return archive ? recognized(archive, archive, reading) : partsOfArrays(npzArrays(bytes, path, reading), reading);
  }
  const lone = (array: NpyArray): RawParts =>
    partsOfArrays({ where: path, names: ['x'], read: () => array, fileOf: () => path }, reading);
  if (isNpy(bytes)) return lone(readNpy(bytes, path));
  if (isCifarName(path) || path.endsWith('.bin')) return { all: readCifar(bytes, path) };
  if (isIdx(bytes) || (isGzip(bytes) && isIdx(gunzip(bytes, path)))) return lone(readIdx(bytes, path));
  if (/\.np[yz]$/.test(path)) {
    throw new CompressError(
      'bad-file',
      `${path} does not start as its name promises`,
      'write it again with numpy.savez_compressed or numpy.save',
    );
  }
  if (/\.(csv|tsv|txt)$/i.test(path)) return readTableFile(files, path, reading);
  if (recordingReaderOf(path)) return readRecordings(files, alone(path), reading);
  throw new CompressError('unsupported', `${path} is of no format that is known`, SUPPORTED);
}

/** A file on disk with arrays that are too large to be held in memory; null for any other. @param reading null: of an array alone */
async function largeArrays(files: Files, path: string, reading: Reading | null): Promise<NamedArrays | null> {
  const isArchive = reading !== null && path.endsWith('.npz');
  if (!isArchive && !path.endsWith('.npy')) return null;
  const file = await files.large?.(path, isArchive ? PAGED_BYTES / MOST_DENSE : PAGED_BYTES);
  if (!file) return null;
  const { largestIn, npyOnDisk, npzOnDisk } = await import('./npz_file.ts');
  const isLarge = isArchive && (largestIn(file) >= PAGED_BYTES || (await files.large!(path, PAGED_BYTES)) !== null);
  if (isArchive) return isLarge ? npzOnDisk(file, path, reading) : null;
  const array = npyOnDisk(file, path);
  return { where: path, names: ['x'], read: () => array, fileOf: () => path };
}

/** The files of an archive that is no .npz, as an export of Edge Impulse is one; null for an archive of arrays. */
function archiveFiles(bytes: Uint8Array, path: string): Files | null {
  const names = zipNames(bytes, path).filter((name) => !name.endsWith('/'));
  if (names.length === 0 || names.some((name) => name.endsWith('.npy')) || path.endsWith('.npz')) return null;
  const contents = Object.fromEntries(unzip(bytes, path, (name) => names.includes(name)));
  return { ...memoryFiles(contents), name: path, single: false };
}

/** One file for each part: train.npz, test.npz. */
async function readEach(files: Files, paths: readonly string[], reading: Reading): Promise<RawParts> {
  const parts: { [name in PartName]?: RawPart } = {};
  for (const path of paths) {
    const name = partOfName(stem(path))!;
    const inside = await readOne(files, path, reading);
    const part = inside.all ?? inside[name];
    if (!part || parts[name]) {
      throw new CompressError(
        'bad-file',
        `${path} ${part ? 'is a second file for' : 'holds nothing for'} ${name}`,
        'keep one file for each part, with arrays x and y',
      );
    }
    parts[name] = part;
  }
  return parts;
}

/** `train_images` for `train-images-idx3-ubyte.gz`. */
function idxArrayName(path: string): string {
  const { part, labels } = idxName(path)!;
  return `${part}_${labels ? 'labels' : 'images'}`;
}

/** One array in each file. */
async function named(
  files: Files,
  paths: readonly string[],
  nameOf: (path: string) => string,
  readArray: (bytes: Uint8Array, name: string) => NpyArray,
): Promise<NamedArrays> {
  const found = new Map<string, { path: string; array: () => NpyArray }>();
  for (const path of paths) {
    const large = await largeArrays(files, path, null);
    const bytes = large ? null : await files.read(path);
    found.set(nameOf(path), { path, array: () => (large ? large.read('x') : readArray(bytes!, path)) });
  }
  return {
    where: files.name,
    names: [...found.keys()],
    read: (name) => found.get(name)!.array(),
    fileOf: (name) => found.get(name)!.path,
  };
}

async function readBatches(files: Files, paths: readonly string[]): Promise<RawParts> {
  const read = async (names: string[]) => {
    const batches: RawPart[] = [];
    for (const name of names) batches.push(readCifar(await files.read(name), name));
    return batches.length ? joinParts(batches, files.name) : undefined;
  };
  const train = await read(paths.filter((path) => path.startsWith('data_')));
  const test = await read(paths.filter((path) => path.startsWith('test_')));
  const meta = 'batches.meta.txt';
  const names = files.list.includes(meta)
    ? new TextDecoder()
        .decode(await files.read(meta))
        .trim()
        .split(/\s+/)
    : undefined;
  return { ...(train && { train }), ...(test && { test }), classNames: names };
}

/** Pictures by a list, or in class folders: class/picture or part/class/picture. */
async function readPictures(files: Files, listing: Listing, isListed: boolean, reading: Reading): Promise<RawParts> {
  const { entries, classes } = listing;
  const deep = (path: string) => path.split('/').length;
  const withParts = entries.every((e) => e.part !== null);
  const stray = isListed ? undefined : entries.find(({ path }) => deep(path) !== (withParts ? 3 : 2));
  if (stray) {
    throw new CompressError(
      'unsupported',
      `${stray.path} in ${files.name} is in no class folder that says what it shows`,
      'put pictures in class folders (cat/1.png), these in train and test if wanted (train/cat/1.png), or list them in a table of files and labels',
    );
  }
  // A class that lost its pictures is still a class: without it the others would be numbered anew.
  const { readImages } = await import('./images.ts');
  return {
    ...partsOf(entries, await readImages(files, entries, reading), files.name),
    ...(classes.length && { classNames: classes }),
  };
}

/** One example of `all` for each entry, by the entries' parts. */
function partsOf(entries: readonly Pick<Entry, 'part' | 'path'>[], all: RawPart, name: string): RawParts {
  if (entries.every((e) => e.part === null)) return { all };
  const without = entries.find((e) => e.part === null);
  if (without) {
    const { path, part } = entries.find((e) => e.part !== null)!;
    throw new CompressError('bad-data', `${without.path} is in no part, but ${path} is in ${part}`, 'name the part of each file');
  }
  const parts: { [name in PartName]?: RawPart } = {};
  for (const part of PARTS) {
    const places = entries.flatMap((e, i) => (e.part === part ? [i] : []));
    if (places.length)
      parts[part] = {
        ...takeRaw(all, places),
        where: `${name}/${part}`,
        files: [...new Set(places.map((i) => entries[i].path))],
      };
  }
  return parts;
}

/** Recordings of a folder, cut into windows. */
async function readRecordings(files: Files, { entries, classes, isLabelled }: Listing, reading: Reading): Promise<RawParts> {
  const { windowsOf } = await import('./windows.ts');
  const all: (Recording & { readonly part: PartName | null })[] = [];
  for (const { path, label, group, part } of entries) {
    const found = await recordingReaderOf(path)!.read(await files.read(path), path, reading, isLabelled);
    for (const r of found) all.push({ ...r, label: r.label ?? label, group: r.group ?? group, part });
  }
  const wanted = wantedSamples(reading);
  const { examples, recording } = windowsOf(all, files.name, wanted, reading);
  const entriesOfWindows = recording.map((n) => ({ part: all[n].part, path: all[n].file }));
  return { ...partsOf(entriesOfWindows, examples, files.name), ...(classes.length && { classNames: classes }) };
}

/** [samples, channels] of the model's input, where it has them. */
function wantedSamples({ inputs }: Reading): readonly number[] | null {
  const shape =
    inputs?.length === 1 ? inputs[0].shape?.slice(1).filter((n, i, all) => n !== 1 || i === all.length - 1) : undefined;
  return shape?.length === 2 ? shape : null;
}

/** Whether the first row, or the one behind it, has the name of a picture or of a recording. */
async function namesFiles(files: Files, path: string): Promise<boolean> {
  const { firstRecords } = await import('./csv.ts');
  const rows = firstRecords(await files.read(path), path, 2);
  return rows.flat().some((cell) => isImageName(cell.trim()) || (recordingReaderOf(cell.trim()) && /\.\w+$/.test(cell.trim())));
}

/** The files that a list names, from the folder that it lies in. */
async function readListed(folder: Files, list: string, reading: Reading): Promise<RawParts> {
  const entries = await listEntries(folder, [list], () => true, reading);
  const pictures = entries.entries.filter((e) => isImageName(e.path)).length;
  if (pictures === entries.entries.length) return readPictures(folder, entries, true, reading);
  const other = entries.entries.find((e) => !recordingReaderOf(e.path));
  if (!other) return readRecordings(folder, entries, reading);
  throw new CompressError(
    'unsupported',
    `${list} lists ${other.path}, which is of no format that is known`,
    'list pictures, or recordings, of one kind',
  );
}

const alone = (path: string): Listing => ({
  entries: [{ path, part: null, label: null, group: null }],
  classes: [],
  isLabelled: false,
});

/** A table: its rows are examples, or samples where windows are asked for. */
async function readTableFile(files: Files, path: string, reading: Reading): Promise<RawParts> {
  const { window, stride } = reading.stated;
  if (files.beside && (await namesFiles(files, path))) return readListed(await files.beside(), path, reading);
  if (window !== undefined || stride !== undefined) return readRecordings(files, alone(path), reading);
  const { rowsOfTable } = await import('./table_rows.ts');
  return { all: rowsOfTable(await files.read(path), path, reading) };
}
