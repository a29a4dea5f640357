import { type Graph, isInteger, sizeOf } from '../src/graph/graph.ts';
import { createRandom } from '../src/random.ts';
import { inferShapes } from '../src/run/compile.ts';
import { macsOf as nodeMacs } from '../src/run/cost.ts';

/** The four networks of MLPerf Tiny, by their files under `shared/data/models`. */
export const NETWORKS = [
  { name: 'ResNet8', float: 'pretrainedResnet', int8: 'pretrainedResnet_quant' },
  { name: 'DS-CNN', float: 'kws_savedmodel_float', int8: 'kws_ref_model' },
  { name: 'MobileNetV1-0.25 (VWW)', float: 'vww_96_float', int8: 'vww_96_int8' },
  { name: 'autoencoder', float: 'ad01_fp32', int8: 'ad01_int8' },
] as const;

/** Inputs of `batch` examples as real numbers in the range that the int8 form of the network was made for. */
export function realInputs(int8: Graph, batch: number): Float32Array {
  const { shape, quant } = int8.tensors[int8.inputs[0]];
  const random = createRandom(1, 'bench inputs');
  const count = batch * sizeOf(shape);
  return Float32Array.from({ length: count }, () => quant!.scales[0] * (random.below(256) - 128 - quant!.zeros[0]));
}

/** The same inputs as the int8 network takes them. */
export function integerInputs(int8: Graph, real: Float32Array): Int8Array {
  const { quant } = int8.tensors[int8.inputs[0]];
  return Int8Array.from(real, (v) => Math.round(v / quant!.scales[0]) + quant!.zeros[0]);
}

/** The graph for `batch` examples at once, shapes written out. */
export function withBatch(graph: Graph, batch: number): Graph {
  const shapes = inferShapes(graph, batch);
  return { ...graph, tensors: graph.tensors.map((t, i) => (t.data ? t : { ...t, shape: shapes[i] })) };
}

/** Multiply-accumulates of one example. */
export const macsOf = (graph: Graph): number => graph.nodes.reduce((sum, node) => sum + nodeMacs(graph, node), 0);

/** The largest difference of `b` from `a` as a share of a's largest magnitude, and the share of values that differ by at most 1. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): { relative: number; within: number } {
  let most = 0;
  let size = 0;
  let near = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    if (d <= 1) near++;
    most = Math.max(most, d);
    size = Math.max(size, Math.abs(a[i]));
  }
  return { relative: most / Math.max(size, 1e-30), within: near / a.length };
}

export const isInt8 = (graph: Graph): boolean => isInteger(graph.tensors[graph.inputs[0]].dtype);
