import type { DType, Quantization, Values } from '../graph/graph.ts';
import type { HardSwishParams, LeakyReluParams, SigmoidParams } from '../wasm/activation_int.ts';
import type { ArgExtremum } from '../wasm/arg_extremum.ts';
import type { BatchMatmulParams } from '../wasm/batch_matmul_int.ts';
import type { ConvInt } from '../wasm/conv_int.ts';
import type { DepthwiseConvInt } from '../wasm/depthwise_conv_int.ts';
import type { AddParams, MulParams, PreluParams } from '../wasm/elementwise_int.ts';
import type { FullyConnectedInt } from '../wasm/fully_connected_int.ts';
import type { LstmGate, LstmParams } from '../wasm/lstm_int.ts';
import type { MeanParams } from '../wasm/mean_int.ts';
import type { PoolParams } from '../wasm/pool_int.ts';
import type { ReduceExtremum } from '../wasm/reduce_extremum.ts';
import type { RequantizeParams } from '../wasm/requantize_int.ts';
import type { BilinearParams, NearestParams } from '../wasm/resize.ts';
import type { LogSoftmaxParams, SoftmaxParams } from '../wasm/softmax_int.ts';
import type { SvdfParams } from '../wasm/svdf_int.ts';
import type { Places } from '../wasm/take.ts';
import type { TransposeConvInt } from '../wasm/transpose_conv_int.ts';

/**
 * A call of an integer kernel as plain data: which kernel, on which operands, with which numbers. A row's `lower` makes it from the
 * scales of a graph; running, costs, defects of CMSIS-NN, golden files and generated C all read this one value and nothing else.
 */

/** What an operand is, wherever it lies: a caller's own type may add an address, a name or an index, which the call then carries. */
export interface Operand {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The meaning of its integers; kernels do not read it, what they need of it is in `parameters`. */
  readonly quant: Quantization | null;
  /** Its values where it is constant, else null. Of what is yet to be rounded they are real numbers still. */
  readonly data: Values | null;
}

/** A layer with weights; bias null where it has none. Shapes: the wrapper of its name in src/wasm. */
interface Layer<O> {
  readonly x: O;
  readonly w: O;
  readonly bias: O | null;
  readonly y: O;
}

export interface Unary<O> {
  readonly x: O;
  readonly y: O;
}

/** Dimensions of 1 (and those missing in front) broadcast to y's. */
interface Binary<O> {
  readonly x1: O;
  readonly x2: O;
  readonly y: O;
}

/** The gates of an LSTM: `...X` weights for the input i8 [hidden, size], `...H` for the hidden state i8 [hidden, hidden], biases or null. */
interface LstmOperands<O> {
  /** [time, batch, size] if `timeMajor`, else [batch, time, size] */
  readonly x: O;
  readonly y: O;
  readonly inputX: O;
  readonly forgetX: O;
  readonly cellX: O;
  readonly outputX: O;
  readonly inputH: O;
  readonly forgetH: O;
  readonly cellH: O;
  readonly outputH: O;
  readonly inputBias: O | null;
  readonly forgetBias: O | null;
  readonly cellBias: O | null;
  readonly outputBias: O | null;
  /** [batch, hidden] of y's type, kept from call to call; null: no recurrent term in the first step, and the cell starts at 0. */
  readonly hiddenState: O | null;
  /** i16 [batch, hidden], kept from call to call */
  readonly cellState: O;
}

/** Numbers of one gate: how its sums over the input and over the hidden state are rescaled. */
export type LstmGateParams = Omit<LstmGate, 'wInput' | 'wHidden' | 'bias'>;

export interface LstmParameters extends LstmParams {
  readonly gates: Readonly<Record<'input' | 'forget' | 'cell' | 'output', LstmGateParams>>;
}

/** Activations of 8 or 16 bits. */
export type PlainForm = 's8' | 's16';
/** 8-bit activations with 8- or 4-bit weights, or 16-bit activations with 8-bit weights. */
export type LayerForm = PlainForm | 's4';
/** Elements that are only moved. */
export type MoveForm = PlainForm | 'u8' | 's32' | 's64';

