import { CompressError } from '../errors.ts';
import { findTask } from '../evaluate.ts';
import { type Graph, withTensors } from '../graph/graph.ts';
import { byWholeNames, shortName } from '../graph/names.ts';
import { cutChannels } from '../run/channels.ts';
import { toFloat } from '../run/integer.ts';
import { layerOf } from '../run/layers.ts';
import { asConvolutions } from '../simplify/single_channel.ts';
import { type Context, defineStage, type Model } from '../stage.ts';
import { scorerOf, usualCriterion } from './criteria.ts';
import { BLOCK_CRITERIA, withoutLeast, withoutNamed } from './drop_blocks.ts';
import { type Evidence, needData } from './evidence.ts';
import { type ChannelGroup, channelGroups, cutOf } from './groups.ts';
import { leastImportant, roundsOf } from './least.ts';
import { checkTogether, type Options, patternOf, pruneSchema } from './options.ts';
import { reconstruct } from './reconstruct.ts';
import { refit } from './refit.ts';
import { keepSurvey, surveyOf } from './survey.ts';
import { takenOver } from './take_over.ts';
import { maskable, WEIGHT_CRITERIA, withMasks } from './weights.ts';

export { type Criterion, registerCriterion, type Scorer } from './criteria.ts';
export type { Evidence } from './evidence.ts';
export { type ChannelGroup, channelGroups } from './groups.ts';
export { pruneSchema } from './options.ts';

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
  about: 'cut out what is least important: channels with everything tied to them, blocks, or single weights',
  options: pruneSchema,
  trains: false,
  keepsRanges: false,
  needsData: false,
  check: checkTogether,
  outline(model, given, context) {
    if (given.kind === 'blocks') return outlineBlocks(model, given, context);
    if (given.kind === 'weights')
      return { graph: { ...asConvolutions(toFloat(model.graph)) }, facts: { ...model.facts, isOutline: true } };
    const { graph, groups, scorer, options } = subjectOf(model, given, context);
    // How many channels of a group are cut depends on their scores only where groups are compared.
    if (options.scope === 'global' && model.facts.isOutline) return null;
    const scores = options.scope === 'global' ? scorer() : ({ units }: ChannelGroup) => units.map((_, i) => i);
    const cut = cutOf(graph, leastImportant(graph, groups, scores, options, context));
    return cut.size === 0 ? model : { graph: cutChannels(graph, cut), facts: { ...model.facts, isOutline: true } };
  },
  run(model, given, context) {
    if (given.kind === 'blocks') return withoutBlocks(model, given, context);
    if (given.kind === 'weights') return withoutWeights(model, given, context);
    let current = model;
    const { groups, options } = subjectOf(model, given, context);
    for (const round of roundsOf(groups, options)) current = withoutChannels(current, round, context);
    if (current === model) return uncut(model, given, context);
    return current;
  },
});

function withoutChannels(model: Model, given: Options, context: Context): Model {
  const { graph, groups, scorer, evidence, options } = subjectOf(model, given, context);
  const { heap, data, seed } = context;
  const cut = cutOf(graph, leastImportant(graph, groups, scorer(), options, context));
  sayWhatStaysWhole(graph, context);
  if (cut.size === 0) return model;
  if (options.reconstruct === 'none' || !data) return { ...model, graph: cutChannels(graph, cut) };
  const survey = evidence.survey();
  const smaller = cutChannels(withTensors(graph, reconstruct(heap, graph, cut, survey)), cut);
  if (options.reconstruct === 'consumers') return { ...model, graph: smaller };
  const refitted = refit(heap, graph, smaller, cut, data, seed);
  keepSurvey(data, seed, graph, survey, refitted);
  return { ...model, graph: refitted.graph };
}

/** What is cut, and what decides where. */
function subjectOf(model: Model, { criterion, ...o }: Options, context: Context) {
  const graph = asConvolutions(toFloat(model.graph));
  const groups = channelGroups(graph);
  const ratios = checkNames(
    groups.map((g) => g.name),
    o.ratios,
    'no channels can be pruned at',
    'the groups are',
  );
  const options: Options = { ...o, ratios, ...(criterion && { criterion }) };
  const name = criterion ?? usualCriterion(context.data);
  const evidence = evidenceOf(graph, name, context);
  return { graph, groups, evidence, options, scorer: () => scorerOf(name, model.graph, graph, evidence) };
}

function evidenceOf(graph: Graph, criterion: string, { heap, data, seed, task }: Context): Evidence {
  return {
    heap,
    data,
    seed,
    survey: () => surveyOf(heap, graph, needData(data, criterion), seed),
    task: () => task ?? findTask(heap, graph, needData(data, criterion)),
  };
}

function withoutBlocks(model: Model, o: Options, context: Context): Model {
  const given = asConvolutions(toFloat(model.graph));
  if (o.blocks.length) return { ...model, graph: withoutNamed(given, o.blocks) };
  const criterion = o.criterion ?? BLOCK_CRITERIA[0];
  const { graph, dropped } = withoutLeast(given, o.ratio, criterion, evidenceOf(given, criterion, context));
  if (!dropped.length) {
    context.warn?.(`prune left out nothing: no block has ${o.ratio} of the layers or less`);
    return model;
  }
  const decisions = [`prune left out ${dropped.map((name) => `"${shortName(name)}"`).join(', ')}`];
  return { graph, facts: { ...model.facts, decisions: [...(model.facts.decisions ?? []), ...decisions] } };
}

/** Which blocks are missed least, only weights tell. */
function outlineBlocks(model: Model, o: Options, context: Context): Model | null {
  if (!o.blocks.length && model.facts.isOutline) return null;
  const { graph, facts } = withoutBlocks(model, o, { ...context, warn: undefined });
  return graph === model.graph ? model : { graph, facts: { ...facts, isOutline: true } };
}

function withoutWeights(model: Model, o: Options, context: Context): Model {
  const graph = asConvolutions(toFloat(model.graph));
  const ratios = checkNames(maskable(graph), o.ratios, 'there are no weights at', 'the layers are');
  const criterion = o.criterion ?? WEIGHT_CRITERIA[0];
  const cut = { ratio: o.ratio, ratios, global: o.scope === 'global', pattern: patternOf(o.pattern) };
  const masked = withMasks(graph, criterion, cut, evidenceOf(graph, criterion, context));
  const { heap, data, seed } = context;
  const isLeft = o.reconstruct === 'none' || !data;
  return { ...model, graph: isLeft ? masked : takenOver(heap, graph, masked, data, seed) };
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

/** Ratios by whole names. @throws CompressError `bad-option` for one that is not there */
function checkNames(known: readonly string[], given: Options['ratios'], wrong: string, list: string): Options['ratios'] {
  const ratios = byWholeNames(given, known);
  const unknown = Object.keys(ratios).find((name) => !known.includes(name));
  if (unknown === undefined) return ratios;
  throw new CompressError(
    'bad-option',
    `${wrong} "${unknown}"`,
    known.length ? `${list}: ${known.map(shortName).join(', ')}` : 'leave it out: nothing of this network can be cut',
  );
}
