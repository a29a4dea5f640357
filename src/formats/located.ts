import { CompressError } from '../errors.ts';

/**
 * What a part of a file is refused for, said with the part.
 *
 * @param where the part, as a message begins with it
 * @param mark  what tells that a message names it already
 */
export function located<T>(where: string, work: () => T, mark = where): T {
  try {
    return work();
  } catch (e) {
    if (!(e instanceof CompressError) || e.message.includes(mark)) throw e;
    throw new CompressError(e.code === 'unsupported' ? e.code : 'bad-file', `${where}: ${e.what}`, e.fix);
  }
}
