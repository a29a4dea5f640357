import { CompressError } from '../errors.ts';
import { host } from '../host/node.ts';
import { isOfSystem } from './system.ts';

/** A folder (or one file of it), on disk or in memory, read as needed. */
export interface Files {
  /** How messages and reports call it. */
  readonly name: string;
  /** Paths below it, `/` between folders, sorted. */
  readonly list: readonly string[];
  /** Folders below it that hold no file, sorted. */
  readonly empty: readonly string[];
  /** Files and folders of the system, and hidden ones: not in `list`. */
  readonly passedOver: readonly string[];
  /** Whether the source names one file rather than a folder. */
  readonly single: boolean;
  read(path: string): Promise<Uint8Array>;
  /** On disk: where a file is, if it has so many bytes or more. */
  large?(path: string, bytes: number): Promise<string | null>;
  /** Of one file on disk: the folder that it lies in. */
  beside?(): Promise<Files>;
}

export type FileContent = Uint8Array | ArrayBuffer | Blob;

/** Files that the caller holds (in a browser: picked or dropped). */
export function memoryFiles(contents: Readonly<Record<string, FileContent>>): Files {
  const all = Object.keys(contents).sort();
  const list = all.filter((path) => !isOfSystem(path));
  return {
    name: all.length === 1 ? all[0] : 'dataset',
    list,
    empty: [],
    passedOver: all.filter(isOfSystem),
    single: list.length === 1 && !list[0].includes('/'),
    read: async (path) => {
      const content = contents[path];
      if (content instanceof Uint8Array) return content;
      return new Uint8Array(content instanceof ArrayBuffer ? content : await content.arrayBuffer());
    },
  };
}

/** Links may lead in a circle. */
const DEEPEST = 12;

/** A file or folder of the file system (Node). */
export async function diskFiles(path: string): Promise<Files> {
  if (!host.node) {
    throw new CompressError(
      'bad-option',
      `"${path}" names a file, but there is no file system here`,
      'give the files themselves: { name: bytes }',
    );
  }
  const { readdir, readFile, stat } = await host.node.fs();
  const { basename, dirname, join, resolve } = await host.node.path();
  const single = !(await guarded(path, () => stat(path))).isDirectory();
  const list: string[] = [];
  const folders: string[] = [];
  const passedOver: string[] = [];
  const leadsToFolder = (link: string) =>
    stat(link).then(
      (s) => s.isDirectory(),
      () => false,
    );
  const walk = async (folder: string, prefix: string, depth: number) => {
    for (const entry of await guarded(folder, () => readdir(folder, { withFileTypes: true }))) {
      if (isOfSystem(entry.name)) {
        passedOver.push(prefix + entry.name);
        continue;
      }
      const below = join(folder, entry.name);
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(below)));
      (isFolder ? folders : list).push(prefix + entry.name);
      if (isFolder && depth < DEEPEST) await walk(below, `${prefix}${entry.name}/`, depth + 1);
    }
  };
  if (single) list.push(basename(path));
  else await walk(path, '', 1);
  return {
    name: basename(resolve(path)),
    list: list.sort(),
    empty: folders.filter((folder) => !list.some((file) => file.startsWith(`${folder}/`))).sort(),
    passedOver: passedOver.sort(),
    single,
    ...(single && { beside: () => diskFiles(dirname(resolve(path))) }),
    read: (name) => {
      const full = single ? path : join(path, name);
      return guarded(full, () => readFile(full));
    },
    large: async (name, bytes) => {
      const full = single ? path : join(path, name);
      return (await guarded(full, () => stat(full))).size >= bytes ? full : null;
    },
  };
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new CompressError('bad-file', `there is no file or folder ${path}`, 'check the path of the data');
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new CompressError('bad-file', `${path} may not be read`, 'change its permissions, or run as a user who may');
    }
    if (code === 'ERR_FS_FILE_TOO_LARGE')
      throw new CompressError(
        'bad-file',
        `${path} has more than 2 GiB`,
        'divide it, or save its numbers as .npz or .npy, which are read as they are needed',
      );
    throw new CompressError('bad-file', `${path} cannot be read: ${message}`, 'check the file and the disk');
  }
}
