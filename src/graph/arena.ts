/**
 * Where buffers lie in one block of memory (the arena): dynamic storage allocation, known to be NP-hard.
 * Everything here is a pure function of its input; effort is bounded by counted search nodes, never by a clock.
 */
import { type Buffer, bySize, type Lifetime, type Placement, place } from './greedy.ts';

export interface Arena {
  /** Byte offset of each lifetime, a multiple of the alignment. */
  readonly offsets: readonly number[];
  readonly bytes: number;
  /** The most bytes alive at one step: no plan can need less. */
  readonly lowerBound: number;
  /** True when no smaller arena exists (it meets the bound, or the search was exhausted). */
  readonly optimal: boolean;
}

export interface ArenaOptions {
  /** Bytes; every offset is a multiple. 16 is what MVE loads want. */
  readonly align?: number;
  /** Search nodes of the exact search before it settles for the best plan found. */
  readonly nodes?: number;
}

/**
 * Places `lifetimes`: never more bytes than greedy-by-size or any of several orders; the bound itself on a chain of tensors with scratch;
 * optimal where a search for the bound succeeds or the exact search finishes.
 */
export function planArena(lifetimes: readonly Lifetime[], { align = 16, nodes = 20000 }: ArenaOptions = {}): Arena {
  const steps = sections(lifetimes);
  const buffers = lifetimes.map((l) => ({
    size: Math.ceil(l.bytes / align) * align,
    first: steps.get(l.first)!,
    last: steps.get(l.last)!,
  }));
  const used = [...buffers.keys()].filter((i) => buffers[i].size > 0);
  const lowerBound = peak(buffers, steps.count);
  const plan: JudgedPlacement =
    fromBothEnds(buffers, used, lowerBound) ?? searched(buffers, used, steps.count, lowerBound, nodes);
  return { offsets: plan.offsets, bytes: plan.bytes, lowerBound, optimal: plan.optimal ?? plan.bytes === lowerBound };
}

/** Orders, a search for the bound, the exact search, a search for less than it found; each only while it is not known to be the least. */
function searched(
  buffers: readonly Buffer[],
  used: readonly number[],
  steps: number,
  lowerBound: number,
  nodes: number,
): JudgedPlacement {
  let best = place(buffers, bySize(buffers, used));
  for (const order of best.bytes > lowerBound ? otherOrders(buffers, used) : []) {
    if (best.bytes === lowerBound) break;
    const plan = place(buffers, order);
    if (plan.bytes < best.bytes) best = plan;
  }
  if (best.bytes === lowerBound) return best;
  const order = outward(buffers, used, steps);
  const met = within(buffers, order, lowerBound, 50 * nodes);
  if (met) return met;
  const search = new ExactSearch(buffers, used, steps, lowerBound, best, nodes);
  const optimal = search.run();
  if (optimal) return { ...search.best, optimal };
  const smaller = narrowed(buffers, order, lowerBound, search.best, 25 * nodes);
  return { ...smaller, optimal: smaller.bytes === lowerBound };
}

/**
 * The bound itself where at most two buffers that outlive a step are alive at once, as in a chain of tensors: one lies at the bottom, the
 * next one at the top, and what lives for one step only, as scratch does, between them. Null for other lifetimes.
 */
function fromBothEnds(buffers: readonly Buffer[], used: readonly number[], bytes: number): Placement | null {
  const isShort = (i: number) => buffers[i].first === buffers[i].last;
  const long = used.filter((i) => !isShort(i)).sort((a, b) => buffers[a].first - buffers[b].first || a - b);
  const offsets = new Array<number>(buffers.length).fill(0);
  /** For both ends the last section that is taken there, and the buffer. */
  const taken = [-1, -1];
  /** By section the first byte above what lies at the bottom. */
  const above = new Map<number, number>();
  for (const i of long) {
    const { first, last, size } = buffers[i];
    const end = taken.findIndex((until) => until < first);
    if (end < 0) return null;
    taken[end] = last;
    offsets[i] = end === 0 ? 0 : bytes - size;
    for (let s = first; end === 0 && s <= last; s++) above.set(s, size);
  }
  for (const i of used.filter(isShort)) {
    const { first, size } = buffers[i];
    offsets[i] = above.get(first) ?? 0;
    above.set(first, offsets[i] + size);
  }
  return { offsets, bytes };
}

