/** Operators of random graphs: what a layer of each takes, drawn at random. */
import { type Attrs, type DType, type Quantization, sizeOf } from '../../src/graph/graph.ts';
import type { Random } from '../../src/random.ts';
import type { Sample } from '../../test/ops/samples.ts';

export type Shape = readonly number[];

/** What one layer takes beside x: constants, an earlier tensor of x's shape ('same'), or another input. */
export interface Layer {
  readonly attrs: Attrs;
  readonly weights?: Shape;
  readonly units?: number;
  readonly second?: 'same' | Shape;
  /** How many terms a sum has. */
  readonly depth?: number;
  /** The type of an output of whole numbers. */
  readonly counted?: DType;
}

export class Draws {
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
export const LAYERS: Readonly<Record<string, (d: Draws, x: Shape) => Layer | null>> = {
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
export const BESIDE: Readonly<Record<string, (d: Draws) => Sample>> = {
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
