import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { type Graph, indexAlong } from '../graph/graph.ts';
import { shortName } from '../graph/names.ts';
import { rowOf } from '../ops/index.ts';
import { createRandom } from '../random.ts';
import { channelCount } from '../run/channels.ts';
import { layerOf } from '../run/layers.ts';
import { drawExamples, observe, visitBatches } from '../run/observe.ts';
import type { Heap } from '../wasm/heap.ts';
import { channelNormF32 } from '../wasm/stats.ts';
import type { Evidence } from './evidence.ts';
import { visitGradients } from './gradients.ts';
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

/** Weights of every layer as they lie in its filters, by channels of its output; a recurrent layer has several. */
function filtersOf(graph: Graph) {
  return graph.nodes.flatMap((node) => {
    const layer = layerOf(node);
    const places = rowOf(node.op).recurrent?.weights.map(({ weights }) => ({ weights: node.inputs[weights], axis: 0 }));
    return (layer ? [layer] : (places ?? [])).flatMap(({ weights: t, axis }) => {
      const weights = graph.tensors[t];
      if (!(weights?.data instanceof Float32Array)) return [];
      const units = weights.shape[axis];
      return [{ y: node.outputs[0], units, data: weights.data, unit: indexAlong(weights.shape, axis) }];
    });
  });
}

/**
 * Sum of the distances of each filter from all others of its layer: the one nearest to the geometric median of all is replaced by the others
 * best (He et al., "Filter Pruning via Geometric Median", 2019).
 */
export function medianScores(graph: Graph): ChannelScores {
  return new Map(
    filtersOf(graph).map(({ y, units, data, unit }) => {
      const filters = Array.from({ length: units }, () => [] as number[]);
      data.forEach((w, i) => {
        filters[unit(i)].push(w);
      });
      const sums = new Float64Array(units);
      for (let a = 0; a < units; a++) {
        for (let b = a + 1; b < units; b++) {
          let square = 0;
          for (let k = 0; k < filters[a].length; k++) square += (filters[a][k] - filters[b][k]) ** 2;
          sums[a] += Math.sqrt(square);
          sums[b] += Math.sqrt(square);
        }
      }
      return [y, normalized(sums)];
    }),
  );
}

/** What is known of the values of each channel of a tensor so far. */
interface Seen {
  count: number;
  readonly mean: Float64Array;
  readonly total: Float64Array;
}

/** Adds one value of a channel. */
const MEASURES = {
  mean: ({ total }: Seen, c: number, v: number) => {
    total[c] += Math.abs(v);
  },
  variance: ({ count, mean, total }: Seen, c: number, v: number) => {
    const d = v - mean[c];
    mean[c] += d / count;
    total[c] += d * (v - mean[c]);
  },
  active: ({ total }: Seen, c: number, v: number) => {
    if (v !== 0) total[c]++;
  },
} as const;

/** What of the values of a channel counts. */
export type ActivationMeasure = keyof typeof MEASURES;

/**
 * Of each channel over examples of the train part (else validation): its mean size, its variance, or the share of its values that are not
 * zero (1 - APoZ: Hu et al., "Network Trimming", 2016).
 */
export function activationMeasures(
  heap: Heap,
  graph: Graph,
  data: Dataset,
  seed: number,
  measure: ActivationMeasure,
): ChannelScores {
  const examples = drawExamples(data, EXAMPLES, seed, 'prune/activation');
  const add = MEASURES[measure];
  const tensors = graph.nodes.flatMap((n) => n.outputs);
  const seen = tensors.map((t): Seen => {
    const channels = channelCount(graph.tensors[t].shape);
    return { count: 0, mean: new Float64Array(channels), total: new Float64Array(channels) };
  });
  visitBatches(heap, graph, examples, ({ operands }) => {
    tensors.forEach((t, i) => {
      const values = heap.read(operands[t]) as Float32Array;
      const channels = seen[i].total.length;
      for (let at = 0; at < values.length; at += channels) {
        seen[i].count++;
        for (let c = 0; c < channels; c++) add(seen[i], c, values[at + c]);
      }
    });
  });
  return new Map(tensors.map((t, i) => [t, normalized(seen[i].total)]));
}

/**
 * By how much the loss would change without a channel, to first order: the size of the sum of activation times gradient over its places, mean
 * over examples (Molchanov et al., "Pruning Convolutional Neural Networks for Resource Efficient Inference", 2017). One unit for all layers.
 */
export function taylorScores(graph: Graph, evidence: Evidence): ChannelScores {
  const tensors = graph.nodes.flatMap((n) => n.outputs).filter((t) => !graph.outputs.includes(t));
  const scores = tensors.map((t) => new Float64Array(channelCount(graph.tensors[t].shape)));
  visitGradients(evidence.heap, graph, tensors, evidence, (slopes, batch) => {
    slopes.forEach(({ values, gradient }, i) => {
      const channels = scores[i].length;
      const size = values.length / batch;
      const sums = new Float64Array(channels);
      for (let from = 0; from < values.length; from += size) {
        sums.fill(0);
        for (let k = 0; k < size; k++) sums[k % channels] += values[from + k] * gradient[from + k];
        for (let c = 0; c < channels; c++) scores[i][c] += Math.abs(sums[c]);
      }
    });
  });
  return new Map(tensors.map((t, i) => [t, scores[i]]));
}

/**
 * Size of the factor by which a batch normalization scales each channel (Liu et al., "Network Slimming", 2017).
 *
 * @throws CompressError `bad-option` where no normalization is left in the network
 */
export function normScores(graph: Graph): ChannelScores {
  const norms = graph.nodes.filter((n) => n.op === 'batchNorm' && graph.tensors[n.inputs[1]].data);
  if (!norms.length) {
    const layers = graph.nodes.filter(layerOf).map((n) => `"${shortName(n.name)}"`);
    const some = layers.slice(0, 3).join(', ');
    throw new CompressError(
      'bad-option',
      `the criterion "norm" reads the factors of batch normalizations, and none is left behind ${some}${layers.length > 3 ? ` and ${layers.length - 3} more layers` : ''}: they are folded into the weights`,
      'choose --criterion l2, taylor or another that reads weights or data',
    );
  }
  return new Map(
    norms.map(({ inputs, outputs }) => [outputs[0], Float64Array.from(graph.tensors[inputs[1]].data as Float32Array, Math.abs)]),
  );
}

/** Norm of the filter that makes each channel (Li et al., "Pruning Filters for Efficient ConvNets", 2017). */
export function weightScores(graph: Graph, order: 1 | 2): ChannelScores {
  const sums = new Map<number, Float64Array>();
  for (const { y, units, data, unit } of filtersOf(graph)) {
    const norms = sums.get(y) ?? new Float64Array(units);
    data.forEach((w, i) => {
      norms[unit(i)] += order === 1 ? Math.abs(w) : w * w;
    });
    sums.set(y, norms);
  }
  return new Map([...sums].map(([y, norms]) => [y, normalized(order === 1 ? norms : norms.map(Math.sqrt))]));
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
