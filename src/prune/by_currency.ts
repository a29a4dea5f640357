import type { Graph } from '../graph/graph.ts';
import { cutChannels } from '../run/channels.ts';
import type { Scorer } from './criteria.ts';
import { type ChannelGroup, cutOf, type Unit } from './groups.ts';
import { ascending } from './rank.ts';

/** Cuts of one group are looked at in at most so many steps. */
const STEPS = 32;
/** A cut that saves less than this part of all is as good as none. */
const NOTHING = 1e-6;

interface Ranked {
  /** The first to be cut comes first. */
  readonly units: readonly Unit[];
  /** What the units before place i are worth together. */
  readonly worth: Float64Array;
  readonly step: number;
  readonly multiple: number;
  cut: number;
}

/**
 * Units to cut so that `share` of what the graph costs is saved: step by step from the group where the importance lost buys the most.
 *
 * @param cumulative whether a score counts all units before it too
 * @param multiple   of the units that are left in a group
 */
export function cheapest(
  graph: Graph,
  groups: readonly ChannelGroup[],
  scoresOf: Scorer,
  { cost, share, cumulative, multiple }: { cost: (graph: Graph) => number; share: number; cumulative: boolean; multiple: number },
): Unit[] {
  const ranked = groups.map((group) => rankedOf(group, scoresOf(group), cumulative, multiple));
  const unitsNow = () => ranked.flatMap(({ units, cut }) => units.slice(0, cut));
  const costNow = () => cost(cutChannels(graph, cutOf(graph, unitsNow())));
  const all = cost(graph);
  let now = all;
  // What a step of a group saves is asked again when its turn comes: most of the time it has not changed.
  const prices = ranked.map((group) => priceOf(group, now - after(group, costNow), all));
  while (now > (1 - share) * all) {
    const [best, next] = leastTwo(prices);
    if (prices[best] === Number.POSITIVE_INFINITY) break;
    const group = ranked[best];
    const left = after(group, costNow);
    prices[best] = priceOf(group, now - left, all);
    if (prices[best] > prices[next]) continue;
    group.cut += sizeOfStep(group);
    now = left;
    prices[best] = priceOf(group, now - after(group, costNow), all);
  }
  return unitsNow();
}

function rankedOf({ units }: ChannelGroup, scores: ArrayLike<number>, cumulative: boolean, multiple: number): Ranked {
  const order = ascending(scores);
  const worth = new Float64Array(units.length + 1);
  order.forEach((u, i) => {
    worth[i + 1] = cumulative ? scores[u] : worth[i] + scores[u];
  });
  const step = Math.max(1, Math.ceil(units.length / STEPS / multiple)) * multiple;
  return { units: order.map((u) => units[u]), worth, step, multiple, cut: 0 };
}

/** Units of a group's next step: what is left is a multiple where there were as many, and never nothing. */
function sizeOfStep({ units, step, multiple, cut }: Ranked): number {
  const left = units.length - cut;
  const size = [left % multiple, step, multiple].find((n) => n > 0 && n < left && (left - n) % multiple === 0);
  return size ?? 0;
}

function after(group: Ranked, costNow: () => number): number {
  const { cut } = group;
  group.cut += sizeOfStep(group);
  const left = costNow();
  group.cut = cut;
  return left;
}

/** Importance lost for each part of the cost that is saved. */
function priceOf(group: Ranked, saved: number, all: number): number {
  const size = sizeOfStep(group);
  if (size === 0) return Number.POSITIVE_INFINITY;
  const lost = Math.max(1e-12, group.worth[group.cut + size] - group.worth[group.cut]);
  return lost / Math.max(saved / all, NOTHING);
}

function leastTwo(prices: readonly number[]): [number, number] {
  const order = [...prices.keys()].sort((a, b) => prices[a] - prices[b] || a - b);
  return [order[0], order[1] ?? order[0]];
}
