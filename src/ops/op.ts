import type { Attrs, Quantization } from '../graph/graph.ts';
import type { Memory } from '../graph/lifetimes.ts';
import type { Draws } from '../wasm/dropout_f32.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import type { Pair, Shape } from './dims.ts';
import type { KernelCall, Operand } from './kernel_call.ts';
import type { OnnxCell } from './op_onnx.ts';
import type { TfliteCell } from './op_tflite.ts';

/** A row of the operator table says everything Thumbnet knows of one operator; a cell is data or a few lines. */

/** An operand with its place in memory. */
export interface PlacedOperand extends Operand, HeapTensor {}

/** An operator with its operands, wherever they lie. */
export interface OperatorCall<A, O extends Operand> {
  readonly y: readonly O[];
  /** null where the operand is left out (no bias). */
  readonly x: readonly (O | null)[];
  readonly attrs: A;
}

export interface FloatCall<A> extends OperatorCall<A, PlacedOperand> {
  /** BatchNorm behaves differently; weights may change between two calls of the step, so nothing is packed once. */
  readonly training: boolean;
  /** The node's own random numbers while training; null: nothing is random (dropout does nothing). */
  readonly draws: Draws | null;
  /** What `saves` asked for: kept from the forward step to the backward step. */
  readonly saved: readonly HeapTensor[];
}

export interface GradCall<A> extends FloatCall<A> {
  /** Gradients of the loss by `y`, read. */
  readonly dy: readonly HeapTensor[];
  /** Gradients of the loss by `x`, ADDED to; null where they are not needed. */
  readonly dx: readonly (HeapTensor | null)[];
  /** Which of `dx` hold nothing yet and are written; only places of the row's `clears`. */
  readonly fresh: readonly boolean[];
}

/** How pruning may cut channels (the last axis of activations). Lists are [operand, axis]; an operand left out is passed over. */
export type Channels =
  /** Output channels are new combinations of all input channels: `in` axes follow the input, `out` axes the output. */
  | {
      readonly kind: 'mix';
      readonly in: readonly (readonly [number, number])[];
      readonly out: readonly (readonly [number, number])[];
      /** An operand [n, out * steps] that holds so many steps of each output channel. */
      readonly state?: readonly [operand: number, steps: number];
      readonly linear: Linear;
      readonly reads: Patch | 'row' | null;
    }
  /**
   * Output channel i comes from channel i of every operand in `along` (an activation, or parameters that shrink with it);
   * with `multiplier` m it comes from channel floor(i / m) of the first, and the others have as many places as the output.
   */
  | {
      readonly kind: 'keep';
      readonly along: readonly (readonly [number, number])[];
      readonly multiplier?: number;
      readonly linear?: Linear;
    }
  /** Output channels are those of the inputs one after another. */
  | { readonly kind: 'concat' }
  /**
   * As `mix`, but within `groups` equal parts of the channels: the same places of all parts are cut together, on each side. `in` axes follow
   * the places within a part.
   */
  | {
      readonly kind: 'grouped';
      readonly groups: number;
      readonly in: readonly (readonly [number, number])[];
      readonly out: readonly (readonly [number, number])[];
    }
  /** Each output has the next channels of operand 0, as many as its attribute `sizes` says. */
  | { readonly kind: 'split'; readonly sizes: readonly number[] }
  /** Channel i of [.., h, w, c] becomes places i, i + c, i + 2c ... of a flat axis. */
  | { readonly kind: 'flatten' }
  /** Channels meet here in a way that cutting cannot follow; groups that reach it stay whole. */
  | {
      readonly kind: 'fixed';
      /** Operand 0 is read as if a reshape to [n, so many] stood before it, which cutting could follow. */
      readonly flattens?: number;
    };

/**
 * What one place of the output [n, ...output, out] multiplies by weights [out, ...filter, c]: values of operand 0 [n, h, w, c] from `before`
 * places above and left of its own on. `row`: all c values of a row, by weights [out, c]. null: it is read in another way.
 */
export interface Patch {
  readonly filter: Pair;
  readonly stride: Pair;
  readonly before: Pair;
  readonly dilation: Pair;
  readonly output: Pair;
}

/** Of a layer. `inside`: every output reads all weights of its channel; `padded`: some read beyond the input, where zeros are. */
export type Linear = 'inside' | 'padded';

/** Weights that multiply operand 0, a set of them for each output channel. */
export interface Layer {
  /** Place of the operand. */
  readonly weights: number;
  /** Place of the operand, which may be left out; one number for each output channel. */
  readonly bias: number;
  /** Axis of the weights along which the output channels lie. */
  readonly axis: number;
  /** Whether quantizing gives each output channel a scale of its own, else all weights one (TFLite's quantization specification). */
  readonly perChannel: boolean;
}

