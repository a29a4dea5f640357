import type { Attrs } from '../graph/graph.ts';
import type { Shape } from './dims.ts';
import type { FileOperands } from './op_tflite.ts';

/** How an ONNX file holds an operator (https://onnx.ai/onnx/operators). */
export interface OnnxCell<A> {
  /** `op_type`s of the domain ai.onnx that may be meant for this row. */
  readonly types: readonly string[];
  /** null: another row of that type is meant. */
  read(from: OnnxRead): OnnxNode<A> | null;
  /** null: the operator is written as others, by a pass before (src/formats/onnx). */
  readonly write: ((node: OnnxSource<A>) => OnnxWrite) | null;
}

/** Attributes by name; a cell asks for every one that it understands, and what it did not ask for is refused. */
export interface OnnxAttributes {
  int(name: string, otherwise: number): number;
  float(name: string, otherwise: number): number;
  text(name: string, otherwise: string): string;
  list(name: string): readonly number[] | null;
  texts(name: string): readonly string[];
}

/** One operator of a file; axes as in the file. */
export interface OnnxRead extends FileOperands {
  readonly type: string;
  /** Of ai.onnx. */
  readonly opset: number;
  readonly attributes: OnnxAttributes;
  readonly outputCount: number;
  isThere(place: number): boolean;
  isConstant(place: number): boolean;
  /** Operand 0 and the outputs get other axes: axis i is axis `map[i]`, or a new one (-1). `shape(0)` follows. */
  reorder(map: readonly number[]): void;
  /** The same for a constant operand. @returns the tensor */
  constantIn(place: number, map: readonly number[]): number;
  /** A constant multiplied by a number. */
  times(tensor: number, factor: number): number;
  /** A constant made of numbers. */
  constant(part: string, shape: Shape, values: ArrayLike<number>): number;
}

export interface OnnxNode<A> {
  readonly attrs: A;
  readonly inputs: readonly number[];
  /** Operators before it, on its first operand. */
  readonly before?: readonly { readonly op: string; readonly attrs: Attrs }[];
  /** Operators behind it that belong to it. */
  readonly after?: readonly { readonly op: string; readonly attrs: Attrs }[];
}

/** A node to be written; axes as in the graph. */
export interface OnnxSource<A> {
  readonly attrs: A;
  readonly inputs: readonly number[];
  readonly opset: number;
  shape(place: number): Shape;
  outputShape(place: number): Shape;
}

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly text: string };

export interface OnnxWrite {
  readonly type: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /**
   * Operands in the file's order: tensors (-1 = left out), what another operator gives, or constants. `in`: a constant whose axis i is to be
   * axis `in[i]` of the graph's, or a new one (-1).
   */
  readonly inputs: readonly (number | { readonly of: number; readonly in: readonly number[] } | OnnxConstant | OnnxWrite)[];
  /** Axis i of operand 0 and the outputs in the file is axis `order[i]` in the graph. */
  readonly order?: readonly number[];
}

export interface OnnxConstant {
  readonly name: string;
  readonly type: 'f32' | 'i64';
  readonly shape: Shape;
  readonly values: readonly number[];
}
