import * as v from 'valibot';
import { type Graph, sizeOf } from '../graph/graph.ts';
import { macsOf } from '../run/cost.ts';
import { withFlattens, withoutFlattens } from '../run/flattens.ts';
import { toInteger } from '../run/integer.ts';
import { layerOf } from '../run/layers.ts';
import { type Context, defineStage, type Model } from '../stage.ts';
import type { Heap } from '../wasm/heap.ts';
import { foldActivations } from './activation.ts';
import { foldConstants } from './constants.ts';
import { removeDeadChannels } from './dead_channels.ts';
import { foldNorms } from './norm.ts';
import { foldPads } from './pad.ts';
import { asConvolutions } from './single_channel.ts';
import { foldTransposes } from './transposes.ts';

interface Simplified {
  readonly graph: Graph;
  readonly report: SimplifyReport;
}

/** What was there before and after. */
export interface SimplifyReport {
  readonly macs: readonly [before: number, after: number];
  /** Weights, biases and other constants, as elements. */
  readonly parameters: readonly [before: number, after: number];
  readonly nodes: readonly [before: number, after: number];
  /** Layers that lost channels. */
  readonly layers: readonly {
    readonly name: string;
    readonly op: string;
    readonly channels: readonly [before: number, after: number];
  }[];
}

/**
 * `simplifyGraph` as a stage, without options. A quantized model is simplified as the integers it means, so that not a bit changes.
 *
 * @throws CompressError `bad-option` for any option, `not-ready` from its `run`, for a quantized model with a tensor that has no range
 */
export const simplify = defineStage({
  name: 'simplify',
  about: 'take away what provably changes no output',
  options: v.object({}),
  trains: false,
  keepsRanges: true,
  needsData: false,
  // What may be removed depends on weights.
  outline: (model, _, context) => (model.facts.isOutline ? null : simplified(model, context)),
  run: (model, _, context) => simplified(model, context),
});

function simplified(model: Model, { heap }: Context): Model {
  const isRecorded = model.facts.quantize && model.graph.tensors.some((t) => t.dtype === 'f32' && t.quant);
  const graph = isRecorded ? toInteger(model.graph) : model.graph;
  const { graph: simpler } = simplifyGraph(heap, graph);
  return simpler === graph ? model : { ...model, graph: simpler };
}

/**
 * Takes away what provably changes no output: batch normalization, pads and activations are folded into the layers beside them,
 * constants are computed, transposes of channels are carried away, depthwise layers over one channel become convolutions, and channels are removed that never change or that no consumer reads. An integer graph answers with the very
 * same bits (under the heap's rounding), a float graph within the rounding of its sums.
 *
 * @returns the same graph where nothing can be removed
 */
export function simplifyGraph(heap: Heap, graph: Graph): Simplified {
  const open = withFlattens(graph);
  const found = simplestOf(heap, open);
  const simpler = found === open ? graph : open === graph ? found : withoutFlattens(found);
  return { graph: simpler, report: reportOf(graph, simpler) };
}

function simplestOf(heap: Heap, graph: Graph): Graph {
  let simpler = foldActivations(foldPads(foldNorms(asConvolutions(foldTransposes(foldConstants(heap, graph))))));
  for (;;) {
    const next = asConvolutions(removeDeadChannels(heap, simpler));
    if (next === simpler) return simpler;
    simpler = next;
  }
}

function reportOf(before: Graph, after: Graph): SimplifyReport {
  const pair = (count: (graph: Graph) => number): [number, number] => [count(before), count(after)];
  const channels = new Map(after.nodes.map((n) => [n.name, after.tensors[n.outputs[0]].shape.at(-1) ?? 1]));
  const layers = before.nodes.flatMap((n) => {
    const from = before.tensors[n.outputs[0]].shape.at(-1) ?? 1;
    const to = channels.get(n.name) ?? from;
    return to === from || !layerOf(n) ? [] : [{ name: n.name, op: n.op, channels: [from, to] as const }];
  });
  return { macs: pair(allMacs), parameters: pair(parametersOf), nodes: pair((g) => g.nodes.length), layers };
}

const allMacs = (graph: Graph): number => graph.nodes.reduce((n, node) => n + macsOf(graph, node), 0);

const parametersOf = (graph: Graph): number => graph.tensors.reduce((n, t) => (t.data ? n + sizeOf(t.shape) : n), 0);
