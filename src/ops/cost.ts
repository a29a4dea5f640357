import { type DType, sizeOf } from '../graph/graph.ts';
import * as scratch from './buffer_sizes.ts';
import type { Shape } from './dims.ts';
import * as k from './features/index.ts';
import type { CallOf, Family, KernelCall, Operand, PlainForm } from './kernel_call.ts';

/**
 * What a kernel call costs on a kind of core: how often each part of the kernel runs, and what it needs.
 * Kernels that CMSIS-NN lacks are counted by the CMSIS-NN kernel whose loop is nearest; where that is a guess it says so.
 */

/** A kernel of which instructions are counted and code is measured. */
export interface CountedKernel {
  readonly name: string;
  readonly form: k.Weights | 'f32';
  /** The branch that runs, then those whose counts are used where it has none; empty where a kernel has only one. */
  readonly paths: readonly string[];
}

export interface Cost {
  /** Multiply-accumulates of the definition (bias, pooling and activations not counted). */
  readonly macs: number;
  /** By which instructions and code size are looked up; null: nothing runs. */
  readonly kernel: CountedKernel | null;
  readonly scratchBytes: number;
  /** Multiplier and shift pairs that the kernel reads from a table. */
  readonly multipliers: number;
  /** A constant table beside weights (activation functions); a shared one is there once in the whole image. */
  readonly table: { readonly bytes: number; readonly shared: boolean } | null;
  /** What instruction models regress on beside MACs: outputs, gathered elements, kernel calls ... */
  readonly features: k.Features;
}

/** All but MACs, which are the operator's. */
type CallCost = Omit<Cost, 'macs'>;

/** A node that exporting folds into its neighbour, or that moves nothing. */
export const NOTHING: Cost = { kernel: null, macs: 0, scratchBytes: 0, multipliers: 0, table: null, features: {} };

const cost = (
  name: string,
  form: CountedKernel['form'],
  { paths, features }: k.KernelFeatures,
  more: Partial<CallCost> = {},
): CallCost => ({ kernel: { name, form, paths }, scratchBytes: 0, multipliers: 0, table: null, features, ...more });

/** Float arithmetic in plain C: `steps` multiply-adds. */
export const floatCost = (steps: number, outputs: number): CallCost => cost('dot', 'f32', k.floatFeatures(steps, outputs));

/** How the kernels take a window: `padding` and the rest as in a kernel call. */
interface CallWindow {
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation?: readonly [number, number];
}

/** x [n, h, w, c], y [n, h, w, c], filter [h, w, c] */
export function geometryOf(
  x: Shape,
  y: Shape,
  filter: Shape,
  { stride, padding, dilation = [1, 1] }: CallWindow,
): scratch.WindowGeometry {
  return {
    input: { n: x[0], h: x[1], w: x[2], c: x[3] },
    filter: { h: filter[0], w: filter[1], c: filter[2] },
    output: { h: y[1], w: y[2], c: y[3] },
    stride: { h: stride[0], w: stride[1] },
    padding: { h: padding[0], w: padding[1] },
    dilation: { h: dilation[0], w: dilation[1] },
  };
}

/** Of a convolution, or of a depthwise one. */
export const convolutionGeometry = ({ operands: { x, w, y }, parameters }: CallOf<'convolve' | 'depthwise_conv'>) =>
  geometryOf(x.shape, y.shape, w.shape.slice(1), parameters);

const CONVOLVE = { s8: scratch.convolveS8Scratch, s4: scratch.convolveS4Scratch, s16: scratch.convolveS16Scratch };
const DEPTHWISE = {
  s8: scratch.depthwiseConvS8Scratch,
  s4: scratch.depthwiseConvS4Scratch,
  s16: scratch.depthwiseConvS16Scratch,
};

const BYTES: Partial<Record<DType, number>> = { f32: 4, i64: 8, i32: 4, i16: 2 };

/** Elements of y moved in runs of `run`. */
const moved = (ys: readonly Operand[], run: number): CallCost => {
  const total = ys.reduce((n, y) => n + sizeOf(y.shape), 0);
  return cost('concatenation', 's8', k.copyFeatures(total / run, run * (BYTES[ys[0].dtype] ?? 1)));
};

/** One pass over all elements of y, `times` over. */
const elementwise = (name: string, form: PlainForm, y: Operand, times = 1) =>
  cost(name, form, k.elementwiseFeatures(sizeOf(y.shape) * times));

/** The 256 results of an int8 function, looked up. */
const lookup = (y: Operand): CallCost => ({ ...elementwise('relu6', 's8', y), table: { bytes: 256, shared: false } });

