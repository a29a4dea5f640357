import { largestSubset, ranks } from './pareto.ts';
import { losses, type TrialRecord, violation } from './record.ts';
import type { Pending, View } from './sampler.ts';

/** Good trials and the others, each in order of number. */
export interface Split {
  readonly below: readonly Pending[];
  readonly above: readonly Pending[];
}

const MOST_BELOW = 25;

/**
 * The best tenth is "below". Feasible complete trials come first, by value; then pruned ones, those that got further first; then
 * infeasible ones by violation. Running trials are "above", so that nobody else looks where they look (constant liar).
 */
export function splitTrials(view: View): Split {
  const { finished, running, directions } = view;
  const tenth = Math.ceil(0.1 * finished.length);
  const count = directions.length > 1 ? tenth : Math.min(tenth, MOST_BELOW);
  const feasible = finished.filter((t) => violation(t) === 0);
  const order = [
    ...bestFirst(
      feasible.filter((t) => t.state === 'complete'),
      view,
      count,
    ),
    ...feasible.filter((t) => t.state === 'pruned').sort(furthestFirst(view)),
    ...finished.filter((t) => violation(t) > 0).sort((a, b) => violation(a) - violation(b)),
  ];
  const below = new Set(order.slice(0, count));
  const above = finished.filter((t) => !below.has(t));
  return { below: finished.filter((t) => below.has(t)), above: [...above, ...running].sort((a, b) => a.number - b.number) };
}

/** One objective: by value. Several: whole ranks of non-domination while they fit, then the subset with the largest hypervolume. */
function bestFirst(trials: TrialRecord[], { directions }: View, count: number): TrialRecord[] {
  const points = trials.map((t) => losses(t.values!, directions));
  if (directions.length === 1) {
    return trials
      .map((_, i) => i)
      .sort((a, b) => compare(points[a][0], points[b][0]))
      .map((i) => trials[i]);
  }
  const order: number[] = [];
  for (const rank of ranks(points)) {
    const room = count - order.length;
    if (room <= 0) break;
    if (rank.length <= room) order.push(...rank);
    else
      order.push(
        ...largestSubset(
          rank.map((i) => points[i]),
          room,
        ).map((k) => rank[k]),
      );
  }
  return order.map((i) => trials[i]);
}

function furthestFirst({ directions }: View): (a: TrialRecord, b: TrialRecord) => number {
  const key = (t: TrialRecord) => {
    if (t.reports.size === 0) return { step: Number.NEGATIVE_INFINITY, loss: 0 };
    const step = Math.max(...t.reports.keys());
    const [loss] = losses([t.reports.get(step)!], directions);
    return { step, loss: Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss };
  };
  return (a, b) => {
    const x = key(a);
    const y = key(b);
    return compare(y.step, x.step) || compare(x.loss, y.loss);
  };
}

/** Ascending, without the NaN that Infinity - Infinity gives. */
const compare = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);
