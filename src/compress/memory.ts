import type { JobContext } from './job.ts';
import type { Stages } from './steps.ts';

/** As many of one kind, the last ones. */
const KEPT = 24;

/**
 * Work of a study that is done once for each path of stages, in a thread: a path decides every bit of what it leads to, and arms have the same
 * beginnings and come by the same few nodes at their ends.
 */
export function byPath<T>(): (job: JobContext, path: Stages, work: () => Promise<T>) => Promise<T> {
  const memory = new WeakMap<JobContext, Map<string, T>>();
  return async (job, path, work) => {
    const known = memory.get(job) ?? new Map<string, T>();
    memory.set(job, known);
    const key = JSON.stringify(path);
    const found = known.has(key) ? (known.get(key) as T) : await work();
    known.delete(key);
    known.set(key, found);
    if (known.size > KEPT) known.delete(known.keys().next().value!);
    return found;
  };
}
