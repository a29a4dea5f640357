/** What kind of dataset a file or folder is, by its names and first bytes. */
import { CompressError } from '../errors.ts';
import { empty, type NamedArrays, npzArrays, partsOfArrays } from './arrays.ts';
import { isCifarName, readCifar } from './cifar.ts';
import { PARTS, type PartName, takeExamples } from './dataset.ts';
import type { Files } from './files.ts';
import { idxName, isIdx, readIdx } from './idx.ts';
import { isImageName, sortClasses } from './image_names.ts';
import { isGzip, isZip } from './marks.ts';
import { partOfName } from './names.ts';
import { isNpy, type NpyArray, readNpy } from './npy.ts';
import { joinParts, listed, type RawPart, type RawParts, type Reading } from './raw.ts';
import { gunzip } from './zip.ts';

const SUPPORTED =
  'give an .npz or .npy file, IDX files (MNIST), CIFAR-10 binary batches, class folders of PNG or JPEG, or a folder with train.npz and test.npz';

const FROM_TABLE = "read it by numpy.loadtxt, and save it with numpy.savez('data.npz', x=examples, y=labels)";

/** `reading.notes` gets what is not used of it. */
export async function readParts(files: Files, reading: Reading): Promise<RawParts> {
  const read = new Set<string>();
  const watched: Files = {
    ...files,
    read: (path) => {
      read.add(path);
      return files.read(path);
    },
  };
  const parts = await recognized(watched, reading);
  const unused = files.list.filter((path) => !read.has(path));
  const about = files.single ? '' : ` in ${files.name}`;
  if (unused.length) reading.notes.push(`not used${about}: ${listed(unused)}`);
  if (files.passedOver.length) reading.notes.push(`passed over${about}, of the system or hidden: ${listed(files.passedOver)}`);
  return parts;
}

async function recognized(files: Files, reading: Reading): Promise<RawParts> {
  if (files.single) return readOne(files, files.list[0], reading);
  const top = files.list.filter((path) => !path.includes('/'));
  const pictures = files.list.filter(isImageName);
  const byPart = top.filter((path) => partOfName(stem(path)) && /\.(npz|bin)$/.test(path));
  const arrays = [...top, ...inPartFolders(files)].filter((path) => path.endsWith('.npy'));
  const hasFolders = pictures.some((path) => path.includes('/'));
  if (hasFolders || (pictures.length && !byPart.length && !arrays.length)) return readFolders(files, pictures, reading);
  if (top.some(idxName)) return partsOfArrays(await named(files, top.filter(idxName), idxArrayName, readIdx), reading);
  if (top.some(isCifarName)) return readBatches(files, top.filter(isCifarName));
  const hasParts = byPart.some((path) => partOfName(stem(path)) === 'train') || byPart.length > 1;
  if (hasParts) return readEach(files, byPart, reading);
  if (arrays.length > 1) return partsOfArrays(await named(files, arrays, arrayName, readNpy), reading);
  const data = top.filter((path) => /\.(npz|npy|bin|gz)$|ubyte$/.test(path));
  if (data.length === 1) return readOne(files, data[0], reading);
  throw unknown(files);
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
    : `${files.name} is empty`;
  return new CompressError(files.list.length ? 'unsupported' : 'bad-data', holds, SUPPORTED);
}

async function readOne(files: Files, path: string, reading: Reading): Promise<RawParts> {
  const bytes = await files.read(path);
  if (bytes.length === 0) throw empty(path);
  if (isZip(bytes)) return partsOfArrays(npzArrays(bytes, path, reading), reading);
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
  const isTable = /\.(csv|tsv|txt)$/i.test(path);
  throw new CompressError('unsupported', `${path} is of no format that is known`, isTable ? FROM_TABLE : SUPPORTED);
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
  const found = new Map<string, { path: string; bytes: Uint8Array }>();
  for (const path of paths) found.set(nameOf(path), { path, bytes: await files.read(path) });
  return {
    where: files.name,
    names: [...found.keys()],
    read: (name) => readArray(found.get(name)!.bytes, found.get(name)!.path),
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

/** class/picture or part/class/picture */
async function readFolders(files: Files, pictures: readonly string[], { channels, notes }: Reading): Promise<RawParts> {
  const split = pictures.map((path) => path.split('/'));
  const withParts = split.every((p) => p.length === 3 && partOfName(p[0]));
  const stray = split.find((p) => p.length !== (withParts ? 3 : 2));
  if (stray) {
    throw new CompressError(
      'unsupported',
      `${stray.join('/')} in ${files.name} is in no class folder that says what it shows`,
      'put pictures in class folders (cat/1.png), these in train and test if wanted (train/cat/1.png)',
    );
  }
  // A class that lost its pictures is still a class: without it the others would be numbered anew.
  const empty = files.empty.map((path) => path.split('/')).filter((p) => p.length === (withParts ? 2 : 1));
  const bare = empty.filter(([top]) => withParts === (partOfName(top) !== null)).map((p) => p.at(-1)!);
  if (bare.length) notes.push(`no pictures in the class folder${bare.length > 1 ? 's' : ''} ${listed([...new Set(bare)])}`);
  const classNames = sortClasses([...split.map((p) => p.at(-2)!), ...bare]);
  const { readImages } = await import('./images.ts');
  const all = await readImages(files, pictures, classNames, channels);
  if (!withParts) return { all, classNames };
  const parts: { [name in PartName]?: RawPart } = {};
  for (const name of PARTS) {
    const places = split.flatMap((p, i) => (partOfName(p[0]) === name ? [i] : []));
    const where = `${files.name}/${name}`;
    if (places.length) parts[name] = { ...all, ...takeExamples(all, places), where, files: places.map((i) => pictures[i]) };
  }
  return { ...parts, classNames };
}
