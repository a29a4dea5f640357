import { CompressError } from '../errors.ts';

/** What `work` gives; where the system refuses it, a CompressError `cannot-write` that names the file. */
export function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || error instanceof CompressError) throw error;
    throw new CompressError('cannot-write', `${path}: ${code}`, 'check that the folder exists, is writable and has room');
  }
}