/** Of an operator with several weights, and state that it keeps from call to call; numbers are places of operands. */
export interface Recurrent {
  /** Weights with one scale each, and the bias (null: none) of a sum of their products with operand `of`. */
  readonly weights: readonly { readonly weights: number; readonly bias: number | null; readonly of: number }[];
  /** State with a scale of its own. `power`: a power of two, so that shifts do for multiplications; it holds all states of a call. */
  readonly own: { readonly place: number; readonly power: boolean };
  /** Weights of as many bits as that state. */
  readonly wide: readonly number[];
  /** State that is the output behind the last step; null: there is none. */
  readonly output: number | null;
  /** A call is a whole sequence: without its states it begins with zeros, and several examples can be run at once. */
  readonly isSequence: boolean;
  /** Attributes that name the quantization of the output. */
  readonly attrs: ((attrs: Attrs, y: Quantization) => Attrs) | null;
}

/** Attributes of an operator whose state may be carried. */
export interface Apart {
  /** The state's shape where the state behind the call is a second output: that before it is only read, and left out means zeros. */
  readonly apart?: Shape;
}

/** Operators behind a node that it can do itself, in TFLite and on the chip. */
export interface Fusion {
  /** It clamps its own output, as its attribute `activation` says. */
  readonly activation: boolean;
  /** A normalization can go into its weights and bias. */
  readonly norm: boolean;
}

/** What scale and zero point the output gets when a graph is quantized (TFLite's 8-bit quantization specification). */
export type OutputRange =
  /** From the values it takes. */
  | 'measured'
  /** Those of the inputs, which all share one. */
  | 'as-input'
  /** Whole numbers that mean themselves, of the output tensor's own type: never rounded to steps of a scale. */
  | 'counted'
  /** Always these real values, for any input. */
  | readonly [number, number];

/** Arithmetic of one run, in any number type. */
export interface Work {
  /** Multiply-accumulates of the definition (bias, pooling and activations not counted). */
  readonly macs: number;
  /** Multiply-adds that plain float code does. */
  readonly steps: number;
}

export interface OpRow<A> {
  /** So many leading operands must be there. */
  readonly operands: number;
  /** Output shapes from input shapes (null = operand left out). Leading dimension: the batch. */
  infer(x: readonly (Shape | null)[], attrs: A): number[][];
  /** null: the operator has no float form. */
  readonly float: {
    forward(heap: Heap, call: FloatCall<A>): Step;
    /** null: no gradient passes. */
    readonly backward: ((heap: Heap, call: GradCall<A>) => Step) | null;
    /** Operands whose gradient the backward step can write instead of adding to it; all others are cleared before. */
    readonly clears?: readonly number[];
    /** Shapes (f32) kept between forward and backward, or null. */
    readonly saves: ((x: readonly (Shape | null)[], attrs: A) => Shape[]) | null;
  } | null;
  /**
   * The kernel call that computes it on integers, with the very operands given; chosen when an input or output is of an integer type.
   * It throws CompressError `unsupported` for types that no kernel takes. null: the operator has no integer form.
   */
  readonly lower: ((call: OperatorCall<A, Operand>) => KernelCall) | null;
  /** null: it has no weights, or several of them. */
  readonly layer: Layer | null;
  /** Only of operators whose weights and state `layer` cannot say. */
  readonly recurrent?: Recurrent;
  /** Place of state that is kept from call to call and may be a tensor that goes from one to the next (`Apart`). */
  readonly carried?: number;
  /** Places of operands that training changes. */
  readonly trainable: readonly number[];
  readonly memory: Memory;
  readonly outputRange: OutputRange;
  /** What may follow and become part of it; null: nothing. */
  readonly fuses: Fusion | null;
  /** By attributes and input shapes. */
  channels(attrs: A, x: readonly (Shape | null)[]): Channels;
  /**
   * Arithmetic by shapes. 'moves': elements are copied unchanged, so that float costs what its kernel call does.
   * null: nothing runs on a chip (it is a view, or folded into a neighbour).
   */
  readonly work: ((x: readonly (Shape | null)[], y: readonly Shape[], attrs: A) => Work) | 'moves' | null;
  readonly axes: Axes<A>;
  /** null: TFLite has no such operator. */
  readonly tflite: TfliteCell<A> | null;
  /** null: ONNX has no such operator. */
  readonly onnx: OnnxCell<A> | null;
}

/**
 * How an operator works on operands whose axes are put in another order. `each`: place by place, operands broadcast, so that nothing changes.
 * A function: the attributes for arrays whose axis j is axis `from[j]` of the operator's own, or a new one of one place (-1); it has `rank`
 * axes of its own; null where they cannot be said. null: the axes have a fixed meaning.
 */
export type Axes<A> = 'each' | ((attrs: A, from: readonly number[], rank: number) => A | null) | null;

// biome-ignore lint/suspicious/noExplicitAny: a table of rows holds rows of every attribute type
export type AnyRow = OpRow<any>;

/** Attributes of an operator that has none. */
export type NoAttrs = Record<never, never>;

export const defineOp = <A>(row: OpRow<A>): AnyRow => row;
