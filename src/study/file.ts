import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../digest.ts';
import type { TrialStore } from '../search/store.ts';
import type { Artifacts } from './artifacts.ts';
import { guard } from './guard.ts';
import { newId } from './id.ts';
import { decodeLines, encode, type Journal, type Op, type Position, START } from './journal.ts';
import { openJournal } from './journal_store.ts';
import { withLock } from './lock.ts';
import type { Storage, StudyHead } from './storage.ts';

/** A journal in a file, written under a lock that Optuna honours too. Every append is on disk when it resolves. */
export class FileStorage implements Storage, Journal {
  readonly place: string;

  constructor(path: string) {
    this.place = path;
  }

  open(name: string, head: StudyHead, resume: boolean): Promise<TrialStore> {
    return openJournal(this, name, head, resume);
  }

  async append(ops: readonly Op[], at?: Position): Promise<boolean> {
    const bytes = new TextEncoder().encode(ops.map(encode).join(''));
    return guard(this.place, () => {
      const isNew = !existsSync(this.place);
      const isAdded = withLock(this.place, () =>
        withFile(this.place, 'a+', (file) => {
          dropUnfinishedLine(file);
          if (at && at.offset !== fstatSync(file).size) return false;
          writeAll(file, bytes);
          fsyncSync(file);
          return true;
        }),
      );
      if (isNew) syncFolder(dirname(this.place));
      return isAdded;
    });
  }

  async read(from: Position = START): Promise<{ ops: Op[]; end: Position }> {
    if (!existsSync(this.place)) return { ops: [], end: from };
    const bytes = guard(this.place, () => withFile(this.place, 'r', (file) => readFrom(file, from.offset)));
    const length = bytes.lastIndexOf(10) + 1;
    const ops = decodeLines(new TextDecoder().decode(bytes.subarray(0, length)), from.lines, this.place);
    return { ops, end: { offset: from.offset + length, lines: from.lines + ops.length } };
  }
}

/** Files named by their content, in one folder. */
export class FolderArtifacts implements Artifacts {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(bytes: Uint8Array): Promise<string> {
    const name = await sha256(bytes);
    const path = join(this.#folder, name);
    guard(path, () => {
      mkdirSync(this.#folder, { recursive: true });
      if (existsSync(path)) return;
      // Written beside and renamed: a name never has half of its content. Processes of several hosts, which may have one number, can put it at once.
      const beside = `${path}.${newId()}.part`;
      try {
        withFile(beside, 'w', (file) => {
          writeAll(file, bytes);
          fsyncSync(file);
        });
        renameSync(beside, path);
      } catch (error) {
        rmSync(beside, { force: true });
        throw error;
      }
      syncFolder(this.#folder);
    });
    return name;
  }

  async get(name: string): Promise<Uint8Array | null> {
    const path = join(this.#folder, name);
    return existsSync(path) ? new Uint8Array(guard(path, () => readFileSync(path))) : null;
  }
}

function withFile<T>(path: string, flags: string, work: (file: number) => T): T {
  const file = openSync(path, flags);
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

function readFrom(file: number, offset: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, fstatSync(file).size - offset));
  let done = 0;
  while (done < bytes.length) {
    const n = readSync(file, bytes, done, bytes.length - done, offset + done);
    if (n === 0) break;
    done += n;
  }
  return bytes.subarray(0, done);
}

/** With the lock held, a last line without its newline was left by a process that died while writing it. */
function dropUnfinishedLine(file: number): void {
  const { size } = fstatSync(file);
  const last = new Uint8Array(1);
  if (size === 0 || (readSync(file, last, 0, 1, size - 1) === 1 && last[0] === 10)) return;
  ftruncateSync(file, readFrom(file, 0).lastIndexOf(10) + 1);
}

/** Makes a new name in a folder survive a power cut; not every system lets a folder be opened. */
function syncFolder(folder: string): void {
  try {
    withFile(folder, 'r', fsyncSync);
  } catch {}
}
