/** Files as programs and pages hold them: bytes, picked or dropped files, addresses, folders that a page was let into. */
import { CompressError } from '../errors.ts';
import { host } from '../host/node.ts';
import { diskFiles, type FileContent, type Files, memoryFiles } from './files.ts';
import { isZip } from './marks.ts';
import { isNpy } from './npy.ts';
import { isOfSystem } from './system.ts';

/** What `showDirectoryPicker` and `showOpenFilePicker` give, and `getAsFileSystemHandle` of what is dropped. */
export interface FileHandle {
  readonly kind: 'file';
  readonly name: string;
  getFile(): Promise<Blob>;
}
export interface FolderHandle {
  readonly kind: 'directory';
  readonly name: string;
  entries(): AsyncIterable<[string, FileHandle | FolderHandle]>;
}

/** A picked file; `webkitRelativePath` is its place in a picked folder. */
interface PickedFile extends Blob {
  readonly name: string;
  readonly webkitRelativePath?: string;
}

export type FileSource =
  | string
  | URL
  | FileContent
  | FileHandle
  | FolderHandle
  | ArrayLike<PickedFile | URL>
  | Readonly<Record<string, FileContent>>;

/** Whether a source is no table of contents by name, and no arrays. */
export const isFileSource = (source: object): boolean =>
  isContent(source) || source instanceof URL || isHandle(source) || isList(source);

const isContent = (source: object): source is FileContent =>
  source instanceof Uint8Array || source instanceof ArrayBuffer || source instanceof Blob;
const isHandle = (source: object): source is FileHandle | FolderHandle =>
  'kind' in source && (source.kind === 'file' || source.kind === 'directory') && 'name' in source;
const isList = (source: object): source is ArrayLike<PickedFile | URL> =>
  Array.isArray(source) || (typeof FileList !== 'undefined' && source instanceof FileList);

/** @throws CompressError `bad-file` for what cannot be read, `bad-option` for bytes of a kind that only a name could tell */
export async function filesOf(source: FileSource): Promise<Files> {
  if (typeof source === 'string') return /^https?:\/\//i.test(source) ? fromAddresses([new URL(source)]) : diskFiles(source);
  if (source instanceof URL) return source.protocol === 'file:' ? fromDisk(source) : fromAddresses([source]);
  if (isContent(source)) return memoryFiles({ [await nameOf(source)]: source });
  if (isHandle(source))
    return source.kind === 'file' ? memoryFiles({ [source.name]: await source.getFile() }) : fromFolder(source);
  if (isList(source)) return fromList(Array.from(source));
  return memoryFiles(source);
}

async function fromDisk(address: URL): Promise<Files> {
  if (!host.node)
    throw new CompressError('bad-option', `${address} names a file, but there is no file system here`, 'give its bytes');
  return diskFiles((await host.node.url()).fileURLToPath(address));
}

/** The name of a file, else one that says what its first bytes are. */
async function nameOf(content: FileContent): Promise<string> {
  if (content instanceof Blob && 'name' in content && typeof content.name === 'string') return content.name;
  const head = content instanceof Blob ? await content.slice(0, 6).arrayBuffer() : content;
  const bytes = head instanceof Uint8Array ? head : new Uint8Array(head);
  if (isZip(bytes)) return 'data.npz';
  if (isNpy(bytes)) return 'data.npy';
  throw new CompressError('bad-option', 'the bytes are those of no .npz or .npy, and have no name', 'give { name: bytes }');
}

async function fromFolder(folder: FolderHandle): Promise<Files> {
  const contents: Record<string, FileContent> = {};
  const handles = new Map<string, FileHandle>();
  const walk = async (from: FolderHandle, prefix: string) => {
    for await (const [name, handle] of from.entries()) {
      if (handle.kind === 'file') handles.set(prefix + name, handle);
      else if (!isOfSystem(name)) await walk(handle, `${prefix}${name}/`);
    }
  };
  await walk(folder, '');
  for (const path of handles.keys()) contents[path] = new Uint8Array(0);
  const read = async (path: string) => new Uint8Array(await (await handles.get(path)!.getFile()).arrayBuffer());
  return { ...memoryFiles(contents), name: folder.name, single: false, read };
}

function fromList(list: readonly (PickedFile | URL)[]): Files | Promise<Files> {
  const addresses = list.filter((f) => f instanceof URL);
  if (addresses.length === list.length && list.length) return fromAddresses(addresses);
  if (addresses.length) throw new CompressError('bad-option', 'the list has files and addresses', 'give one kind of them');
  const files = list as readonly PickedFile[];
  if (!files.length) throw new CompressError('bad-data', 'the list of files is empty', 'pick a folder or files');
  const odd = files.findIndex((f) => !(f instanceof Blob) || typeof f.name !== 'string');
  if (odd >= 0)
    throw new CompressError('bad-option', `element ${odd} of the list is no file`, 'give File objects, as an input gives them');
  const paths = files.map((f) => (f.webkitRelativePath || f.name).split('/'));
  // a picked folder is the first part of every path
  const isFolder = paths.every((p) => p.length > 1 && p[0] === paths[0][0]);
  const all = memoryFiles(Object.fromEntries(files.map((f, i) => [(isFolder ? paths[i].slice(1) : paths[i]).join('/'), f])));
  return isFolder ? { ...all, name: paths[0][0], single: false } : all;
}

async function fromAddresses(addresses: readonly URL[]): Promise<Files> {
  const contents = await Promise.all(
    addresses.map(async (url) => [decodeURIComponent(url.pathname.split('/').at(-1)!) || 'data', await fetched(url)] as const),
  );
  return memoryFiles(Object.fromEntries(contents));
}

async function fetched(url: URL): Promise<Uint8Array> {
  let answer: Response;
  try {
    answer = await fetch(url);
  } catch (e) {
    const why = (e as Error & { cause?: Error }).cause?.message ?? (e as Error).message;
    throw new CompressError(
      'bad-file',
      `${url} cannot be fetched: ${why}`,
      'check the address; another host must allow it (CORS)',
    );
  }
  if (!answer.ok) throw new CompressError('bad-file', `${url} answered ${answer.status}`, 'check the address');
  if ((answer.headers.get('content-type') ?? '').startsWith('text/html'))
    throw new CompressError('bad-file', `${url} is a page, no data`, 'give the address of a file, as .../test.npz');
  return new Uint8Array(await answer.arrayBuffer());
}
