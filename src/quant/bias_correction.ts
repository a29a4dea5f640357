import { type Graph, indexAlong, type Tensor } from '../graph/graph.ts';
import { integersOf } from '../run/integer.ts';
import { layerOf, replacing, withParameters } from '../run/layers.ts';
import type { Examples } from '../run/observe.ts';
import { linearLayer } from '../simplify/constant_channels.ts';
import type { Heap } from '../wasm/heap.ts';
import { tensorStatistics } from './statistics.ts';

/**
 * Bias correction (Nagel et al. 2019, section 4.2): rounding weights moves the mean of what a layer answers by the mean of its input times
 * the rounding error; its bias takes that back. Means are those of the float network on examples. Layers without a bias stay as they are.
 *
 * @param records the graph with the records of its weights
 */
export function withCorrectedBiases(heap: Heap, records: Graph, examples: Examples): Graph {
  const layers = records.nodes.flatMap((node) => {
    const linear = linearLayer(records, node);
    const layer = layerOf(node);
    const isCorrected = linear && layer!.bias >= 0 && linear.weights.quant;
    return isCorrected ? [{ node, linear, layer: layer! }] : [];
  });
  const moments = tensorStatistics(
    heap,
    records,
    layers.map(({ layer }) => layer.x),
    examples,
  );
  const tensors = [...records.tensors];
  const put = replacing(records, tensors);
  const changed = layers.map(({ node, linear, layer }) => {
    const means = moments.get(layer.x)!;
    const sums = Float64Array.from(tensors[layer.bias].data as Float32Array);
    const rounded = roundedWeights(linear.weights);
    (linear.weights.data as Float32Array).forEach((w, i) => {
      sums[linear.unit(i)] += (w - rounded[i]) * means[linear.inChannel(i)].mean;
    });
    const bias = put(layer.bias, { ...tensors[layer.bias], data: Float32Array.from(sums) });
    return [node, withParameters(node, { bias })] as const;
  });
  const nodes = new Map(changed);
  return { ...records, tensors, nodes: records.nodes.map((n) => nodes.get(n) ?? n) };
}

function roundedWeights(weights: Tensor): Float64Array {
  const { scales, axis } = weights.quant!;
  const channel = indexAlong(weights.shape, axis);
  return Float64Array.from(integersOf(weights) as Int8Array, (q, i) => scales[channel(i)] * q);
}
