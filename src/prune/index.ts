import * as v from 'valibot';
import { CompressError } from '../errors.ts';
import { type Graph, withTensors } from '../graph/graph.ts';
import { named, option, optional } from '../options/index.ts';
import { cutChannels } from '../run/channels.ts';
import { toFloat } from '../run/integer.ts';
import { layerOf } from '../run/layers.ts';
import { asConvolutions } from '../simplify/single_channel.ts';
import { type Context, defineStage, type Model } from '../stage.ts';
import { CRITERIA, needData, type Scorer, scorerOf, usualCriterion } from './criteria.ts';
import { type ChannelGroup, channelGroups, cutOf, type Unit } from './groups.ts';
import { reconstruct } from './reconstruct.ts';
import { refit } from './refit.ts';
import { surveyOf } from './survey.ts';

export { type Criterion, type Evidence, registerCriterion, type Scorer } from './criteria.ts';
export { type ChannelGroup, channelGroups } from './groups.ts';

const ratio = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

export const pruneSchema = v.object({
  ratio: option(ratio, 0.5, 'share of the channels that is cut, of each group (scope group), or of all together (scope global)', {
    search: { low: 0.05, high: 0.7 },
  }),
  ratios: option(
    v.record(v.string(), ratio),
    {},
    'another share for one group, by the first layer that makes its channels; may be repeated',
  ),
  criterion: optional(named(CRITERIA), 'what makes a channel important (reconstruction; l2 without data)', {
    search: { choices: ['reconstruction', 'l2', 'activation'] },
  }),
  scope: option(v.picklist(['group', 'global']), 'group', 'the share holds for each group, or for all together'),
  reconstruct: option(
    v.picklist(['none', 'consumers', 'network']),
    'network',
    'which layers take over, by least squares over data, what the cut channels contributed: their consumers (consumers), or these and ' +
      'then all layers after the cut, one after another (network); passed over without data',
  ),
  multiple: option(
    v.pipe(v.number(), v.integer(), v.minValue(1)),
    1,
    'the number of channels left in a group is a multiple of it, where at least that many are left',
  ),
});

type Options = v.InferOutput<typeof pruneSchema>;

/**
 * Structured pruning: the least important channels are cut out, with everything tied to them (residual sums, concatenations, depthwise
 * layers). A depthwise layer over one channel is the convolution it is. The result has the same inputs and outputs; of each group one channel
 * stays at least. The steps of an LSTM or GRU share their weights: such a layer stays whole, and that is said. Filter norms are Li et al.'s
 * ("Pruning Filters for Efficient ConvNets", 2017); `reconstruction` and what the remaining layers take over are described at `eliminate`,
 * `reconstruct` and `refit`.
 *
 * @throws CompressError `bad-option` for options that cannot be; while it runs for a group in `ratios` that is not there, and `bad-data` for
 *   a criterion that needs a train or validation part where there is none
 */
export const prune = defineStage({
  name: 'prune',
  about: 'cut out the least important channels, with everything tied to them',
  options: pruneSchema,
  trains: false,
  keepsRanges: false,
  needsData: false,
  outline(model, options, context) {
    const { graph, groups, scorer } = subjectOf(model, options, context);
    // How many channels of a group are cut depends on their scores only where groups are compared.
    if (options.scope === 'global' && model.facts.isOutline) return null;
    const scores = options.scope === 'global' ? scorer() : ({ units }: ChannelGroup) => units.map((_, i) => i);
    const cut = cutOf(graph, leastImportant(groups, scores, options));
    return cut.size === 0 ? model : { graph: cutChannels(graph, cut), facts: { ...model.facts, isOutline: true } };
  },
  run(model, options, context) {
    const { graph, groups, scorer, survey } = subjectOf(model, options, context);
    const { heap, data, seed } = context;
    const cut = cutOf(graph, leastImportant(groups, scorer(), options));
    sayWhatStaysWhole(graph, context);
    if (cut.size === 0) return uncut(model, options, context);
    if (options.reconstruct === 'none' || !data) return { ...model, graph: cutChannels(graph, cut) };
    const smaller = cutChannels(withTensors(graph, reconstruct(heap, graph, cut, survey())), cut);
    return { ...model, graph: options.reconstruct === 'consumers' ? smaller : refit(heap, graph, smaller, cut, data, seed) };
  },
});

/** What is cut, and what decides where. */
function subjectOf(model: Model, { ratios, criterion }: Options, { heap, data, seed }: Context) {
  const graph = asConvolutions(toFloat(model.graph));
  const groups = channelGroups(graph);
  checkNames(groups, ratios);
  const name = criterion ?? usualCriterion(data);
  const survey = () => surveyOf(heap, graph, needData(data, name), seed);
  return { graph, groups, survey, scorer: () => scorerOf(name, model.graph, graph, { heap, data, seed, survey }) };
}

/** Steps of an LSTM or GRU share weights: a channel would have to be cut from all of them. */
function sayWhatStaysWhole({ tensors, nodes }: Graph, { warn }: Context): void {
  const steps = new Map<number, number>();
  for (const layer of nodes.map(layerOf)) if (layer) steps.set(layer.weights, (steps.get(layer.weights) ?? 0) + 1);
  for (const [weights, count] of steps) {
    if (count < 2) continue;
    warn?.(
      `prune cuts no channels of the recurrent layer with weights "${tensors[weights].name}": its ${count} steps share them`,
    );
  }
}

function uncut(model: Model, { ratio, ratios, multiple }: Options, { warn }: Context): Model {
  const share = Math.max(ratio, ...Object.values(ratios));
  if (share > 0) warn?.(`prune cut nothing: no group of channels can lose ${share} of them and keep a multiple of ${multiple}`);
  return model;
}

function checkNames(groups: readonly ChannelGroup[], ratios: Readonly<Record<string, number>>): void {
  const known = groups.map((g) => g.name);
  const unknown = Object.keys(ratios).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new CompressError(
    'bad-option',
    `no channels can be pruned at "${unknown}"`,
    known.length ? `the groups are: ${known.join(', ')}` : 'leave it out: no channels of this network can be cut',
  );
}

/** Units to cut; every group keeps at least one multiple of channels. */
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
