import { type Activation, type Attrs, type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';
import { rowOf, type Shape } from '../ops/index.ts';
import type { Pair } from '../ops/window.ts';
import { createRandom, type Random } from '../random.ts';

/** An activation of a network that is being built. */
export interface Value {
  readonly tensor: number;
  readonly shape: Shape;
}

export interface Filter {
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly padding?: 'same' | 'valid';
  readonly activation?: Activation;
  /** A batch normalization after it, in place of a bias; the activation follows that. */
  readonly norm?: boolean;
}

/** Layers written one after another, with random weights: He's uniform ones (Keras `he_uniform`), zero biases. */
export interface Builder {
  readonly input: Value;
  conv2d(x: Value, channels: number, filter: Filter): Value;
  depthwiseConv2d(x: Value, filter: Filter): Value;
  dense(x: Value, units: number, options?: { activation?: Activation }): Value;
  batchNorm(x: Value): Value;
  /** Mean over height and width: [n, c]. */
  globalMean(x: Value): Value;
  maxPool2d(x: Value, size: Pair): Value;
  add(a: Value, b: Value, options?: { activation?: Activation }): Value;
  activate(x: Value, activation: Activation): Value;
  dropout(x: Value, rate: number): Value;
  softmax(x: Value): Value;
  finish(output: Value): Graph;
}

/** @param shape of one example, [h, w, c] for convolutions */
export function buildNetwork(name: string, shape: Shape, seed: number): Builder {
  const tensors: Tensor[] = [];
  const nodes: Node[] = [];
  const random = createRandom(seed, `weights/${name}`);
  const tensor = (label: string, dims: Shape, data: Float32Array | null): number =>
    tensors.push({ name: label, shape: dims, dtype: 'f32', data, quant: null }) - 1;
  const counts = new Map<string, number>();
  const nameOf = (op: string): string => {
    const n = (counts.get(op) ?? 0) + 1;
    counts.set(op, n);
    return `${op}_${n}`;
  };
  const layer = (
    op: string,
    x: readonly Value[],
    attrs: Attrs,
    weights: readonly [string, Shape, Float32Array][] = [],
  ): Value => {
    const label = nameOf(op);
    const made = weights.map(([part, dims, data]) => tensor(`${label}/${part}`, dims, data));
    const [out] = rowOf(op).infer([...x.map((v) => v.shape), ...weights.map(([, dims]) => dims)], attrs);
    const y = tensor(label, out, null);
    nodes.push({ name: label, op, inputs: [...x.map((v) => v.tensor), ...made], outputs: [y], attrs });
    return { tensor: y, shape: out };
  };
  const batchNorm = (x: Value): Value => {
    const c = x.shape.at(-1)!;
    const rows = [
      ['gamma', 1],
      ['beta', 0],
      ['mean', 0],
      ['variance', 1],
    ] as const;
    return layer(
      'batchNorm',
      [x],
      { epsilon: 1e-3 },
      rows.map(([part, v]) => [part, [c], new Float32Array(c).fill(v)]),
    );
  };
  const activate = (x: Value, activation: Activation): Value => (activation === 'none' ? x : layer(activation, [x], {}));
  const filtered = (op: string, x: Value, dims: Shape, fanIn: number, out: number, f: Filter, more: Attrs): Value => {
    const { stride = [1, 1], padding = 'same', activation = 'none', norm = false } = f;
    const w: [string, Shape, Float32Array] = ['weights', dims, heUniform(random, sizeOf(dims), fanIn)];
    const attrs = { stride, padding, dilation: [1, 1], activation: norm ? 'none' : activation, ...more };
    const y = layer(op, [x], attrs, norm ? [w] : [w, ['bias', [out], new Float32Array(out)]]);
    return norm ? activate(batchNorm(y), activation) : y;
  };
  const input: Value = { tensor: tensor('input', [1, ...shape], null), shape: [1, ...shape] };
  return {
    input,
    batchNorm,
    activate,
    conv2d: (x, channels, f) => {
      const [kh, kw] = f.kernel;
      const c = x.shape[3];
      return filtered('conv2d', x, [channels, kh, kw, c], kh * kw * c, channels, f, { groups: 1 });
    },
    depthwiseConv2d: (x, f) => {
      const [kh, kw] = f.kernel;
      const c = x.shape[3];
      return filtered('depthwiseConv2d', x, [1, kh, kw, c], kh * kw, c, f, { multiplier: 1 });
    },
    dense: (x, units, { activation = 'none' } = {}) => {
      const depth = sizeOf(x.shape);
      return layer('fullyConnected', [x], { activation, keepDims: false }, [
        ['weights', [units, depth], heUniform(random, units * depth, depth)],
        ['bias', [units], new Float32Array(units)],
      ]);
    },
    globalMean: (x) => layer('mean', [x], { axes: [1, 2], keepDims: false }),
    maxPool2d: (x, size) => layer('maxPool2d', [x], { filter: size, stride: size, padding: 'valid', activation: 'none' }),
    add: (a, b, { activation = 'none' } = {}) => layer('add', [a, b], { activation }),
    dropout: (x, rate) => layer('dropout', [x], { rate }),
    softmax: (x) => layer('softmax', [x], { beta: 1 }),
    finish: (output) => ({ name, tensors, nodes, inputs: [input.tensor], outputs: [output.tensor] }),
  };
}

/** Uniform within ±sqrt(6 / fanIn): variance 2 / fanIn keeps the spread of activations through ReLU (He et al., 2015). */
function heUniform(random: Random, count: number, fanIn: number): Float32Array {
  const limit = Math.sqrt(6 / fanIn);
  return Float32Array.from({ length: count }, () => limit * (2 * random.uniform() - 1));
}
