import { access, mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CompressError } from '../errors.ts';
import { ENDINGS, FORMATS, type WriteOptions } from '../formats/index.ts';
import { TO_TFLITE } from '../formats/recognize.ts';
import type { Graph } from '../graph/graph.ts';
import { loadModel } from '../model.ts';
import type { CheckpointStore, Model } from '../stage.ts';
import { warn } from './output.ts';
import { reason } from './reason.ts';

export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (e) {
    throw new CompressError('bad-file', `cannot read ${what} "${path}": ${reason(e)}`, 'check the path');
  }
}

/** What the command line calls a model. */
export const MODEL = `a model file (${ENDINGS})`;

/** Reads a model, and says what of its file is not used. @throws CompressError that names the file */
export async function readModel(path: string): Promise<Model> {
  if (await exists(join(path, 'saved_model.pb')))
    throw new CompressError(
      'unsupported',
      `"${path}" is a SavedModel of TensorFlow, and models are read from ${ENDINGS} files`,
      TO_TFLITE,
    );
  const bytes = await readBytes(path, 'the model');
  const beside = (name: string) => readBytes(join(dirname(path), name), 'external data of the model');
  try {
    const model = await loadModel(bytes, { beside });
    for (const note of model.facts.notes ?? []) warn(`"${path}": ${note}`);
    return model;
  } catch (e) {
    throw e instanceof CompressError ? new CompressError(e.code, `"${path}": ${e.what}`, e.fix) : e;
  }
}

/** Writes a graph in the format that the name ends with, else the table's first, and says what of the model the file does not hold. */
export async function writeModel(path: string, graph: Graph, options: WriteOptions = {}): Promise<Uint8Array> {
  const written = FORMATS.filter((f) => f.write);
  const { write } = written.find((f) => f.endings.some((ending) => path.endsWith(ending))) ?? written[0];
  const { bytes, notes } = await write!(graph, options);
  await writeWhole(path, bytes);
  for (const note of notes) warn(`"${path}": ${note}`);
  return bytes;
}

/** A name that is not empty: joined with others, an empty one would mean the folder of the process. */
export function checkNamed(path: string, flag: string, kind: 'file' | 'folder'): void {
  if (path === '') throw new CompressError('bad-option', `${flag} is empty`, `give the name of a ${kind}`);
}

const besideOf = (path: string): string => `${path}.${process.pid}.part`;

const cannotWrite = (path: string, e: unknown, flag: string) =>
  new CompressError('cannot-write', `cannot write "${path}": ${reason(e)}`, `choose another ${flag}`);

/** Written beside and renamed, so that a file is whole or not there. @param flag by which the caller named the file */
export async function writeWhole(path: string, content: Uint8Array | string, flag = '--out'): Promise<void> {
  const beside = besideOf(path);
  try {
    await makeAll(dirname(path));
    await writeFile(beside, content);
    await rename(beside, path);
  } catch (e) {
    await rm(beside, { force: true }).catch(() => {});
    throw cannotWrite(path, e, flag);
  }
}

/**
 * Finds out before any work whether `writeWhole` will be able to write a file; what it makes to find out, it takes away.
 *
 * @param force the file may be there already, and is replaced
 */
export async function checkOutput(path: string, { force = false, flag = '--out' } = {}): Promise<void> {
  checkNamed(path, flag, 'file');
  await checkFree(path, force, flag);
  const made: string[] = [];
  try {
    await makeAll(dirname(path), made);
    await writeFile(besideOf(path), '');
    await rm(besideOf(path));
  } catch (e) {
    throw cannotWrite(path, e, flag);
  } finally {
    for (const folder of made.reverse()) await rmdir(folder).catch(() => {});
  }
}

/** The state of a training in a file that can be written. */
export async function checkpointFile(path: string): Promise<CheckpointStore> {
  await checkOutput(path, { force: true, flag: '--checkpoint' });
  return {
    read: async () => ((await exists(path)) ? readBytes(path, 'the checkpoint') : null),
    write: (bytes) => writeWhole(path, bytes, '--checkpoint'),
  };
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** A folder with nothing in it but what `mayBe` allows, or none at all. */
export const isEmpty = (path: string, mayBe: (name: string) => boolean): Promise<boolean> =>
  readdir(path).then(
    (names) => names.every(mayBe),
    (e: NodeJS.ErrnoException) => e.code === 'ENOENT',
  );

/** Parents first, one by one: Node's own recursive mkdir never ends under /proc. What is made is added to `made`. */
async function makeAll(path: string, made: string[] = []): Promise<void> {
  if (await exists(path)) return;
  await makeAll(dirname(resolve(path)), made);
  await mkdir(path);
  made.push(path);
}

export async function makeFolder(path: string, flag = '--out'): Promise<void> {
  checkNamed(path, flag, 'folder');
  try {
    await makeAll(path);
    const probe = join(path, `.probe.${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (e) {
    throw new CompressError('cannot-write', `cannot write to the folder "${path}": ${reason(e)}`, `choose another ${flag}`);
  }
}

/** Refuses to write over another file unless asked to, and over anything else. */
async function checkFree(path: string, force: boolean, flag: string): Promise<void> {
  if (!(await exists(path))) return;
  const found = await stat(path);
  if (force && found.isFile()) return;
  const kind = found.isFile() ? '' : found.isDirectory() ? ' and is a folder' : ' and is no regular file';
  throw new CompressError(
    'exists',
    `"${path}" exists already${kind}`,
    kind ? 'give the name of a file' : `choose another ${flag}, or add --force to replace it`,
  );
}
