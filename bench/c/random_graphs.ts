/** Small integer networks of RANDOM_OPERATORS and odd shapes, for checks of generated C. Equal seeds give equal graphs, which figures are fitted on (scripts/count). */
import { CompressError } from '../../src/errors.ts';
import {
  type Attrs,
  type DType,
  type Graph,
  isInteger,
  type Node,
  newValues,
  type Quantization,
  sizeOf,
  type Tensor,
} from '../../src/graph/graph.ts';
import { type AnyRow, rowOf } from '../../src/ops/index.ts';
import { createRandom, type Random } from '../../src/random.ts';
import { compile } from '../../src/run/compile.ts';
import type { Heap } from '../../src/wasm/heap.ts';
import { mergeGraphs } from '../../test/c/merge.ts';
import { graphOf } from '../../test/formats/row_graphs.ts';
import type { Sample } from '../../test/ops/samples.ts';

type Shape = readonly number[];
type Activations = 'i8' | 'i16';

/** What one layer takes beside x: constants, an earlier tensor of x's shape ('same'), or another input. */
interface Layer {
  readonly attrs: Attrs;
  readonly weights?: Shape;
  readonly units?: number;
  readonly second?: 'same' | Shape;
  /** How many terms a sum has. */
  readonly depth?: number;
  /** The type of an output of whole numbers. */
  readonly counted?: DType;
}

class Draws {
  readonly random: Random;
  constructor(random: Random) {
    this.random = random;
  }
  /** A whole number of least..most. */
  whole = (least: number, most: number): number => least + this.random.below(most - least + 1);
  of = <T>(choices: readonly T[]): T => choices[this.random.below(choices.length)];
  scale = (least: number, most: number): number => Math.fround(least + (most - least) * this.random.uniform());
}

const image = (x: Shape) => x.length === 4;
const activation = (d: Draws) => d.of(['none', 'relu', 'relu6']);
const windowed = (d: Draws, x: Shape) => {
  const padding = d.of(['same', 'valid']);
  const filter = [d.whole(1, Math.min(5, x[1])), d.whole(1, Math.min(5, x[2]))];
  return { filter, padding, stride: [d.whole(1, 3), d.whole(1, 3)], activation: activation(d) };
};

