import * as v from 'valibot';
import { CompressError } from '../errors.ts';
import { findTask } from '../evaluate.ts';
import { type Graph, withTensors } from '../graph/graph.ts';
import { byWholeNames, shortName } from '../graph/names.ts';
import { named, option, optional } from '../options/index.ts';
import { cutChannels } from '../run/channels.ts';
import { toFloat } from '../run/integer.ts';
import { layerOf } from '../run/layers.ts';
import { asConvolutions } from '../simplify/single_channel.ts';
import { type Context, defineStage, type Model } from '../stage.ts';
import { cheapest } from './by_currency.ts';
import { CRITERIA, type Scorer, scorerOf, usualCriterion } from './criteria.ts';
import { CURRENCIES } from './currencies.ts';
import { BLOCK_CRITERIA, withoutLeast, withoutNamed } from './drop_blocks.ts';
import { type Evidence, needData } from './evidence.ts';
import { type ChannelGroup, channelGroups, cutOf, type Unit } from './groups.ts';
import { reconstruct } from './reconstruct.ts';
import { refit } from './refit.ts';
import { surveyOf } from './survey.ts';
import { maskable, type Pattern, takenOver, WEIGHT_CRITERIA, withMasks } from './weights.ts';

export { type Criterion, registerCriterion, type Scorer } from './criteria.ts';
export type { Evidence } from './evidence.ts';
export { type ChannelGroup, channelGroups } from './groups.ts';

const ratio = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

/** 2:4 */
const PATTERN = /^([1-9]\d?):([1-9]\d?)$/;

export const pruneSchema = v.object({
  kind: option(
    v.picklist(['channels', 'blocks', 'weights']),
    'channels',
    'what goes: channels with all that is tied to them, whole residual branches and layers (blocks), or single weights, which stay in place as zeros (weights)',
  ),
  ratio: option(
    ratio,
    0.5,
    'share that is cut: of the channels or weights of each group or layer (scope group) or of all together (scope global), or of the layers (kind blocks)',
    { search: { low: 0.05, high: 0.7 } },
  ),
  ratios: option(
    v.record(v.string(), ratio),
    {},
    'another share for one group, by the first layer that makes its channels (kind weights: for one layer); may be repeated',
  ),
  criterion: optional(
    named(CRITERIA),
    'what makes a channel important (reconstruction; l2 without data), a block (sensitivity-logits), a weight (l1)',
    { search: { choices: ['reconstruction', 'l2', 'activation'] } },
  ),
  scope: option(
    v.picklist(['group', 'global']),
    'group',
    'the share holds for each group (kind weights: layer), or for all together',
  ),
  currency: option(
    named(CURRENCIES),
    'channels',
    'with scope global and kind channels: what the share is of, and what cuts are compared by: importance lost for each part of it saved',
  ),
  target: optional(v.string(), 'the chip whose flash, RAM, latency or energy is saved', {
    text: { form: 'mcu', parse: (text) => text },
  }),
  blocks: option(
    v.array(v.string()),
    [],
    'leave out this block, by its layer or by the sum that its branch ends in; may be repeated',
    {
      text: { flag: 'block', form: 'name', parse: (text, before = []) => [...(before as string[]), text] },
    },
  ),
  pattern: optional(
    v.pipe(v.string(), v.regex(PATTERN)),
    'with kind weights: N:M, of M weights in a row N stay (2:4), in place of a share',
    { text: { form: 'n:m', parse: (text) => text } },
  ),
  reconstruct: option(
    v.picklist(['none', 'consumers', 'network']),
    'network',
    'which layers take over, by least squares over data, what was cut contributed: consumers of the channels (consumers), or these and ' +
      'then all layers after the cut, one after another (network); passed over without data',
  ),
  rounds: option(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
    1,
    'with scope group: cut in so many equal steps, and measure again after each what is important',
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
    for (const round of roundsOf(model, given, context)) current = withoutChannels(current, round, context);
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
  const smaller = cutChannels(withTensors(graph, reconstruct(heap, graph, cut, evidence.survey())), cut);
  return { ...model, graph: options.reconstruct === 'consumers' ? smaller : refit(heap, graph, smaller, cut, data, seed) };
}

/** The options of each round: the last one leaves as many channels as a single cut would. */
function roundsOf(model: Model, given: Options, context: Context): Options[] {
  if (given.rounds === 1) return [given];
  const { groups, options } = subjectOf(model, given, context);
  const counts = new Map(groups.map(({ name, units }) => [name, units.length]));
  return Array.from({ length: given.rounds }, (_, round) => {
    const ratios = groups.map(({ name, units }) => {
      const share = options.ratios[name] ?? options.ratio;
      const wanted = units.length - Math.round(((round + 1) / given.rounds) * Math.round(share * units.length));
      const left = share > 0 ? keep(units.length, wanted, given.multiple) : units.length;
      const before = counts.get(name)!;
      counts.set(name, left);
      return [name, 1 - left / before];
    });
    return { ...given, rounds: 1, ratio: 0, ratios: Object.fromEntries(ratios) };
  });
}

/** What of other kinds an option belongs to, and criteria that a kind cannot have. @throws CompressError `bad-option` */
function checkTogether(o: Options): void {
  const bad = (what: string, fix: string) => new CompressError('bad-option', `prune: ${what}`, fix);
  const currency = CURRENCIES.get(o.currency);
  const inCurrency = o.currency !== 'channels';
  if (inCurrency && (o.kind !== 'channels' || o.scope !== 'global'))
    throw bad(
      `currency ${o.currency} has a meaning for channels that are compared all together`,
      'add --scope global, with --kind channels',
    );
  if (currency?.needsTarget && o.target === undefined)
    throw bad(`${o.currency} is that of a chip, and none is named`, 'add --target (see `thumbnet targets`)');
  if (o.rounds > 1 && (o.scope !== 'group' || o.kind !== 'channels'))
    throw bad(`${o.rounds} rounds are those of cuts of each group`, 'leave out --scope global, with --kind channels');
  if (o.blocks.length && o.kind !== 'blocks') throw bad('blocks are named', 'add --kind blocks');
  if (o.pattern && o.kind !== 'weights') throw bad(`pattern ${o.pattern} is one of single weights`, 'add --kind weights');
  if (o.pattern && patternOf(o.pattern)!.n >= patternOf(o.pattern)!.m)
    throw bad(`pattern ${o.pattern} cuts nothing`, 'give N:M with N below M, as 2:4');
  const own = { channels: null, blocks: BLOCK_CRITERIA, weights: WEIGHT_CRITERIA }[o.kind];
  if (o.criterion && own && !own.includes(o.criterion))
    throw bad(
      `${o.kind} cannot be ranked by "${o.criterion}", which is a measure of channels`,
      `choose --criterion ${own.join(', ')}`,
    );
}

const patternOf = (text: string | undefined): Pattern | null => {
  const [, n, m] = PATTERN.exec(text ?? '') ?? [];
  return n ? { n: Number(n), m: Number(m) } : null;
};

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

/** Units to cut; every group keeps at least one multiple of channels. */
function leastImportant(graph: Graph, groups: readonly ChannelGroup[], scoresOf: Scorer, o: Options, { data }: Context): Unit[] {
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
