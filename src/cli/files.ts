import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CompressError } from '../errors.ts';
import { loadModel } from '../model.ts';
import { parseRecipe, type Recipe } from '../pipeline.ts';
import type { CheckpointStore, Model } from '../stage.ts';

export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (e) {
    throw new CompressError('bad-file', `cannot read ${what} "${path}": ${reason(e)}`, 'check the path');
  }
}

export const readModel = async (path: string): Promise<Model> => loadModel(await readBytes(path, 'the model'));

/** Written beside and renamed, so that a file is whole or not there. @param flag by which the caller named the file */
export async function writeWhole(path: string, content: Uint8Array | string, flag = '--out'): Promise<void> {
  const beside = `${path}.${process.pid}.part`;
  try {
    await makeAll(dirname(path));
    await writeFile(beside, content);
    await rename(beside, path);
  } catch (e) {
    await rm(beside, { force: true }).catch(() => {});
    throw new CompressError('cannot-write', `cannot write "${path}": ${reason(e)}`, `choose another ${flag}`);
  }
}

/** The state of a training in a file, in a folder that can be written to. */
export async function checkpointFile(path: string): Promise<CheckpointStore> {
  await makeFolder(dirname(path), '--checkpoint');
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

/** A folder with nothing in it, or none at all. */
export const isEmpty = (path: string): Promise<boolean> =>
  readdir(path).then(
    (names) => names.length === 0,
    (e: NodeJS.ErrnoException) => e.code === 'ENOENT',
  );

/** Parents first, one by one: Node's own recursive mkdir never ends under /proc. */
async function makeAll(path: string): Promise<void> {
  if (await exists(path)) return;
  await makeAll(dirname(resolve(path)));
  await mkdir(path);
}

export async function makeFolder(path: string, flag = '--out'): Promise<void> {
  try {
    await makeAll(path);
    const probe = join(path, `.probe.${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (e) {
    throw new CompressError('cannot-write', `cannot write to the folder "${path}": ${reason(e)}`, `choose another ${flag}`);
  }
}

/** Refuses to write a file over another one unless asked to. */
export async function checkFree(path: string, force: boolean): Promise<void> {
  if (force || !(await exists(path))) return;
  const folder = (await stat(path)).isDirectory();
  throw new CompressError(
    'exists',
    `"${path}" exists already${folder ? ' and is a folder' : ''}`,
    folder ? 'give the name of a file' : 'choose another --out, or add --force to replace it',
  );
}

function reason(e: unknown): string {
  const { code, message } = e as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EEXIST: 'a file is in the way',
  };
  return known[code ?? ''] ?? message;
}

export async function readRecipe(path: string): Promise<Recipe> {
  return parseRecipe(new TextDecoder().decode(await readBytes(path, 'the recipe')), path);
}