/** Layers by operator, or null where x's shape does not suit. */
const LAYERS: Readonly<Record<string, (d: Draws, x: Shape) => Layer | null>> = {
  conv2d(d, x) {
    if (!image(x)) return null;
    const { filter, ...attrs } = windowed(d, x);
    const groups = d.of([1, 1, 1, ...[2, 3, 4].filter((g) => x[3] % g === 0)]);
    const units = groups * d.whole(1, Math.ceil(20 / groups));
    const dilation = d.of([
      [1, 1],
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
    const stride = dilation[0] + dilation[1] > 2 ? [1, 1] : attrs.stride;
    const weights = [units, ...filter, x[3] / groups];
    return { attrs: { ...attrs, stride, dilation, groups }, weights, units, depth: sizeOf(weights) / units };
  },
  depthwiseConv2d(d, x) {
    if (!image(x)) return null;
    const { filter, ...attrs } = windowed(d, x);
    const multiplier = d.of([1, 1, 1, 2, 3]);
    const units = x[3] * multiplier;
    return { attrs: { ...attrs, dilation: [1, 1], multiplier }, weights: [1, ...filter, units], units, depth: sizeOf(filter) };
  },
  transposeConv2d(d, x) {
    if (!image(x)) return null;
    const [stride, filter, units] = [[d.whole(1, 2), d.whole(1, 2)], [d.whole(2, 3), d.whole(2, 3)], d.whole(1, 8)];
    const outputSize = [1, 2].map((i) => (x[i] - 1) * stride[i - 1] + filter[i - 1]);
    const attrs = { stride, padding: 'valid', activation: activation(d), outputSize };
    return { attrs, weights: [units, ...filter, x[3]], units, depth: sizeOf(filter) * x[3] };
  },
  fullyConnected(d, x) {
    const depth = x.at(-1)!;
    const units = d.whole(1, 21);
    return { attrs: { activation: activation(d), keepDims: true }, weights: [units, depth], units, depth };
  },
  batchMatmul: (d, x) =>
    x.length < 2
      ? null
      : { attrs: { adjX: false, adjY: false }, second: [...x.slice(0, -2), x.at(-1)!, d.whole(1, 7)], depth: x.at(-1) },
  avgPool2d: (d, x) => (image(x) ? { attrs: windowed(d, x) } : null),
  maxPool2d: (d, x) => (image(x) ? { attrs: windowed(d, x) } : null),
  mean: (d, x) => ({ attrs: { axes: axesOf(d, x), keepDims: true } }),
  sum: (d, x) => ({ attrs: { axes: axesOf(d, x), keepDims: true }, depth: 4 }),
  reduceMax: (d, x) => ({ attrs: { axes: axesOf(d, x), keepDims: true } }),
  reduceMin: (d, x) => ({ attrs: { axes: axesOf(d, x), keepDims: true } }),
  add: (d, x) => ({ attrs: { activation: activation(d) }, second: partner(d, x) }),
  sub: (d, x) => ({ attrs: { activation: activation(d) }, second: partner(d, x) }),
  mul: (d, x) => ({ attrs: { activation: activation(d) }, second: partner(d, x), depth: 1 }),
  squaredDifference: (d, x) => ({ attrs: {}, second: partner(d, x), depth: 1 }),
  minimum: (d, x) => ({ attrs: {}, second: partner(d, x) }),
  maximum: (d, x) => ({ attrs: {}, second: partner(d, x) }),
  concat: (d, x) => ({ attrs: { axis: d.whole(0, x.length - 1), activation: 'none' }, second: 'same' }),
  pack: (d, x) => (x.length < 4 ? { attrs: { axis: d.whole(0, x.length) }, second: 'same' } : null),
  unpack: (_, x) => (x.length > 1 && x[0] < 4 ? { attrs: { axis: 0 } } : null),
  split(d, x) {
    const axis = d.whole(0, x.length - 1);
    if (x[axis] < 2) return null;
    const first = d.whole(1, x[axis] - 1);
    return { attrs: { axis, sizes: [first, x[axis] - first] } };
  },
  pad: (d, x) => ({ attrs: { paddings: x.map((_, i) => (i ? [d.whole(0, 2), d.whole(0, 2)] : [0, 0])), value: 0 } }),
  mirrorPad: (d, x) => ({ attrs: { paddings: x.map((n) => [d.whole(0, Math.min(2, n - 1)), 0]), symmetric: false } }),
  tile: (d, x) => ({ attrs: { multiples: x.map((_, i) => (i === x.length - 1 ? d.whole(1, 3) : 1)) } }),
  gather(d, x) {
    const axis = d.whole(0, x.length - 1);
    const indices = Array.from({ length: d.whole(1, 4) }, () => d.whole(0, x[axis] - 1));
    return { attrs: { axis, indices, shape: [indices.length] } };
  },
  depthToSpace: (_, x) => (image(x) && x[3] % 4 === 0 ? { attrs: { block: 2 } } : null),
  spaceToDepth: (_, x) => (image(x) && x[1] % 2 === 0 && x[2] % 2 === 0 ? { attrs: { block: 2 } } : null),
  reshape: (_, x) => (x.length > 1 ? { attrs: { shape: [0, -1] } } : null),
  transpose: (d, x) => ({ attrs: { perm: shuffled(d, x.length) } }),
  stridedSlice(d, x) {
    const begin = x.map((n) => d.whole(0, n - 1));
    return { attrs: { begin, end: x.map((n, i) => d.whole(begin[i] + 1, n)), strides: x.map(() => d.whole(1, 2)), shrink: [] } };
  },
  resizeNearest: (d, x) =>
    image(x)
      ? { attrs: { size: [d.whole(1, 9), d.whole(1, 9)], alignCorners: false, halfPixelCenters: d.of([true, false]) } }
      : null,
  resizeBilinear: (d, x) =>
    image(x)
      ? { attrs: { size: [d.whole(2, 9), d.whole(2, 9)], alignCorners: false, halfPixelCenters: d.of([true, false]) } }
      : null,
  leakyRelu: (d) => ({ attrs: { alpha: d.scale(0.01, 0.5) } }),
  softmax: (d) => ({ attrs: { beta: d.of([1, 0.5]) } }),
  prelu: (d, x) => ({ attrs: {}, second: partner(d, x), depth: 1 }),
  argMax: (d, x) => ({ attrs: { axis: d.whole(0, x.length - 1) }, counted: 'i32' }),
  argMin: (d, x) => ({ attrs: { axis: d.whole(0, x.length - 1) }, counted: 'i32' }),
  cast: (d) => ({ attrs: {}, counted: d.of<DType>(['i32', 'i16', 'u8', 'f32']) }),
  gelu: (d) => ({ attrs: { approximate: d.of([true, false]) } }),
  ...Object.fromEntries(
    [
      'relu',
      'relu6',
      'reluN1',
      'logistic',
      'tanh',
      'hardSwish',
      'elu',
      'abs',
      'rsqrt',
      'exp',
      'quantize',
      'logSoftmax',
      'l2Normalize',
    ].map((op) => [op, () => ({ attrs: {} })]),
  ),
};

const axesOf = (d: Draws, x: Shape) => (image(x) ? d.of([[1, 2], [3], [1], [2]]) : [d.whole(0, x.length - 1)]);
const partner = (d: Draws, x: Shape): 'same' | Shape =>
  d.of<'same' | Shape>(['same', 'same', x.map((n, i) => (i === x.length - 1 ? n : 1)), [1]]);

function shuffled(d: Draws, count: number): number[] {
  const left = Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: count }, () => left.splice(d.whole(0, left.length - 1), 1)[0]);
}

