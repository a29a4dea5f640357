import type { DType, Quantization } from '../graph/graph.ts';
import type { Shape, Sides } from './dims.ts';

/** How a TFLite file holds an operator (TensorFlow Lite schema.fbs). */
export interface TfliteCell<A> {
  /** BuiltinOperator codes that read as this row. */
  readonly codes: readonly number[];
  read(from: TfliteRead): TfliteNode<A>;
  write(node: TfliteSource<A>): TfliteWrite;
}

/** By field name of the schema's options table. */
export type TfliteOptions = Readonly<Record<string, number | boolean | string | readonly number[]>>;

/** Operands of one operator of a file: tensor indices, -1 where left out. */
export interface FileOperands {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  shape(place: number): Shape;
  outputShape(place: number): Shape;
  /** Values of operand `place`, which must be constant; real numbers where the tensor is quantized. */
  values(place: number): readonly number[];
}

export interface TfliteRead extends FileOperands {
  readonly code: number;
  readonly options: TfliteOptions;
  /** Quantization of what an operator keeps to itself (LSTM's `intermediates`). */
  readonly intermediates: readonly (Quantization | null)[];
}

export interface TfliteNode<A> {
  readonly attrs: A;
  /** Operands that stay operands; structural constants (shapes, axes, paddings) become attributes. */
  readonly inputs: readonly number[];
}

/** A node to be written. */
export interface TfliteSource<A> extends TfliteNode<A> {
  readonly outputs: readonly number[];
  shape(place: number): Shape;
  outputShape(place: number): Shape;
  /** Type of operand `place`, or null where it is left out. */
  dtype(place: number): DType | null;
  outputDtype(place: number): DType | null;
}

export interface TfliteWrite {
  readonly code: number;
  readonly options: TfliteOptions;
  /** Operands in the file's order: tensor indices, and structural constants to be made. */
  readonly inputs: readonly (number | TfliteConstant)[];
  readonly intermediates?: readonly (Quantization | null)[];
  /** Rows and columns of zeros to be put around operand 0 by an operator of their own. */
  readonly pads?: Sides | null;
  /** What they hold in place of zeros: the lowest number, which no maximum takes. */
  readonly padsLowest?: boolean;
}

/** int32; or real numbers stored as tensor `like` stores its own; or as a bias of the layer of input and weights `biasOf`. */
export interface TfliteConstant {
  readonly name: string;
  readonly shape: Shape;
  readonly values: readonly number[];
  readonly like?: number;
  readonly biasOf?: readonly [number, number];
}
