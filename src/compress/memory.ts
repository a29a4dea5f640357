/** What was found out about the nodes of a study: every arm begins at the same one, and the end of an arm comes by the same few again and again. */
import type { Model } from '../stage.ts';
import type { JobContext } from './job.ts';
import type { Spot, Spots } from './spots.ts';

/** Finds something out about a node once in a thread; it is kept as long as the node is. */
export function once<T>(find: (spots: Spots, spot: Spot) => Promise<T>): (spots: Spots, spot: Spot) => Promise<T> {
  const memory = new WeakMap<JobContext, WeakMap<Model, T>>();
  return async (spots, spot) => {
    const known = memory.get(spots.job) ?? new WeakMap<Model, T>();
    memory.set(spots.job, known);
    const before = known.get(spot.model);
    if (before !== undefined) return before;
    const found = await find(spots, spot);
    known.set(spot.model, found);
    return found;
  };
}