/** Operators with state or of their own kind stand beside the chain. */
const BESIDE: Readonly<Record<string, (d: Draws) => Sample>> = {
  svdf(d) {
    const [rank, units, size, memory] = [d.whole(1, 2), d.whole(1, 5), d.whole(2, 11), d.whole(2, 7)];
    const filters = rank * units;
    return {
      shapes: [[1, size], [filters, size], [filters, memory], [units], [1, filters * memory]],
      attrs: { rank, activation: 'relu' },
    };
  },
  lstm(d) {
    const [hidden, size, time] = [d.whole(1, 6), d.whole(1, 6), d.whole(1, 6)];
    const [x, h] = [
      [hidden, size],
      [hidden, hidden],
    ];
    const q = (bits: 8 | 16): Quantization => ({
      bits,
      scales: [bits === 8 ? 0.0625 : 0.03125],
      zeros: [bits === 8 ? 3 : 0],
      axis: null,
    });
    const shapes = [
      [1, time, size],
      x,
      x,
      x,
      x,
      h,
      h,
      h,
      h,
      null,
      null,
      null,
      [hidden],
      [hidden],
      [hidden],
      [hidden],
      null,
      null,
      [1, hidden],
      [1, hidden],
    ];
    return { shapes, attrs: { timeMajor: false, cellClip: 10, intermediates: [q(16), q(16), q(16), q(16), q(8)] } };
  },
  stream(d) {
    const [channels, kept] = [d.whole(1, 9), d.whole(1, 4)];
    return {
      shapes: [
        [1, d.whole(1, 4), 1, channels],
        [1, kept, 1, channels],
      ],
      attrs: { axis: 1 },
    };
  },
  dequantize: (d) => ({ shapes: [[d.whole(1, 3), d.whole(1, 17)]], attrs: {} }),
};

/** Operators that a random graph may hold. */
export const RANDOM_OPERATORS: readonly string[] = [...Object.keys(LAYERS), ...Object.keys(BESIDE)].sort();

const MOST = 3000;

const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
  reluN1: [-1, 1],
};

/** Whether an activation leaves one step alone, so that compilers drop what a layer computes. */
function leavesOne(activation: string, quant: Quantization | null): boolean {
  const bounds = BOUNDS[activation];
  if (!bounds || !quant) return false;
  const half = 2 ** (quant.bits - 1);
  const [low, high] = bounds.map((v) => Math.min(Math.max(Math.round(v / quant.scales[0]) + quant.zeros[0], -half), half - 1));
  return low === high;
}