/** From the busiest section outwards in time, the largest first. */
function outward(buffers: readonly Buffer[], used: readonly number[], steps: number): number[] {
  const alive = pressures(buffers, steps);
  const busiest = alive.indexOf(alive.reduce((a, b) => Math.max(a, b), 0));
  const far = (i: number) => Math.max(0, buffers[i].first - busiest, busiest - buffers[i].last);
  return [...used].sort((a, b) => far(a) - far(b) || buffers[b].size - buffers[a].size || a - b);
}

/** Plans within less and less memory, each time half way from what was too little to the best; `tooFew` was too little. */
function narrowed(
  buffers: readonly Buffer[],
  order: readonly number[],
  tooFew: number,
  start: Placement,
  work: number,
): Placement {
  const unit = buffers.reduce((a, b) => gcd(a, b.size), 0);
  let best = start;
  let low = tooFew;
  while (best.bytes - low > unit) {
    const target = low + unit * Math.floor((best.bytes - low) / unit / 2);
    const found = within(buffers, order, target, work);
    if (found) best = found;
    else low = target;
  }
  return best;
}

export const gcd = (a: number, b: number): number => (b ? gcd(b, a % b) : a);

/** A plan of at most `bytes`: buffers in turn, each against another one or against an end of the memory. Null where `work` comparisons find none. */
function within(buffers: readonly Buffer[], order: readonly number[], bytes: number, work: number): Placement | null {
  const offsets = new Array<number>(buffers.length).fill(0);
  const meets = order.map((i, n) =>
    order.slice(0, n).filter((k) => buffers[k].last >= buffers[i].first && buffers[k].first <= buffers[i].last),
  );
  let left = work;
  const go = (n: number): boolean => {
    if (n === order.length) return true;
    const i = order[n];
    const { size } = buffers[i];
    const others = meets[n];
    left -= 1 + others.length * others.length;
    if (left < 0) return false;
    const isFree = (at: number) =>
      at >= 0 && at + size <= bytes && others.every((k) => offsets[k] >= at + size || offsets[k] + buffers[k].size <= at);
    const ends = others.flatMap((k) => [offsets[k] + buffers[k].size, offsets[k] - size]);
    const places = [...new Set([0, bytes - size, ...ends.sort((a, b) => a - b)])].filter(isFree);
    for (const at of places) {
      offsets[i] = at;
      if (go(n + 1)) return true;
      if (left < 0) return false;
    }
    return false;
  };
  return go(0) ? { offsets, bytes: order.reduce((n, i) => Math.max(n, offsets[i] + buffers[i].size), 0) } : null;
}

interface JudgedPlacement extends Placement {
  /** Set where it is known whatever the bound says. */
  readonly optimal?: boolean;
}

/** Steps renumbered so that only those remain at which a buffer begins: pressure is highest there. */
function sections(lifetimes: readonly Lifetime[]): { get(step: number): number | undefined; count: number } {
  const starts = [...new Set(lifetimes.map((l) => l.first))].sort((a, b) => a - b);
  const index = new Map(starts.map((s, i) => [s, i]));
  for (const { last } of lifetimes) {
    if (index.has(last)) continue;
    let at = starts.length - 1;
    while (at > 0 && starts[at] > last) at--;
    index.set(last, at);
  }
  return { get: (step) => index.get(step), count: starts.length };
}

/** Bytes alive by section. */
function pressures(buffers: readonly Buffer[], count: number): Float64Array {
  const alive = new Float64Array(count);
  for (const b of buffers) for (let s = b.first; s <= b.last; s++) alive[s] += b.size;
  return alive;
}

const peak = (buffers: readonly Buffer[], count: number): number => pressures(buffers, count).reduce((a, b) => Math.max(a, b), 0);

