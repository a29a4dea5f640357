import { readdir, readFile } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedPath } from '../shared.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Folders by the first part of a path. */
export type Folders = Readonly<Record<string, string>>;

export const FOLDERS: Folders = {
  dist: resolve(ROOT, 'dist'),
  assets: resolve(ROOT, 'assets'),
  test: resolve(ROOT, 'test'),
  peers: resolve(ROOT, 'bench/node_modules'),
  ...(sharedPath('') ? { shared: sharedPath('')! } : {}),
};

export async function readFrom(path: string, folders: Folders): Promise<Uint8Array | null> {
  const file = place(path, folders);
  return file ? readFile(file).catch(() => null) : null;
}

/** Names in a folder, in order; none where it is absent. */
export async function listFolder(path: string, folders: Folders): Promise<string[]> {
  const folder = place(path, folders);
  return folder ? (await readdir(folder).catch(() => [])).sort() : [];
}

/** The file a path means, or null where it leaves its folder or names none. */
function place(path: string, folders: Folders): string | null {
  const [first, ...rest] = path.split('/');
  const folder = folders[first];
  if (!folder) return null;
  const file = resolve(folder, rest.join('/'));
  return file.startsWith(resolve(folder) + sep) ? file : null;
}
