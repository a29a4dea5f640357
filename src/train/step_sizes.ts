import { type Graph, indexAlong, type Quantization, type Tensor, withTensors } from '../graph/graph.ts';
import { leastWeightScale } from '../ops/requant.ts';
import { layerOf } from '../run/layers.ts';
import { moveStepSizesF32 } from '../wasm/fake_quantize.ts';
import type { Heap } from '../wasm/heap.ts';
import { adamStepF32, type OptimizerStep, sgdStepF32 } from '../wasm/optimizer.ts';
import { weightRange } from '../wasm/stats.ts';
import type { StepSize } from './fake.ts';
import type { TrainOptions } from './options.ts';
import type { Parameter } from './program.ts';
import type { Constants, Remember } from './state.ts';

/**
 * Learned step sizes (LSQ, Esser et al. 2020). Sgd moves them as the paper does. Adam's steps are as long for small numbers as for large
 * ones, and scales differ by orders of magnitude, so its steps are shares of the scale. In the last steps they are frozen, so that
 * weights settle between values that no longer move.
 */
export function stepSizeOptimizer(
  heap: Heap,
  { value, gradient }: Parameter,
  o: TrainOptions,
  steps: number,
  remember: Remember,
): OptimizerStep {
  const { shape } = value;
  const moved = heap.tensor('f32', shape);
  const adam = o.optimizer !== 'sgd';
  const optimize = adam
    ? adamStepF32(heap, moved, gradient, remember(shape), remember(shape))
    : sgdStepF32(heap, moved, gradient, remember(shape), { momentum: o.momentum, nesterov: true });
  const move = moveStepSizesF32(heap, value, moved, adam);
  const last = Math.round((1 - o.freezeRanges) * steps);
  return (rate, step, scale) => {
    if (step > last) return heap.clear(gradient);
    optimize(rate, step, scale);
    move();
  };
}

/** The graph with records of the scales that were learned; `values` by tensor of the graph that was trained. */
export function withLearnedScales(graph: Graph, learned: readonly StepSize[], values: Constants): Graph {
  const changes = new Map<number, Tensor>();
  for (const { parameter, tensors } of learned) {
    const scales = [...values.get(parameter)!];
    for (const t of tensors) changes.set(t, { ...graph.tensors[t], quant: { ...graph.tensors[t].quant!, scales } });
  }
  const rescaled = withTensors(graph, changes);
  return withTensors(rescaled, new Map(learned.flatMap(({ tensors: [t] }) => weightsThatFit(rescaled, t))));
}

/** Weights cut off where their range ends, as they were while training. A scale beside which the bias would not fit grows. */
function weightsThatFit(graph: Graph, t: number): [number, Tensor][] {
  const weights = graph.tensors[t];
  const layer = graph.nodes.map(layerOf).find((l) => l?.weights === t);
  if (!layer || !(weights.data instanceof Float32Array)) return [];
  const { x, bias } = layer;
  const { scales, axis } = weights.quant!;
  const input = graph.tensors[x].quant;
  const least = input ? leastWeightScale(graph.tensors[bias] ?? null, input.scales[0], axis !== null) : () => 0;
  const quant = { ...weights.quant!, scales: scales.map((s, c) => Math.max(s, least(c))) };
  return [[t, { ...weights, quant, data: cutOff(weights.data, weights.shape, quant) }]];
}

function cutOff(data: Float32Array, shape: readonly number[], { bits, scales, zeros, axis }: Quantization): Float32Array {
  const [low, high] = weightRange(bits as 4 | 8, zeros[0]);
  const channel = indexAlong(shape, axis);
  return data.map((w, i) => {
    const scale = scales[channel(i)];
    return Math.max((low - zeros[0]) * scale, Math.min((high - zeros[0]) * scale, w));
  });
}
