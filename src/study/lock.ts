import { closeSync, lstatSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { CompressError } from '../errors.ts';

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

/**
 * Keeps others from what stands at `path` until the function returned is called or the process ends.
 *
 * @throws CompressError `exists` while another process keeps it
 */
export function holdFile(path: string, what: string): () => void {
  const mark = `${path}.running`;
  for (;;) {
    try {
      const file = openSync(mark, 'wx');
      writeSync(file, owner(process.pid));
      closeSync(file);
      return () => remove(mark);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    if (!ownerIsDead(mark)) {
      const [host, pid] = readFileSync(mark, 'utf8').split(' ');
      throw new CompressError(
        'exists',
        `process ${pid} on ${host} is running ${what}`,
        `let it end, then resume; if it is gone, remove ${mark}`,
      );
    }
    remove(mark);
  }
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
    if (stale && stamp(lock) === seen) remove(lock);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
  }
}

const owner = (pid: number) => `${hostname()} ${pid}`;

/** What tells one lock from the next under the same name; empty when it is gone. */
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

/** Renamed first, so that a lock taken by somebody else in between is never the one unlinked. */
function remove(lock: string): void {
  const aside = `${lock}.${process.pid}.${Date.now()}`;
  try {
    renameSync(lock, aside);
    unlinkSync(aside);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}
