import type { Attrs, Graph, Node, Quantization, Tensor } from '../../src/graph/graph.ts';
import { rowOf } from '../../src/ops/index.ts';
import { createRandom, type Random } from '../../src/random.ts';

/** Small integer networks for tests of generated C: layers side by side, each with an input and an output of its own. */

export interface LayerSpec {
  readonly op: 'conv2d' | 'depthwiseConv2d' | 'fullyConnected';
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attrs?: Attrs;
  readonly activation?: 'none' | 'relu' | 'relu6';
  readonly bits?: 4 | 8;
  /** Zero points of input and output; by default drawn. */
  readonly zero?: number;
  readonly yZero?: number;
  /** How wide the sums are beside the output's range: 1 fills it, 8 saturates most of it. */
  readonly spread?: number;
  /** Weights: noise over the whole range, or mostly near its ends. */
  readonly weights?: 'noise' | 'extreme';
}

const perTensor = (bits: Quantization['bits'], scale: number, zero: number): Quantization => ({
  bits,
  scales: [Math.fround(scale)],
  zeros: [zero],
  axis: null,
});

/** A graph of these layers, side by side or one after another (then only the first one's `x` counts). Equal seeds give equal graphs. */
export function layersGraph(specs: readonly LayerSpec[], seed: number, chained = false): Graph {
  const tensors: Tensor[] = [];
  const nodes: Node[] = [];
  const inputs: number[] = [];
  const outputs: number[] = [];
  const add = (t: Tensor) => tensors.push(t) - 1;
  specs.forEach((spec, i) => {
    const random = createRandom(seed, `layer/${i}`);
    const before = chained && i > 0 ? nodes[i - 1].outputs[0] : null;
    const shape = before === null ? spec.x : tensors[before].shape;
    const { op, w: dims, activation = 'none', bits = 8, spread = 1.5 } = spec;
    const attrs = { stride: [1, 1], padding: 'same', dilation: [1, 1], groups: 1, multiplier: 1, ...spec.attrs, activation };
    const units = op === 'depthwiseConv2d' ? dims[3] : dims[0];
    const depth = op === 'depthwiseConv2d' ? dims[1] * dims[2] : dims.slice(1).reduce((a, b) => a * b, 1);
    const drawn = 0.02 + 0.05 * random.uniform();
    const xScale = before === null ? drawn : tensors[before].quant!.scales[0];
    const zero = spec.zero ?? Math.floor(random.uniform() * 256) - 128;
    const x = before ?? add({ name: `x${i}`, shape, dtype: 'i8', data: null, quant: perTensor(8, xScale, zero) });
    const most = bits === 4 ? 7 : 127;
    const count = dims.reduce((a, b) => a * b, 1);
    const data = Int8Array.from({ length: count }, () => weight(random, most, spec.weights ?? 'noise'));
    const scales = Array.from({ length: units }, () => Math.fround((0.002 + 0.01 * random.uniform()) * (127 / most)));
    const wAxis = op === 'depthwiseConv2d' ? 3 : 0;
    const wQuant: Quantization = { bits, scales, zeros: scales.map(() => 0), axis: wAxis };
    const w = add({ name: `w${i}`, shape: dims, dtype: bits === 4 ? 'i4' : 'i8', data, quant: wQuant });
    const largest = 0.006 * xScale * 64 * 128 * Math.sqrt(depth);
    const bias = Int32Array.from({ length: units }, (_, c) =>
      Math.round(((random.uniform() - 0.5) * largest) / (xScale * scales[c])),
    );
    const biasScales = scales.map((s) => Math.fround(s * Math.fround(xScale)));
    const biasQuant: Quantization = { bits: 32, scales: biasScales, zeros: scales.map(() => 0), axis: 0 };
    const b = add({ name: `b${i}`, shape: [units], dtype: 'i32', data: bias, quant: biasQuant });
    const yZero = spec.yZero ?? (activation === 'none' ? Math.floor(random.uniform() * 40) - 20 : -128);
    const [yShape] = rowOf(op).infer([shape, dims, [units]], attrs);
    const y = add({ name: `y${i}`, shape: yShape, dtype: 'i8', data: null, quant: perTensor(8, largest / (64 * spread), yZero) });
    nodes.push({ name: `layer${i}`, op, inputs: [x, w, b], outputs: [y], attrs });
    if (before === null) inputs.push(x);
    if (chained) outputs.length = 0;
    outputs.push(y);
  });
  return { name: 'layers', tensors, nodes, inputs, outputs };
}

function weight(random: Random, most: number, kind: 'noise' | 'extreme'): number {
  if (kind === 'extreme') return random.uniform() < 0.5 ? most : -most;
  return Math.max(-most, Math.min(most, Math.round((random.uniform() + random.uniform() + random.uniform() - 1.5) * most)));
}

/** A convolution of an image [height, width, channels]. */
export const conv = (
  x: readonly number[],
  units: number,
  kernel: readonly [number, number],
  more: Partial<LayerSpec> = {},
): LayerSpec => ({
  op: 'conv2d',
  x: [1, ...x],
  w: [units, ...kernel, x[2] / Number(more.attrs?.groups ?? 1)],
  ...more,
});