export interface Is<Form extends string, Operands, Parameters> {
  readonly form: Form;
  readonly operands: Operands;
  readonly parameters: Parameters;
}

type None = Readonly<Record<never, never>>;

/**
 * The families of kernels; a kernel is `family_form`. Names are CMSIS-NN's without `arm_`, where it has such a kernel.
 *
 * Offsets: of inputs MINUS the zero point, of outputs PLUS it. Multipliers are Q31, shifts powers of two (positive = left);
 * `multiplier` and `shift` of layers: one for each output channel, or one for all. `yMin`, `yMax`: the clamp after the offset.
 */
export interface Families<O> {
  /** `wide`: sums of int16 have 64 bits. `padding`: rows above and columns left; what lies behind follows from y's shape. */
  convolve: Is<LayerForm, Layer<O>, Required<ConvInt>>;
  depthwise_conv: Is<LayerForm, Layer<O>, Required<DepthwiseConvInt>>;
  transpose_conv: Is<LayerForm, Layer<O>, Required<TransposeConvInt>>;
  fully_connected: Is<LayerForm, Layer<O>, Required<FullyConnectedInt>>;
  /** y [.., rows, columns], x1 [.., rows, depth] (`adjX`: [.., depth, rows]), x2 [.., depth, columns] (`adjY`: [.., columns, depth]) */
  batch_matmul: Is<PlainForm, Binary<O>, BatchMatmulParams & { readonly adjX: boolean; readonly adjY: boolean }>;
  elementwise_add: Is<PlainForm, Binary<O>, AddParams>;
  /** x1 - x2 */
  elementwise_sub: Is<PlainForm, Binary<O>, AddParams>;
  elementwise_mul: Is<PlainForm, Binary<O>, MulParams>;
  /** (x1 - x2)^2 */
  squared_difference: Is<'s8', Binary<O>, AddParams>;
  /** x1 above 0, x1 * x2 below */
  prelu: Is<'s8', Binary<O>, PreluParams>;
  minimum: Is<PlainForm, Binary<O>, None>;
  maximum: Is<PlainForm, Binary<O>, None>;
  avg_pool: Is<PlainForm, Unary<O>, PoolParams>;
  max_pool: Is<PlainForm, Unary<O>, PoolParams>;
  /** Over `axes` of x; the division by their size is in multiplier and shift. */
  mean: Is<PlainForm, Unary<O>, MeanParams>;
  /** The largest or smallest over `axes` of x. */
  reduce_extremum: Is<PlainForm, Unary<O>, ReduceExtremum>;
  /** Over the last axis; y of scale 1/16 and zero point 127. */
  log_softmax: Is<'s8', Unary<O>, LogSoftmaxParams>;
  /** Rows of the last axis divided by their lengths; y of scale 1/128 and zero point 0. */
  l2_normalization: Is<'s8', Unary<O>, { readonly xOffset: number }>;
  /** Place of the largest or smallest along `axis`, as whole numbers of 32 or 64 bits. */
  arg_extremum: Is<'s8' | 'u8' | 's16' | 'f32', Unary<O>, ArgExtremum>;
  /** The same numbers as another type. */
  cast: Is<'any', Unary<O>, None>;
  /** Over the last axis. s16: from `expTable()` and `oneOverOnePlusTable()` of src/wasm/luts.ts; 10 / 65535 is a step of the rescaled difference. */
  softmax: Is<'s8' | 'u8' | 's8_s16' | 's16', Unary<O>, SoftmaxParams>;
  /** Sigmoid in fixed point. */
  logistic: Is<'s8', Unary<O>, SigmoidParams>;
  tanh: Is<'s8', Unary<O>, SigmoidParams>;
  /** Sigmoid or tanh from the table `sigmoidTable()` of src/wasm/luts.ts. */
  activation: Is<'s16', Unary<O>, { readonly type: 'sigmoid' | 'tanh'; readonly multiplier: number; readonly shift: number }>;
  hard_swish: Is<PlainForm, Unary<O>, HardSwishParams>;
  leaky_relu: Is<PlainForm, Unary<O>, LeakyReluParams>;
  /** Any function of one value: its 256 results for x from -128 on. */
  lookup: Is<'s8', Unary<O>, { readonly table: readonly number[] }>;
  /** From one scale to another, and every activation that is a clamp. */
  requantize: Is<
    's8_s8' | 's8_s16' | 's8_s32' | 's16_s8' | 's16_s16' | 's16_s32' | 's32_s8' | 's32_s16' | 'u8_s8' | 's8_u8',
    Unary<O>,
    RequantizeParams
  >;
  /** Real numbers to integers: round(x / scale), half away from zero, plus zero. */
  quantize: Is<'f32_s8' | 'f32_u8' | 'f32_s16', Unary<O>, { readonly scale: number; readonly zero: number }>;
  /** Integers to real numbers: scale * (x - zero). */
  dequantize: Is<'s8_f32' | 'u8_f32' | 's16_f32', Unary<O>, { readonly scale: number; readonly zero: number }>;
  /** max(yMin, min(yMax, x)) on raw integers. */
  clamp: Is<PlainForm, Unary<O>, { readonly yMin: number; readonly yMax: number }>;
  /** The operands x one after another along `axis`. */
  concatenation: Is<MoveForm, { readonly x: readonly O[]; readonly y: O }, { readonly axis: number }>;
  split: Is<MoveForm, { readonly x: O; readonly y: readonly O[] }, { readonly axis: number }>;
  /** `value`: the integer around x. */
  pad: Is<MoveForm, Unary<O>, { readonly paddings: readonly (readonly [number, number])[]; readonly value: number }>;
  /** Dimension i of y is dimension perm[i] of x. */
  transpose: Is<MoveForm, Unary<O>, { readonly perm: readonly number[] }>;
  /** Along dimension i of x: `counts[i]` places from `begin[i]` on, `strides[i]` apart; y may lack dimensions of one place. */
  strided_slice: Is<
    MoveForm,
    Unary<O>,
    { readonly begin: readonly number[]; readonly strides: readonly number[]; readonly counts: readonly number[] }
  >;
  /** y = x[places[0], places[1], ...], each axis of x by its own list; null: whole. y may have another shape of as many elements. */
  take: Is<MoveForm, Unary<O>, { readonly places: Places }>;
  /** y is x behind `state` along `axis`; each call leaves the last places of y in `state`. */
  stream: Is<MoveForm, { readonly x: O; readonly state: O; readonly y: O }, { readonly axis: number }>;
  /** The same elements under another shape. */
  copy: Is<MoveForm, Unary<O>, None>;
  resize_nearest: Is<MoveForm, Unary<O>, NearestParams>;
  resize_bilinear: Is<PlainForm, Unary<O>, BilinearParams>;
  /** `state` [batch, features * time], oldest first, is changed by each call. Its type is the form's first. */
  svdf: Is<
    's8' | 'state_s16_s8',
    { readonly x: O; readonly wFeature: O; readonly wTime: O; readonly bias: O | null; readonly state: O; readonly y: O },
    SvdfParams
  >;
  lstm_unidirectional: Is<PlainForm, LstmOperands<O>, LstmParameters>;
}

export type Family = keyof Families<Operand>;

/** Calls of one family. */
export type CallOf<F extends Family, O extends Operand = Operand> = {
  [K in F]: {
    readonly kernel: `${K}_${Families<O>[K]['form']}`;
    readonly family: K;
  } & Families<O>[K];
}[F];

export type KernelCall<O extends Operand = Operand> = CallOf<Family, O>;

/** The only maker of calls, so that a kernel's name is always its family and form. Operands are tensors as they are, or views of another shape with as many elements. */
export const kernelCall = <F extends Family>(
  family: F,
  form: Families<Operand>[F]['form'],
  operands: Families<Operand>[F]['operands'],
  parameters: Families<Operand>[F]['parameters'],
) => ({ kernel: `${family}_${form}`, family, form, operands, parameters }) as unknown as CallOf<F>;
