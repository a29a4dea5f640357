/** Buffers in one block of memory, placed one after another: quick, and what all better plans begin with. */

/** A buffer of `bytes` that must stay untouched from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Buffer {
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

export interface Placement {
  readonly offsets: readonly number[];
  readonly bytes: number;
}

/** Greedy-by-size, the planner of TFLite Micro: largest first, each at the lowest gap that holds it. */
export function greedyBySize(lifetimes: readonly Lifetime[], align = 16): { offsets: readonly number[]; bytes: number } {
  const buffers = lifetimes.map((l) => ({ size: Math.ceil(l.bytes / align) * align, first: l.first, last: l.last }));
  return place(
    buffers,
    bySize(
      buffers,
      [...buffers.keys()].filter((i) => buffers[i].size > 0),
    ),
  );
}

export const bySize = (buffers: readonly Buffer[], used: readonly number[]) =>
  [...used].sort((a, b) => buffers[b].size - buffers[a].size || buffers[a].first - buffers[b].first || a - b);

/** Each buffer in turn at the lowest offset where it meets none that is alive at the same time. */
export function place(buffers: readonly Buffer[], order: readonly number[]): Placement {
  const offsets = new Array<number>(buffers.length).fill(0);
  const placed: number[] = [];
  let bytes = 0;
  for (const i of order) {
    const b = buffers[i];
    let from = 0;
    for (const k of placed) {
      const other = buffers[k];
      if (other.last < b.first || other.first > b.last) continue;
      if (offsets[k] < from + b.size && offsets[k] + other.size > from) from = offsets[k] + other.size;
    }
    offsets[i] = from;
    bytes = Math.max(bytes, from + b.size);
    let at = placed.length;
    while (at > 0 && offsets[placed[at - 1]] > from) at--;
    placed.splice(at, 0, i);
  }
  return { offsets, bytes };
}