class Chain {
  readonly tensors: Tensor[] = [];
  readonly nodes: Node[] = [];
  readonly inputs: number[] = [];
  readonly #d: Draws;
  readonly #dtype: Activations;

  constructor(d: Draws, dtype: Activations) {
    this.#d = d;
    this.#dtype = dtype;
  }

  input(shape: Shape): number {
    const t = this.#computed(shape, this.#activations(this.#d.scale(0.02, 0.08)));
    this.inputs.push(t);
    return t;
  }

  /** The outputs of a layer of `op` on tensor x, or null where it does not suit; the engine has the last word. */
  layer(op: string, x: number, heap: Heap): readonly number[] | null {
    const d = this.#d;
    const shape = this.tensors[x].shape;
    const made = LAYERS[op](d, shape);
    if (!made) return null;
    const before = [this.tensors.length, this.inputs.length, this.nodes.length];
    const operands = [x];
    if (made.weights) operands.push(...this.#parameters(op, made, x));
    if (made.second) operands.push(made.second === 'same' ? this.#alike(x) : this.input(made.second));
    try {
      const shapes = rowOf(op).infer(
        operands.map((t) => this.tensors[t]?.shape ?? null),
        made.attrs,
      );
      if (shapes.some((s) => sizeOf(s) > MOST || sizeOf(s) < 1)) throw new CompressError('unsupported', 'too large', '');
      const outputs = shapes.map((s) =>
        made.counted ? this.#counted(s, made.counted) : this.#computed(s, this.#outputQuant(rowOf(op), operands, made)),
      );
      if (outputs.some((t) => leavesOne(String(made.attrs.activation ?? op), this.tensors[t].quant)))
        throw new CompressError('unsupported', 'an activation that leaves one step alone', '');
      this.nodes.push({ name: `${op}${this.nodes.length}`, op, inputs: operands, outputs, attrs: made.attrs });
      heap.scope(() => compile(heap, this.graph()));
      return outputs;
    } catch (e) {
      if (!(e instanceof CompressError)) throw e;
      [this.tensors.length, this.inputs.length, this.nodes.length] = before;
      return null;
    }
  }

  /** All that no node reads is an output. */
  graph(): Graph {
    const read = new Set(this.nodes.flatMap((n) => n.inputs));
    const outputs = this.nodes.flatMap((n) => n.outputs).filter((t) => !read.has(t));
    return { name: 'random', tensors: this.tensors, nodes: this.nodes, inputs: this.inputs, outputs };
  }

  #activations(scale: number): Quantization {
    return {
      bits: this.#dtype === 'i8' ? 8 : 16,
      scales: [Math.fround(scale)],
      zeros: [this.#dtype === 'i8' ? this.#d.whole(-128, 127) : 0],
      axis: null,
    };
  }

  #computed(shape: Shape, quant: Quantization): number {
    return this.tensors.push({ name: `t${this.tensors.length}`, shape, dtype: this.#dtype, data: null, quant }) - 1;
  }

  #counted(shape: Shape, dtype: DType): number {
    return this.tensors.push({ name: `t${this.tensors.length}`, shape, dtype, data: null, quant: null }) - 1;
  }

  #alike(x: number): number {
    const { shape, quant } = this.tensors[x];
    const found = this.tensors.findIndex(
      (t, i) =>
        i !== x &&
        !t.data &&
        isInteger(t.dtype) &&
        `${t.shape}` === `${shape}` &&
        `${t.quant?.scales},${t.quant?.zeros}` === `${quant?.scales},${quant?.zeros}`,
    );
    if (found >= 0) return found;
    const t = this.#computed(shape, quant!);
    this.inputs.push(t);
    return t;
  }

  #parameters(op: string, { weights, units = 1 }: Layer, x: number): number[] {
    const d = this.#d;
    const bits = this.#dtype === 'i8' && op !== 'transposeConv2d' && d.whole(0, 4) === 0 ? 4 : 8;
    const most = bits === 4 ? 7 : 127;
    const scales = Array.from({ length: units }, () => d.scale(0.002, 0.012) * (127 / most)).map(Math.fround);
    const axis = op === 'depthwiseConv2d' ? 3 : 0;
    const ends = d.whole(0, 5) === 0;
    const data = Int8Array.from({ length: sizeOf(weights!) }, () => (ends ? d.of([-most, most]) : d.whole(-most, most)));
    const zeros = scales.map(() => 0);
    const w =
      this.tensors.push({
        name: `w${this.tensors.length}`,
        shape: weights!,
        dtype: bits === 4 ? 'i4' : 'i8',
        data,
        quant: { bits, scales, zeros, axis },
      }) - 1;
    if (d.whole(0, 3) === 0) return [w, -1];
    const dtype = this.#dtype === 'i8' ? 'i32' : 'i64';
    const values = newValues(dtype, units);
    for (let c = 0; c < units; c++) values[c] = (dtype === 'i64' ? BigInt(d.whole(-9000, 9000)) : d.whole(-9000, 9000)) as never;
    const biasScales = scales.map((s) => Math.fround(s * this.tensors[x].quant!.scales[0]));
    const quant: Quantization = { bits: dtype === 'i32' ? 32 : 64, scales: biasScales, zeros, axis: 0 };
    return [w, this.tensors.push({ name: `b${this.tensors.length}`, shape: [units], dtype, data: values, quant }) - 1];
  }

