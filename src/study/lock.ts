import { closeSync, lstatSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { CompressError } from '../errors.ts';
import { guard } from './guard.ts';

/** A lock that does not change for so long belongs to a process that died: Optuna's own patience. */
const PATIENCE_MS = 30_000;

const isCode = (error: unknown, code: string) => (error as NodeJS.ErrnoException).code === code;

/**
 * Runs `work` while holding `<path>.lock`, a file made with O_EXCL as Optuna's `JournalFileOpenLock` makes it; it excludes the default
 * symbolic-link lock as well. It names its process, so that the lock of a killed one is taken over at once.
 */
export function withLock<T>(path: string, work: () => T): T {
  const lock = `${path}.lock`;
  acquire(lock);
  try {
    return work();
  } finally {
    remove(lock);
  }
}

/** Marks that this process holds. */
const held = new Set<string>();

/**
 * Keeps other processes from the file or folder at `path` until the function returned is called or this process ends.
 *
 * @throws CompressError `exists` while another process keeps it, `cannot-write` where no mark can be made
 */
export function holdFile(path: string, what: string): () => void {
  const mark = `${path}.running`;
  guard(mark, () => {
    while (!takes(mark)) {
      const seen = stamp(mark);
      if (seen === '') continue;
      if (!isLeft(mark)) throw isHeld(mark, what);
      if (stamp(mark) === seen) remove(mark, seen);
    }
  });
  held.add(mark);
  return () => {
    held.delete(mark);
    remove(mark);
  };
}

function takes(mark: string): boolean {
  try {
    writeFileSync(mark, owner(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    remove(mark);
    throw error;
  }
}

/** Whether a mark is abandoned: its process is dead, or was one of the same number before this one, or died before it wrote who it was. */
function isLeft(mark: string): boolean {
  const text = textOf(mark);
  if (text === '') return ageOf(mark) > PATIENCE_MS;
  return ownerIsDead(mark) || (text === owner(process.pid) && !held.has(mark));
}

function isHeld(mark: string, what: string): CompressError {
  const [host, pid] = textOf(mark).split(' ');
  return new CompressError(
    'exists',
    `${pid ? `process ${pid} on ${host}` : 'another process'} is running ${what}`,
    `let it end, then resume; if it is gone, remove ${mark}`,
  );
}

function acquire(lock: string): void {
  let seen = '';
  let since = Date.now();
  for (let pause = 1; ; pause = Math.min(2 * pause, 100)) {
    try {
      const file = openSync(lock, 'wx');
      writeSync(file, owner(process.pid));
      closeSync(file);
      return;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    const now = stamp(lock);
    if (now !== seen) {
      seen = now;
      since = Date.now();
    }
    const stale = now !== '' && (ownerIsDead(lock) || Date.now() - since > PATIENCE_MS);
    if (stale && stamp(lock) === seen) remove(lock, seen);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
  }
}

const owner = (pid: number) => `${hostname()} ${pid}`;

/** Distinguishes one lock from the next under the same name; empty when there is none. */
function stamp(lock: string): string {
  try {
    const { ino, mtimeMs } = lstatSync(lock);
    return `${ino} ${mtimeMs}`;
  } catch {
    return '';
  }
}

function ownerIsDead(lock: string): boolean {
  try {
    const text = lstatSync(lock).isFile() ? readFileSync(lock, 'utf8') : '';
    const pid = Number(text.split(' ')[1]);
    if (!Number.isSafeInteger(pid) || pid <= 0 || text !== owner(pid) || pid === process.pid) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return isCode(error, 'ESRCH');
  }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const ageOf = (path: string): number => {
  try {
    return Date.now() - lstatSync(path).mtimeMs;
  } catch {
    return 0;
  }
};

/** Renamed first; a lock that is not the one `seen`, but was taken by another process in between, is put back. */
function remove(lock: string, seen?: string): void {
  const aside = `${lock}.${process.pid}.${Date.now()}`;
  try {
    renameSync(lock, aside);
    if (seen !== undefined && stamp(aside) !== seen) renameSync(aside, lock);
    else unlinkSync(aside);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}
