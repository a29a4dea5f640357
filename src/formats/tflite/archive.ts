/** Files behind a model, in a zip archive whose offsets count from the model's first byte. */
import { type Zippable, zipSync } from 'fflate';
import { unzip } from '../../data/zip.ts';
import type { Attachments } from '../../graph/graph.ts';
import { END } from './attachments.ts';

/** Mark of an entry of a zip archive's directory (PKWARE APPNOTE 6.3.10, section 4.3.12). */
const ENTRY_MARK = 0x02014b50;

/** null where the archive is damaged. */
export function filesBehind(bytes: Uint8Array): Attachments['files'] | null {
  try {
    return Object.fromEntries(unzip(bytes, 'the archive behind the model', () => true));
  } catch {
    return null;
  }
}

/** A model with files behind it, not compressed, as readers expect. */
export function withFiles(model: Uint8Array, files: Attachments['files']): Uint8Array {
  if (!Object.keys(files).length) return model;
  const stored: Zippable = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes]));
  const archive = zipSync(stored, { level: 0, mtime: new Date(1980, 0, 1) });
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const move = (at: number) => view.setUint32(at, view.getUint32(at, true) + model.length, true);
  let entry = view.getUint32(archive.length - END + 16, true);
  while (view.getUint32(entry, true) === ENTRY_MARK) {
    move(entry + 42);
    entry += 46 + view.getUint16(entry + 28, true) + view.getUint16(entry + 30, true) + view.getUint16(entry + 32, true);
  }
  move(archive.length - END + 16);
  const all = new Uint8Array(model.length + archive.length);
  all.set(model);
  all.set(archive, model.length);
  return all;
}