const pool = (name: 'avg_pool' | 'max_pool', form: PlainForm, g: scratch.WindowGeometry, core: scratch.CoreKind) =>
  cost(name, form, k.poolFeatures(g), { scratchBytes: name === 'avg_pool' ? scratch.avgPoolScratch(core, g.input.c) : 0 });

export const poolGeometry = ({ operands: { x, y }, parameters }: CallOf<'avg_pool' | 'max_pool'>) =>
  geometryOf(x.shape, y.shape, [...parameters.filter, x.shape[3]], parameters);

/** The first axis behind all that are taken by a list. */
const behind = (places: readonly (readonly number[] | null)[]): number => places.findLastIndex((list) => list !== null) + 1;

type Costs = { readonly [F in Family]: (call: CallOf<F>, core: scratch.CoreKind) => CallCost };

const COSTS: Costs = {
  convolve(call, core) {
    const g = convolutionGeometry(call);
    return cost('convolve', call.form, k.convolveFeatures(core, call.form, g, call.parameters.groups), {
      scratchBytes: CONVOLVE[call.form](core, g),
      multipliers: g.output.c,
    });
  },
  depthwise_conv(call, core) {
    const g = convolutionGeometry(call);
    return cost('depthwise_conv', call.form, k.depthwiseConvFeatures(core, call.form, g), {
      scratchBytes: DEPTHWISE[call.form](core, g),
      multipliers: g.output.c,
    });
  },
  transpose_conv({ operands: { x, w, y }, parameters: { stride } }, core) {
    const g = geometryOf(x.shape, y.shape, w.shape.slice(1), { stride, padding: [0, 0] });
    const first = Math.max(scratch.transposeConvS8Scratch(core, g), scratch.transposeConvS8Needs(core, g));
    const scratchBytes = first + scratch.transposeConvS8ReverseScratch(g);
    return cost('transpose_conv', 's8', k.transposeConvFeatures(g), { scratchBytes, multipliers: g.output.c });
  },
  fully_connected({ form, operands: { x, w }, parameters: { multiplier } }, core) {
    const [units, depth] = w.shape;
    const found = k.fullyConnectedFeatures(core, form, sizeOf(x.shape) / depth, depth, units);
    const scratchBytes = form === 's8' ? scratch.fullyConnectedS8Scratch(core, units) : 0;
    return cost('fully_connected', form, found, { scratchBytes, multipliers: multiplier.length });
  },
  batch_matmul({ form, operands: { x1, y }, parameters: { adjX } }, core) {
    const [rows, columns] = y.shape.slice(-2);
    const depth = x1.shape[x1.shape.length - (adjX ? 2 : 1)];
    const found = k.batchMatmulFeatures(core, sizeOf(y.shape) / (rows * columns), rows, depth, columns);
    return cost('batch_matmul', 's8', found, { scratchBytes: form === 's8' ? scratch.batchMatmulS8Scratch(core, columns) : 0 });
  },
  elementwise_add: ({ form, operands: { y } }) => elementwise('elementwise_add', form, y),
  elementwise_sub: ({ form, operands: { y } }) => elementwise('elementwise_add', form, y),
  elementwise_mul: ({ form, operands: { y } }) => elementwise('elementwise_mul', form, y),
  /** Two products beside what a sum does. */
  squared_difference: ({ form, operands: { y } }) => elementwise('elementwise_add', form, y),
  prelu: ({ form, operands: { y } }) => elementwise('elementwise_mul', form, y),
  minimum: ({ form, operands: { y } }) => elementwise('maximum', form, y),
  maximum: ({ form, operands: { y } }) => elementwise('maximum', form, y),
  avg_pool: (call, core) => pool('avg_pool', call.form, poolGeometry(call), core),
  max_pool: (call, core) => pool('max_pool', call.form, poolGeometry(call), core),
  /** Over height and width it is average pooling by the whole window; over other axes the same work is assumed. */
  mean({ form, operands: { x, y } }, core) {
    const c = sizeOf(y.shape);
    const reduced = sizeOf(x.shape) / c;
    const window = { stride: [1, 1], padding: [0, 0] } as const;
    return pool('avg_pool', form, geometryOf([1, reduced, 1, c], [1, 1, 1, c], [reduced, 1, c], window), core);
  },
  reduce_extremum: ({ form, operands: { x } }) => elementwise('maximum', form, x),
  softmax({ operands: { y } }) {
    const size = y.shape[y.shape.length - 1];
    return cost('softmax', 's8', k.softmaxFeatures(sizeOf(y.shape) / size, size));
  },
  /** The exponentials of softmax; what its division does, a subtraction does here. */
  log_softmax({ operands: { y } }) {
    const size = y.shape[y.shape.length - 1];
    return cost('softmax', 's8', k.softmaxFeatures(sizeOf(y.shape) / size, size));
  },
  /** A pass for the sum of squares and one for the products. */
  l2_normalization: ({ operands: { y } }) => elementwise('elementwise_mul', 's8', y, 2),
  arg_extremum: ({ form, operands: { x } }) => elementwise('maximum', form === 's16' ? 's16' : 's8', x),
  cast: ({ operands: { y } }) => moved([y], 1),
  logistic: ({ operands: { y } }) => lookup(y),
  tanh: ({ operands: { y } }) => lookup(y),
  activation: ({ operands: { y } }) => ({ ...elementwise('activation', 's16', y), table: { bytes: 512, shared: true } }),
  hard_swish: ({ form, operands: { y } }) => (form === 's8' ? lookup(y) : elementwise('elementwise_mul', form, y, 2)),
  leaky_relu: ({ form, operands: { y } }) => (form === 's8' ? lookup(y) : elementwise('elementwise_mul', form, y)),
  lookup: ({ operands: { y } }) => lookup(y),
  requantize: ({ operands: { x, y } }) => elementwise('elementwise_mul', x.dtype === 'i16' ? 's16' : 's8', y),
  quantize: ({ operands: { y } }) => floatCost(4 * sizeOf(y.shape), sizeOf(y.shape)),
  dequantize: ({ operands: { y } }) => floatCost(2 * sizeOf(y.shape), sizeOf(y.shape)),
  clamp: ({ form, operands: { y } }) => elementwise('relu', form, y),
  concatenation: ({ operands: { x, y }, parameters: { axis } }) => moved([y], sizeOf(x[0].shape.slice(axis))),
  split: ({ operands: { y }, parameters: { axis } }) => moved(y, sizeOf(y[0].shape.slice(axis))),
  pad({ operands: { x, y } }) {
    const each = BYTES[y.dtype] ?? 1;
    const rows = (s: Shape) => sizeOf(s.slice(0, Math.max(1, s.length - 2)));
    const bytes = ({ shape }: Operand) => (each * sizeOf(shape)) / rows(shape);
    return cost('pad', 's8', k.padFeatures(rows(y.shape), rows(x.shape), bytes(x), bytes(y)));
  },
  transpose({ operands: { y } }) {
    const rows = sizeOf(y.shape.slice(0, -1));
    const slices = y.shape.length > 1 ? y.shape[y.shape.length - 2] : 1;
    return cost('transpose', 's8', k.transposeFeatures(slices, rows, sizeOf(y.shape)));
  },
  strided_slice: ({ operands: { y }, parameters: { strides, counts } }) =>
    moved([y], strides.at(-1) === 1 ? counts[counts.length - 1] : 1),
  take: ({ operands: { x, y }, parameters: { places } }) => moved([y], sizeOf(x.shape.slice(behind(places)))),
  /** y is written, and the part that is kept is copied back. */
  stream: ({ operands: { x, state, y }, parameters: { axis } }) => moved([y, state], sizeOf(x.shape.slice(axis))),
  copy: ({ operands: { y } }) => moved([y], sizeOf(y.shape)),
  resize_nearest: ({ operands: { y } }) => moved([y], y.shape[3]),
  resize_bilinear: ({ form, operands: { y } }) => elementwise('elementwise_mul', form, y, 4),
  svdf({ operands: { x, wFeature, wTime } }, core) {
    const [batch] = x.shape;
    const [features, input] = wFeature.shape;
    const scratchBytes = scratch.svdfS8Scratch(core, features) + 4 * batch * features * 2;
    return cost('svdf', 's8', k.svdfFeatures(batch, input, features, wTime.shape[1]), { scratchBytes });
  },
  /** Four gates a step, each a dense layer of the input and one of the hidden state. */
  lstm_unidirectional({ operands: { x, inputX }, parameters: { timeMajor } }, core) {
    const steps = x.shape[0] * x.shape[1];
    const [hidden, input] = inputX.shape;
    const dense = (depth: number) => k.fullyConnectedFeatures(core, 's8', 4 * steps, depth, hidden).features;
    const features = k.sum(dense(input), dense(hidden));
    const scratchBytes = 2 * 2 * x.shape[timeMajor ? 1 : 0] * hidden;
    return cost('fully_connected', 's8', { paths: [], features }, { scratchBytes });
  },
};

/** What a call costs on a kind of core. */
export const costOfCall = (call: KernelCall, core: scratch.CoreKind): CallCost =>
  (COSTS[call.family] as (call: KernelCall, core: scratch.CoreKind) => CallCost)(call, core);
