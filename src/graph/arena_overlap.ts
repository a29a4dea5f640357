import { type ArenaOptions, gcd } from './arena.ts';
import type { Buffer, Lifetime, Placement } from './greedy.ts';

/**
 * Arenas in which a layer's output may lie over its input, a little below it: where outputs are written in the order in which inputs are read
 * for the last time, what is written lands on what nobody needs any more.
 */
export interface Overlap {
  /** Indices of lifetimes. */
  readonly input: number;
  readonly output: number;
  /** The output begins at least so many bytes before the input ... */
  readonly below: number;
  /** ... and at a multiple of so many. */
  readonly multiple: number;
}

interface Rule {
  readonly other: number;
  /** Of the output to the input: what the offsets may differ by. */
  readonly below: number;
  readonly multiple: number;
  readonly isInput: boolean;
}

/** Sweeps of the search for a better order. */
const SWEEPS = 4;

/** Places `lifetimes` by orders and by moving single buffers to the front of the best one. */
export function planOverlapping(
  lifetimes: readonly Lifetime[],
  overlaps: readonly Overlap[],
  { align = 16 }: ArenaOptions = {},
): Placement {
  const buffers = lifetimes.map((l) => ({ ...l, size: Math.ceil(l.bytes / align) * align }));
  const rules = rulesOf(buffers.length, overlaps, align);
  const used = [...buffers.keys()].filter((i) => buffers[i].size > 0);
  const size = (i: number) => -buffers[i].size;
  const free = (i: number) => (rules[i].length ? 0 : 1);
  const late = (i: number) => -buffers[i].first;
  const keys: ((i: number) => number)[][] = [[size], [(i) => -late(i)], [late], [free, late, size], [free, size]];
  let order = used;
  let best = place(buffers, rules, used, align);
  for (const by of keys) {
    const sorted = [...used].sort((a, b) => by.reduce((d, key) => d || key(a) - key(b), 0) || a - b);
    const plan = place(buffers, rules, sorted, align);
    if (plan.bytes < best.bytes) [best, order] = [plan, sorted];
  }
  for (let sweep = 0, better = true; better && sweep < SWEEPS; sweep++) {
    better = false;
    for (const i of used) {
      const moved = [i, ...order.filter((k) => k !== i)];
      const plan = place(buffers, rules, moved, align);
      if (plan.bytes < best.bytes) [best, order, better] = [plan, moved, true];
    }
  }
  return best;
}

function rulesOf(count: number, overlaps: readonly Overlap[], align: number): Rule[][] {
  const rules: Rule[][] = Array.from({ length: count }, () => []);
  for (const { input, output, below, multiple } of overlaps) {
    const step = leastCommon(multiple, align);
    const least = Math.ceil(Math.max(0, below) / step) * step;
    rules[output].push({ other: input, below: least, multiple: step, isInput: false });
    rules[input].push({ other: output, below: least, multiple: step, isInput: true });
  }
  return rules;
}

const leastCommon = (a: number, b: number): number => (a / gcd(a, b)) * b;

/** Each buffer in turn at the lowest offset that no other one forbids. */
function place(buffers: readonly Buffer[], rules: readonly Rule[][], order: readonly number[], align: number): Placement {
  const offsets = new Array<number>(buffers.length).fill(0);
  const placed: number[] = [];
  let bytes = 0;
  for (const i of order) {
    const b = buffers[i];
    const meets = placed.filter((k) => buffers[k].last >= b.first && buffers[k].first <= b.last);
    let from = 0;
    for (let moved = true; moved; ) {
      moved = false;
      for (const k of meets) {
        const other = buffers[k];
        if (offsets[k] >= from + b.size || offsets[k] + other.size <= from) continue;
        const next = allowedFrom(
          from,
          offsets[k],
          other.size,
          rules[i].find((r) => r.other === k),
        );
        if (next === from) continue;
        from = Math.ceil(next / align) * align;
        moved = true;
      }
    }
    offsets[i] = from;
    bytes = Math.max(bytes, from + b.size);
    placed.push(i);
  }
  return { offsets, bytes };
}

/** The lowest offset from `from` on at which a buffer may lie over another one, or the end of that. */
function allowedFrom(from: number, at: number, size: number, rule: Rule | undefined): number {
  const end = at + size;
  if (!rule) return end;
  const { below, multiple, isInput } = rule;
  if (isInput) {
    const next = at + below + Math.max(0, Math.ceil((from - at - below) / multiple)) * multiple;
    return Math.min(next, end);
  }
  // The output's offset is the input's less a multiple that is at least `below`.
  const steps = Math.floor((at - from) / multiple);
  const apart = steps * multiple;
  return apart >= below && apart >= 0 ? at - apart : end;
}
