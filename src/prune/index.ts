import * as v from 'valibot';
import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type Cut, channelCount, cutChannels } from '../run/channels.ts';
import { toFloat } from '../run/integer.ts';
import type { Context, Model, Stage } from '../stage.ts';
import { checkOptions } from '../train/options.ts';
import { type ChannelGroup, channelGroups, type Unit } from './groups.ts';
import { activationScores, type ChannelScores, randomScores, unitScore, weightScores } from './importance.ts';
import { reconstruct } from './reconstruct.ts';
import { refit } from './refit.ts';
import { type Survey, surveyOf } from './survey.ts';

export { type ChannelGroup, channelGroups } from './groups.ts';

/**
 * What makes a channel important: `reconstruction`, what its loss changes in the layers that read it after least squares; `l1`, `l2`, the
 * norm of its filter; `activation`, its root mean square over data; `random`, nothing.
 */
export const CRITERIA = ['reconstruction', 'l2', 'l1', 'activation', 'random'] as const;

type Criterion = (typeof CRITERIA)[number];

const ratio = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

export const pruneSchema = v.object({
  /** Share of the channels of each group that goes (scope `group`), or of all of them together (scope `global`). */
  ratio: v.optional(ratio, 0.5),
  /** Other shares for single groups, by the name of the first layer that makes the channels. */
  ratios: v.optional(v.record(v.string(), ratio), {}),
  /** `reconstruction` where there is data, else `l2`, if absent. */
  criterion: v.optional(v.picklist(CRITERIA)),
  scope: v.optional(v.picklist(['group', 'global']), 'group'),
  /**
   * Which layers take over, by least squares over data, what the doomed channels contributed: those that read them, or these and then all
   * layers after the cut, one after another. Needs data, else it is passed over.
   */
  reconstruct: v.optional(v.picklist(['none', 'readers', 'network']), 'network'),
  /** The number of channels left in a group is a multiple of it, where so many are left. */
  multiple: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
});

type Options = v.InferOutput<typeof pruneSchema>;

/**
 * Structured pruning: the least important channels are cut out, with everything tied to them (residual sums, concatenations, depthwise
 * layers). The result has the same inputs and outputs; of each group one channel stays at least. Filter norms are Li et al.'s ("Pruning
 * Filters for Efficient ConvNets", 2017); `reconstruction` and what the remaining layers take over are told at `eliminate`, `reconstruct`
 * and `refit`.
 *
 * @throws CompressError `bad-option` for options that cannot be; while it runs for a group in `ratios` that is not there, and `bad-data` for
 *   a criterion that needs a train or validation part where there is none
 */
export function prune(options: v.InferInput<typeof pruneSchema> = {}): Stage {
  const checked = checkOptions(pruneSchema, options, 'prune');
  return {
    name: 'prune',
    options: checked,
    run: async (model, context) => {
      const graph = toFloat(model.graph);
      const groups = channelGroups(graph);
      checkNames(groups, checked.ratios);
      const { heap, data, seed } = context;
      const criterion = checked.criterion ?? (data ? 'reconstruction' : 'l2');
      const survey = () => surveyOf(heap, model.graph, graph, needData(data, criterion), seed);
      const cut = cutOf(graph, leastImportant(groups, scorer(graph, criterion, context, survey), checked));
      if (cut.size === 0) return uncut(model, checked, context);
      if (checked.reconstruct === 'none' || !data) return { ...model, graph: cutChannels(graph, cut) } satisfies Model;
      const smaller = cutChannels(reconstruct(graph, cut, survey()), cut);
      return { ...model, graph: checked.reconstruct === 'readers' ? smaller : refit(heap, graph, smaller, cut, data, seed) };
    },
  };
}

function uncut(model: Model, { ratio, ratios, multiple }: Options, { warn }: Context): Model {
  const share = Math.max(ratio, ...Object.values(ratios));
  if (share > 0) warn?.(`prune cut nothing: no group of channels can lose ${share} of them and keep a multiple of ${multiple}`);
  return model;
}

function checkNames(groups: readonly ChannelGroup[], ratios: Readonly<Record<string, number>>): void {
  const known = groups.map((g) => g.name);
  const stranger = Object.keys(ratios).find((name) => !known.includes(name));
  if (stranger === undefined) return;
  throw new CompressError('bad-option', `no channels can be pruned at "${stranger}"`, `the groups are: ${known.join(', ')}`);
}

/** Scores of a group's units. */
type Scorer = (group: ChannelGroup) => ArrayLike<number>;

function scorer(graph: Graph, criterion: Criterion, context: Context, survey: () => Survey): Scorer {
  if (criterion === 'reconstruction') {
    const { scoresOf } = survey();
    return scoresOf;
  }
  const channels = channelScores(graph, criterion, context);
  return ({ units }) => units.map((unit) => unitScore(unit, channels));
}

function channelScores(graph: Graph, criterion: Criterion, { heap, data, seed }: Context): ChannelScores {
  if (criterion === 'activation') return activationScores(heap, graph, needData(data, criterion), seed);
  if (criterion === 'random') return randomScores(graph, seed);
  return weightScores(graph, criterion === 'l1' ? 1 : 2);
}

function needData(data: Dataset | null, criterion: string): Dataset {
  if (data?.train || data?.validation) return data;
  throw new CompressError('bad-data', `the criterion "${criterion}" needs data`, 'add --data, or choose --criterion l2');
}

/** Units to cut, of every group at most so many that one multiple of channels stays. */
function leastImportant(groups: readonly ChannelGroup[], scoresOf: Scorer, o: Options): Unit[] {
  const concerned = groups.filter(({ name }) => o.scope === 'global' || (o.ratios[name] ?? o.ratio) > 0);
  const ranked = concerned.map((group) => {
    const scores = scoresOf(group);
    const scored = group.units.map((unit, i) => ({ unit, score: scores[i] })).sort((a, b) => a.score - b.score);
    return { name: group.name, scored };
  });
  const line =
    o.scope === 'global'
      ? lineOf(
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

/** The score below which `share` of all lie. */
const lineOf = (all: readonly number[], share: number): number => [...all].sort((a, b) => a - b)[Math.floor(share * all.length)];

/** How many of `count` stay when about `wanted` should: the nearest multiple, at least one. */
function keep(count: number, wanted: number, multiple: number): number {
  const rounded = Math.max(1, Math.round(wanted / multiple)) * multiple;
  return Math.min(count, rounded);
}

function cutOf(graph: Graph, units: readonly Unit[]): Cut {
  const cut = new Map<number, Uint8Array>();
  for (const { tensor, channel } of units.flat()) {
    const goes = cut.get(tensor) ?? new Uint8Array(channelCount(graph.tensors[tensor].shape));
    goes[channel] = 1;
    cut.set(tensor, goes);
  }
  return cut;
}