/** Further orders that often win: by area, by length of life, by time, by the pressure at the busiest step of the life. */
function otherOrders(buffers: readonly Buffer[], used: readonly number[]): number[][] {
  const long = (i: number) => buffers[i].last - buffers[i].first + 1;
  const pressure = (i: number) => {
    const b = buffers[i];
    let most = 0;
    for (let s = b.first; s <= b.last; s++) {
      let sum = 0;
      for (const k of used) if (buffers[k].first <= s && buffers[k].last >= s) sum += buffers[k].size;
      most = Math.max(most, sum);
    }
    return most;
  };
  const keys = used.map((i) => ({ i, size: buffers[i].size, first: buffers[i].first, long: long(i), pressure: pressure(i) }));
  type Key = (typeof keys)[number];
  const sorted = (by: (a: Key, b: Key) => number) => [...keys].sort((a, b) => by(a, b) || a.i - b.i).map((k) => k.i);
  return [
    sorted((a, b) => b.pressure - a.pressure || b.size - a.size),
    sorted((a, b) => b.size * b.long - a.size * a.long),
    sorted((a, b) => b.long - a.long || b.size - a.size),
    sorted((a, b) => b.pressure - a.pressure || b.long - a.long || b.size - a.size),
    sorted((a, b) => a.first - b.first || b.size - a.size),
    sorted((a, b) => b.first - a.first || b.size - a.size),
  ];
}

/**
 * Branch and bound over plans in which nothing can slide down: buffers are set by rising offset, each on the highest
 * one below it. `height[s]` is where the next buffer alive at section s may begin, `left[s]` the bytes still to be set there.
 */
class ExactSearch {
  best: Placement;
  private readonly height: Float64Array;
  private readonly left: Float64Array;
  private readonly offsets: number[];
  private readonly todo: number[];
  private visited = 0;

  constructor(
    private readonly buffers: readonly Buffer[],
    used: readonly number[],
    private readonly sections: number,
    private readonly bound: number,
    start: Placement,
    private readonly limit: number,
  ) {
    this.best = start;
    this.height = new Float64Array(sections);
    this.left = new Float64Array(sections);
    this.offsets = new Array<number>(buffers.length).fill(0);
    this.todo = [...used];
    for (const i of used) for (let s = buffers[i].first; s <= buffers[i].last; s++) this.left[s] += buffers[i].size;
  }

  /** True when the best plan is proven to be the smallest. */
  run(): boolean {
    this.branch(0, -1);
    return this.best.bytes === this.bound || this.visited <= this.limit;
  }

  private branch(floor: number, previous: number): void {
    if (this.todo.length === 0) {
      const bytes = this.height.reduce((a, b) => Math.max(a, b), 0);
      if (bytes < this.best.bytes) this.best = { offsets: [...this.offsets], bytes };
      return;
    }
    if (++this.visited > this.limit || this.best.bytes === this.bound || this.isHopeless(floor)) return;
    for (const { i, from } of this.candidates(floor, previous)) {
      if (this.visited > this.limit || this.best.bytes === this.bound) return;
      this.set(i, from);
    }
  }

  private isHopeless(floor: number): boolean {
    for (let s = 0; s < this.sections; s++) {
      if (this.left[s] > 0 && Math.max(this.height[s], floor) + this.left[s] >= this.best.bytes) return true;
    }
    return false;
  }

  /** Buffers that may come next, lowest and largest first. One that leaves room below for another whole buffer may not. */
  private candidates(floor: number, previous: number): { i: number; from: number; size: number }[] {
    const found: { i: number; from: number; size: number }[] = [];
    let limit = Number.POSITIVE_INFINITY;
    for (const i of this.todo) {
      const { first, last, size } = this.buffers[i];
      let from = 0;
      for (let s = first; s <= last; s++) from = Math.max(from, this.height[s]);
      limit = Math.min(limit, from + size);
      if (from > floor || (from === floor && i > previous)) found.push({ i, from, size });
    }
    return found.filter((c) => c.from < limit).sort((a, b) => a.from - b.from || b.size - a.size || a.i - b.i);
  }

  private set(i: number, from: number): void {
    const { first, last, size } = this.buffers[i];
    const before = this.height.slice(first, last + 1);
    for (let s = first; s <= last; s++) {
      this.height[s] = from + size;
      this.left[s] -= size;
    }
    this.offsets[i] = from;
    const at = this.todo.indexOf(i);
    this.todo.splice(at, 1);
    this.branch(from, i);
    this.todo.splice(at, 0, i);
    for (let s = first; s <= last; s++) {
      this.height[s] = before[s - first];
      this.left[s] += size;
    }
  }
}
