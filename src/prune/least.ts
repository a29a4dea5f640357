/** Which channels are cut, and how many in each round. */
import type { Dataset } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { cheapest } from './by_currency.ts';
import { CRITERIA, type Scorer, usualCriterion } from './criteria.ts';
import { CURRENCIES } from './currencies.ts';
import type { ChannelGroup, Unit } from './groups.ts';
import type { Options } from './options.ts';
import { thresholdOf } from './rank.ts';

/**
 * The options of each round: the last one leaves as many channels as a single cut would.
 *
 * @param options names of groups are whole
 */
export function roundsOf(groups: readonly ChannelGroup[], options: Options): Options[] {
  if (options.rounds === 1) return [options];
  const counts = new Map(groups.map(({ name, units }) => [name, units.length]));
  return Array.from({ length: options.rounds }, (_, round) => {
    const ratios = groups.map(({ name, units }) => {
      const share = options.ratios[name] ?? options.ratio;
      const wanted = units.length - Math.round(((round + 1) / options.rounds) * Math.round(share * units.length));
      const left = share > 0 ? keep(units.length, wanted, options.multiple) : units.length;
      const before = counts.get(name)!;
      counts.set(name, left);
      return [name, 1 - left / before];
    });
    return { ...options, rounds: 1, ratio: 0, ratios: Object.fromEntries(ratios) };
  });
}

/** Units to cut; every group keeps at least one multiple of channels. */
export function leastImportant(
  graph: Graph,
  groups: readonly ChannelGroup[],
  scoresOf: Scorer,
  o: Options,
  { data }: { readonly data: Dataset | null },
): Unit[] {
  const currency = CURRENCIES.get(o.currency);
  if (o.scope === 'global' && currency) {
    const byHand = groups.filter(({ name }) => name in o.ratios);
    const cumulative = CRITERIA.get(o.criterion ?? usualCriterion(data)).cumulative ?? false;
    const rest = groups.filter(({ name }) => !(name in o.ratios));
    const cost = (g: Graph) => currency.cost(g, o.target ?? '');
    const chosen = cheapest(graph, rest, scoresOf, { cost, share: o.ratio, cumulative, multiple: o.multiple });
    return [...chosen, ...leastOfGroups(byHand, scoresOf, { ...o, scope: 'group' })];
  }
  return leastOfGroups(groups, scoresOf, o);
}

function leastOfGroups(groups: readonly ChannelGroup[], scoresOf: Scorer, o: Options): Unit[] {
  const concerned = groups.filter(({ name }) => o.scope === 'global' || (o.ratios[name] ?? o.ratio) > 0);
  const ranked = concerned.map((group) => {
    const scores = scoresOf(group);
    const scored = group.units.map((unit, i) => ({ unit, score: scores[i] })).sort((a, b) => a.score - b.score);
    return { name: group.name, scored };
  });
  const line =
    o.scope === 'global'
      ? thresholdOf(
          ranked.flatMap((g) => g.scored.map((s) => s.score)),
          o.ratio,
        )
      : null;
  return ranked.flatMap(({ name, scored }) => {
    const share = o.ratios[name] ?? o.ratio;
    const below =
      line === null || name in o.ratios ? Math.round(share * scored.length) : scored.filter((s) => s.score < line).length;
    return scored.slice(0, scored.length - keep(scored.length, scored.length - below, o.multiple)).map((s) => s.unit);
  });
}

/** How many of `count` stay when about `wanted` should: the nearest multiple, at least one. */
function keep(count: number, wanted: number, multiple: number): number {
  const rounded = Math.max(1, Math.round(wanted / multiple)) * multiple;
  return Math.min(count, rounded);
}
