import { type Activation, type Attrs, type Graph, type Node, sizeOf, type Tensor } from '../graph/graph.ts';
import { type Pair, rowOf, type Shape } from '../ops/index.ts';
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
  /** Another input, after those before it. */
  addInput(name: string, shape: Shape): Value;
  conv2d(x: Value, channels: number, filter: Filter): Value;
  depthwiseConv2d(x: Value, filter: Filter): Value;
  dense(x: Value, units: number, options?: { activation?: Activation }): Value;
  batchNorm(x: Value): Value;
  /** Mean over height and width: [n, c]. */
  globalMean(x: Value): Value;
  maxPool2d(x: Value, size: Pair): Value;
  add(a: Value, b: Value, options?: { activation?: Activation }): Value;
  activate(x: Value, activation: Activation): Value;
  /** Vectors side by side. */
  concat(values: readonly Value[]): Value;
  dropout(x: Value, rate: number): Value;
  softmax(x: Value): Value;
  sigmoid(x: Value): Value;
  finish(...outputs: readonly Value[]): Graph;
}

/**
 * @param shape     of one example, [h, w, c] for convolutions
 * @param inputName of the first input
 */
export function buildNetwork(name: string, shape: Shape, seed: number, inputName = 'input'): Builder {
  const draft: Draft = { tensors: [], nodes: [], counts: new Map(), random: createRandom(seed, `weights/${name}`) };
  const inputs: number[] = [];
  const addInput = (called: string, of: Shape): Value => {
    const value = { tensor: addTensor(draft, called, [1, ...of], null), shape: [1, ...of] };
    inputs.push(value.tensor);
    return value;
  };
  return {
    input: addInput(inputName, shape),
    addInput,
    conv2d: (x, channels, f) => {
      const dims = [channels, ...f.kernel, x.shape[3]];
      return filtered(draft, 'conv2d', x, dims, channels, f, { groups: 1 });
    },
    depthwiseConv2d: (x, f) =>
      filtered(draft, 'depthwiseConv2d', x, [1, ...f.kernel, x.shape[3]], x.shape[3], f, { multiplier: 1 }),
    dense: (x, units, { activation = 'none' } = {}) => {
      const weights = heUniform(draft.random, [units, sizeOf(x.shape)], sizeOf(x.shape));
      return layer(draft, 'fullyConnected', [x], { activation, keepDims: false }, [weights, zeroBias(units)]);
    },
    batchNorm: (x) => batchNorm(draft, x),
    globalMean: (x) => layer(draft, 'mean', [x], { axes: [1, 2], keepDims: false }),
    maxPool2d: (x, size) => layer(draft, 'maxPool2d', [x], { filter: size, stride: size, padding: 'valid', activation: 'none' }),
    add: (a, b, { activation = 'none' } = {}) => layer(draft, 'add', [a, b], { activation }),
    activate: (x, activation) => activate(draft, x, activation),
    concat: (values) => layer(draft, 'concat', values, { axis: 1, activation: 'none' }),
    dropout: (x, rate) => layer(draft, 'dropout', [x], { rate }),
    softmax: (x) => layer(draft, 'softmax', [x], { beta: 1 }),
    sigmoid: (x) => layer(draft, 'logistic', [x], {}),
    finish: (...outputs) => ({
      ...{ name, tensors: draft.tensors, nodes: draft.nodes, inputs },
      outputs: outputs.map(({ tensor }) => tensor),
    }),
  };
}

interface Draft {
  readonly tensors: Tensor[];
  readonly nodes: Node[];
  /** Layers of each kind so far, for their names. */
  readonly counts: Map<string, number>;
  readonly random: Random;
}

export interface Weights {
  readonly part: string;
  readonly shape: Shape;
  readonly data: Float32Array;
}

const addTensor = ({ tensors }: Draft, name: string, shape: Shape, data: Float32Array | null): number =>
  tensors.push({ name, shape, dtype: 'f32', data, quant: null }) - 1;

function layer(draft: Draft, op: string, x: readonly Value[], attrs: Attrs, weights: readonly Weights[] = []): Value {
  const n = (draft.counts.get(op) ?? 0) + 1;
  draft.counts.set(op, n);
  const name = `${op}_${n}`;
  const made = weights.map(({ part, shape, data }) => addTensor(draft, `${name}/${part}`, shape, data));
  const [shape] = rowOf(op).infer(
    [...x, ...weights].map((operand) => operand.shape),
    attrs,
  );
  const tensor = addTensor(draft, name, shape, null);
  draft.nodes.push({ name, op, inputs: [...x.map((v) => v.tensor), ...made], outputs: [tensor], attrs });
  return { tensor, shape };
}

function filtered(draft: Draft, op: string, x: Value, dims: Shape, channels: number, f: Filter, more: Attrs): Value {
  const { stride = [1, 1], padding = 'same', activation = 'none', norm = false } = f;
  const weights = heUniform(draft.random, dims, sizeOf(dims.slice(1)) / (op === 'conv2d' ? 1 : channels));
  const attrs = { stride, padding, dilation: [1, 1], activation: norm ? 'none' : activation, ...more };
  const y = layer(draft, op, [x], attrs, norm ? [weights] : [weights, zeroBias(channels)]);
  return norm ? activate(draft, batchNorm(draft, y), activation) : y;
}

function batchNorm(draft: Draft, x: Value): Value {
  const shape = x.shape.slice(-1);
  const rows = [
    ['gamma', 1],
    ['beta', 0],
    ['mean', 0],
    ['variance', 1],
  ] as const;
  const weights = rows.map(([part, value]) => ({ part, shape, data: new Float32Array(shape[0]).fill(value) }));
  return layer(draft, 'batchNorm', [x], { epsilon: 1e-3 }, weights);
}

const activate = (draft: Draft, x: Value, activation: Activation): Value =>
  activation === 'none' ? x : layer(draft, activation, [x], {});

const zeroBias = (units: number): Weights => ({ part: 'bias', shape: [units], data: new Float32Array(units) });

/** Uniform within ±sqrt(6 / fanIn): variance 2 / fanIn keeps the spread of activations through ReLU (He et al., 2015). */
export function heUniform(random: Random, shape: Shape, fanIn: number): Weights {
  const limit = Math.sqrt(6 / fanIn);
  return { part: 'weights', shape, data: Float32Array.from({ length: sizeOf(shape) }, () => limit * (2 * random.uniform() - 1)) };
}
