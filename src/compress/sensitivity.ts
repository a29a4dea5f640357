import { type Dataset, takeEvenly } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { changesOf } from '../prune/first_order.ts';
import { type ChannelGroup, cutOf } from '../prune/groups.ts';
import { ascending } from '../prune/rank.ts';
import { reconstruct } from '../prune/reconstruct.ts';
import { ridged } from '../prune/ridge.ts';
import { surveyOf } from '../prune/survey.ts';
import { withRoundedWeights } from '../quant/index.ts';
import { roundedAlone } from '../quant/rounding.ts';
import { channelsOf, cutChannels } from '../run/channels.ts';
import { toFloat } from '../run/integer.ts';
import { layerOf } from '../run/layers.ts';
import { type Context, type Model, pause } from '../stage.ts';

/** Bits of the weights of single layers, by name; 8 where there is none. */
export type LayerBits = Readonly<Record<string, 4 | 8>>;

/** What one step alone changes and saves, without any training: a group cut by `ratio`, or a layer's weights in 4 bits (ratio 1). */
export interface Step {
  readonly ratio: number;
  /** Mean square of the change of the logits, as a share of their variance. */
  readonly change: number;
  /** By how much it lowers what the search lowers. */
  readonly saving: number;
}

/** By name of the group or layer, by rising ratio, as far as they are of use. */
export type Sensitivity = Readonly<Record<string, readonly Step[]>>;

const EXAMPLES = 256;
/** Cuts tried of one group. */
const CUTS = 10;
/** Nothing is left to be known of a network that changes more. */
const TOO_MUCH = 1;

/**
 * What cutting each group alone, further and further, changes on examples of the train part (no labels are used; what judges must not choose).
 *
 * @param costOf what the search lowers, of a float graph
 */
export async function measureSensitivity(
  model: Model,
  groups: readonly ChannelGroup[],
  multiple: number,
  costOf: (graph: Graph) => Promise<number>,
  { heap, data, seed, progress, signal }: Context & { readonly data: Dataset },
): Promise<Sensitivity> {
  const graph = toFloat(model.graph);
  const survey = surveyOf(heap, graph, data, seed);
  const cuts = groups.flatMap((group) => cutsOf(graph, group, multiple, survey.scoresOf(group)));
  progress?.({ what: 'sensitivity', done: 0, total: groups.length });
  await pause(signal);
  const variants = cuts.map(({ cut }) => reconstruct(heap, graph, cut, survey));
  const changes = changesOf(heap, graph, variants, data, takeEvenly(data.train ?? data.validation!, EXAMPLES), seed);
  const cost = await costOf(graph);
  const found: Record<string, Step[]> = Object.fromEntries(groups.map(({ name }) => [name, []]));
  for (const [i, { name, ratio, cut }] of cuts.entries()) {
    const steps = found[name];
    if (steps.length > 0 && steps[steps.length - 1].change > TOO_MUCH) continue;
    steps.push({ ratio, change: changes[i], saving: cost - (await costOf(cutChannels(graph, cut))) });
    await pause(signal);
  }
  return found;
}

/** Cuts of the least important channels of a group, of rising ratio. */
function cutsOf(graph: Graph, { name, units }: ChannelGroup, multiple: number, scores: ArrayLike<number>) {
  const order = ascending(scores).map((u) => units[u]);
  return ratiosOf(units.length, multiple).map((ratio) => ({
    name,
    ratio,
    cut: cutOf(graph, order.slice(0, Math.round(ratio * units.length))),
  }));
}

/** Shares of `count` channels that leave multiples, by rising share. */
function ratiosOf(count: number, multiple: number): number[] {
  const most = Math.ceil(count / multiple) - 1;
  const cuts = Math.min(most, CUTS);
  return Array.from({ length: cuts }, (_, i) => {
    const left = multiple * Math.round((most * (cuts - i)) / cuts);
    return (count - left) / count;
  });
}

/** Rounds the weights of each layer alone to 4 bits. Depthwise weights are few and bear it badly: only layers that mix channels are tried. */
export async function measureFewerBits(
  model: Model,
  costOf: (graph: Graph, layerBits: LayerBits) => Promise<number>,
  { heap, data, seed }: Context & { readonly data: Dataset },
): Promise<Sensitivity> {
  const graph = toFloat(model.graph);
  const cost = await costOf(graph, {});
  const layers = graph.nodes.filter((node) => {
    const channels = channelsOf(graph, node);
    return channels.kind === 'mix' && channels.reads && graph.tensors[layerOf(node)!.weights].data instanceof Float32Array;
  });
  const { consumers, grams } = surveyOf(heap, graph, data, seed);
  const variants = layers.map((node) => {
    // As `quantize` rounds them.
    const i = consumers.findIndex((c) => c.node === node);
    if (i >= 0) return new Map(roundedAlone(heap, graph, consumers[i], ridged(grams[i], consumers[i]), 4));
    const { weights } = layerOf(node)!;
    return new Map([[weights, withRoundedWeights(heap, graph, node, 4).tensors[weights]]]);
  });
  const changes = changesOf(heap, graph, variants, data, takeEvenly(data.train ?? data.validation!, EXAMPLES), seed);
  const found: Record<string, Step[]> = {};
  for (const [i, { name }] of layers.entries()) {
    found[name] = [{ ratio: 1, change: changes[i], saving: cost - (await costOf(graph, { [name]: 4 })) }];
  }
  return found;
}

const NOTHING: Step = { ratio: 0, change: 0, saving: 0 };

/**
 * Ratios of all groups (or layers) that save the most while the changes that each makes alone add up to at most `allowed`: each goes as
 * far as what it saves, times its weight (1 by default), pays for what it changes, at one price for all.
 */
export function allocate(
  sensitivity: Sensitivity,
  worth: Readonly<Record<string, number>>,
  allowed: number,
): Readonly<Record<string, number>> {
  const names = Object.keys(sensitivity);
  const at = (price: number) =>
    names.map((name) => {
      const gain = (c: Step) => (worth[name] ?? 1) * c.saving - price * c.change;
      return sensitivity[name].reduce((best, c) => (gain(c) > gain(best) ? c : best), NOTHING);
    });
  const changes = (cuts: readonly Step[]) => cuts.reduce((sum, c) => sum + Math.max(0, c.change), 0);
  let [low, high] = [1e-9, 1e9];
  for (let i = 0; i < 100; i++) {
    const middle = Math.sqrt(low * high);
    if (changes(at(middle)) > allowed) low = middle;
    else high = middle;
  }
  return Object.fromEntries(at(high).map(({ ratio }, i) => [names[i], ratio]));
}
