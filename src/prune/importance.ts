import type { Dataset } from '../data/index.ts';
import { type Graph, sizeOf } from '../graph/graph.ts';
import { createRandom } from '../random.ts';
import { channelCount } from '../run/channels.ts';
import { layerOf } from '../run/layers.ts';
import { drawExamples, observe } from '../run/observe.ts';
import type { Heap } from '../wasm/heap.ts';
import { channelNormF32 } from '../wasm/stats.ts';
import type { Unit } from './groups.ts';

/** One number for each channel of a tensor, its mean over the channels being 1; tensors without one have no say. */
export type ChannelScores = ReadonlyMap<number, Float64Array>;

/** Importance of a unit: the mean of its channels' scores over the tensors it lies in. */
export function unitScore(unit: Unit, scores: ChannelScores): number {
  let sum = 0;
  let n = 0;
  for (const { tensor, channel } of unit) {
    const of = scores.get(tensor);
    if (!of) continue;
    sum += of[channel];
    n++;
  }
  return n ? sum / n : 0;
}

/** Norm of the filter that makes each channel (Li et al., "Pruning Filters for Efficient ConvNets", 2017). */
export function weightScores(graph: Graph, order: 1 | 2): ChannelScores {
  const scores = new Map<number, Float64Array>();
  for (const node of graph.nodes) {
    const layer = layerOf(node);
    const weights = layer && graph.tensors[layer.weights];
    if (!(weights?.data instanceof Float32Array)) continue;
    const { axis } = layer!;
    const norms = new Float64Array(weights.shape[axis]);
    const inner = sizeOf(weights.shape.slice(axis + 1));
    weights.data.forEach((w, i) => {
      norms[Math.floor(i / inner) % norms.length] += order === 1 ? Math.abs(w) : w * w;
    });
    scores.set(node.outputs[0], normalized(order === 1 ? norms : norms.map(Math.sqrt)));
  }
  return scores;
}

const EXAMPLES = 256;

/** Root mean square of each channel's activation over examples of the train part (else validation). */
export function activationScores(heap: Heap, graph: Graph, data: Dataset, seed: number): ChannelScores {
  const examples = drawExamples(data, EXAMPLES, seed, 'prune/activation');
  const tensors = graph.nodes.flatMap((n) => n.outputs);
  const squares = tensors.map((t) => new Float64Array(channelCount(graph.tensors[t].shape)));
  heap.scope(() => {
    const norms = squares.map(({ length }) => heap.tensor('f32', [length]));
    const run = observe(heap, graph, examples);
    run(({ operands }) => {
      const steps = tensors.map((t, i) => channelNormF32(heap, norms[i], operands[t], operands[t].shape.length - 1, 2));
      return () => {
        steps.forEach((step, i) => {
          step();
          (heap.read(norms[i]) as Float32Array).forEach((norm, c) => {
            squares[i][c] += norm * norm;
          });
        });
      };
    });
  });
  return new Map(tensors.map((t, i) => [t, normalized(squares[i].map(Math.sqrt))]));
}

/** As good as any for a baseline. */
export function randomScores(graph: Graph, seed: number): ChannelScores {
  const random = createRandom(seed, 'prune/random');
  const tensors = graph.nodes.flatMap((n) => n.outputs);
  return new Map(tensors.map((t) => [t, Float64Array.from({ length: channelCount(graph.tensors[t].shape) }, random.uniform)]));
}

function normalized(values: Float64Array): Float64Array {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return mean > 0 ? values.map((v) => v / mean) : values;
}