  #outputQuant(row: AnyRow, [x, w]: readonly number[], { depth, weights }: Layer): Quantization {
    const given = this.tensors[x].quant!;
    if (row.outputRange === 'as-input') return given;
    if (typeof row.outputRange !== 'string') {
      const [low, high] = row.outputRange;
      if (this.#dtype === 'i16') return { ...given, scales: [2 ** -15], zeros: [0] };
      const scale = (high - low) / 256;
      return { ...given, scales: [scale], zeros: [-128 - low / scale] };
    }
    const own = this.tensors[w]?.quant?.scales[0] ?? 1;
    const range =
      weights || depth ? given.scales[0] * own * (this.#dtype === 'i8' ? 64 : 9000) * Math.sqrt(depth ?? 1) : given.scales[0];
    return this.#activations(range * this.#d.scale(0.4, 2));
  }
}

/** One that suits an operator, where some try does. */
function inputShape(d: Draws, op: string): Shape {
  for (let tries = 0; ; tries++) {
    const shape = d.whole(0, 3) ? [1, d.whole(1, 11), d.whole(1, 11), d.whole(1, 17)] : [d.whole(1, 3), d.whole(1, 40)];
    if (tries > 50 || !LAYERS[op] || LAYERS[op](d, shape)) return shape;
  }
}

/** A chain of 2 to 5 layers with branches, and now and then an operator beside it. @param given its type, else drawn */
export function randomGraph(heap: Heap, seed: number, given?: Activations): Graph {
  const d = new Draws(createRandom(seed, 'bench/c/random graphs'));
  const drawn = d.whole(0, 5) === 0 ? 'i16' : 'i8';
  const dtype = given ?? drawn;
  const chain = new Chain(d, dtype);
  // Every operator has its turn as the first that is tried.
  const wanted = RANDOM_OPERATORS[seed % RANDOM_OPERATORS.length];
  let at = chain.input(inputShape(d, wanted));
  const length = d.whole(2, 5);
  const names = Object.keys(LAYERS);
  for (let tries = 0; tries < 40 && chain.nodes.length < length; tries++) {
    const op = tries < 8 && !chain.nodes.some((n) => n.op === wanted) && LAYERS[wanted] ? wanted : d.of(names);
    const made = chain.layer(op, at, heap);
    // Whole numbers go no further.
    const next = made?.filter((t) => chain.tensors[t].quant) ?? [];
    if (next.length) at = d.whole(0, 5) ? next[0] : d.of([...chain.inputs, ...next]);
  }
  const beside = BESIDE[wanted];
  return beside ? mergeGraphs([chain.graph(), graphOf(wanted, beside(d), 'i8')]) : chain.graph();
}
