/** The model as plain readonly data. Activations are NHWC; weight layouts are TFLite's (OHWI, 1HWC, [units, depth]). */

export type DType = 'f32' | 'i4' | 'i8' | 'u8' | 'i16' | 'i32' | 'i64' | 'bool';

/** Values as stored: one element each, also for `i4` (Int8Array of -8..7) and `bool` (Uint8Array). */
export type Values = Float32Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;

/**
 * real = scale * (q - zero). One scale and zero for the tensor, or one for each index along `axis`.
 * On a float tensor it is the record that quantizing wrote (integers come later); on an integer tensor it gives their meaning.
 */
export interface Quantization {
  readonly bits: 4 | 8 | 16 | 32 | 64;
  readonly scales: readonly number[];
  readonly zeros: readonly number[];
  readonly axis: number | null;
}

/** The integer type of `bits` bits. */
export const DTYPE_OF_BITS: Readonly<Record<Quantization['bits'], DType>> = { 4: 'i4', 8: 'i8', 16: 'i16', 32: 'i32', 64: 'i64' };

export interface Tensor {
  readonly name: string;
  /** Leading dimension of activations is the batch, 1 as imported. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Constant values, or null for what is computed. */
  readonly data: Values | null;
  readonly quant: Quantization | null;
  /** True for state kept from one call to the next (TFLite `is_variable`: SVDF, LSTM). */
  readonly variable?: boolean;
  /** Of an input or output: axis i of the array that the model's own file has is axis `fileOrder[i]` of this one. */
  readonly fileOrder?: readonly number[];
  /** Unstructured pruning: 0 where a weight is held at zero. Same length as `data`. */
  readonly mask?: Uint8Array;
}

export type Attrs = Readonly<Record<string, unknown>>;

/** `inputs` and `outputs` index `Graph.tensors`; -1 is an operand left out (no bias). */
export interface Node {
  readonly name: string;
  /** A key of `OPS` in src/ops/index.ts. */
  readonly op: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly attrs: Attrs;
}

/** Another name for a graph's inputs and outputs, by which an application calls it (TFLite's SignatureDef). */
export interface Signature {
  readonly key: string;
  /** Name and place in `Graph.inputs`. */
  readonly inputs: readonly (readonly [name: string, place: number])[];
  readonly outputs: readonly (readonly [name: string, place: number])[];
}

/** What a model file says beside the network. It is written into the next file as far as it is still true. */
export interface Attachments {
  /** The format it was read from. */
  readonly format: string;
  readonly description: string;
  readonly signatures: readonly Signature[];
  readonly metadata: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Files inside the file (labels), by name. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** The first dimension of inputs and outputs may be of any size. */
  readonly anyBatch: boolean;
  /** What metadata may be about, as texts to compare: types of inputs and outputs, and operators with their versions. */
  readonly about: { readonly interface: string; readonly operators: string };
}

/** Nodes are in an order in which every operand is ready. */
export interface Graph {
  readonly name: string;
  readonly tensors: readonly Tensor[];
  readonly nodes: readonly Node[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly attachments?: Attachments;
}

export type Activation = 'none' | 'relu' | 'relu6' | 'reluN1';

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Bytes of `count` elements as they lie in a file or in memory of the chip (two int4 to a byte). */
export function bytesOf(dtype: DType, count: number): number {
  switch (dtype) {
    case 'i4':
      return (count + 1) >> 1;
    case 'i8':
    case 'u8':
    case 'bool':
      return count;
    case 'i16':
      return 2 * count;
    case 'i32':
    case 'f32':
      return 4 * count;
    case 'i64':
      return 8 * count;
  }
}

export function newValues(dtype: DType, count: number): Values {
  switch (dtype) {
    case 'f32':
      return new Float32Array(count);
    case 'i4':
    case 'i8':
      return new Int8Array(count);
    case 'u8':
    case 'bool':
      return new Uint8Array(count);
    case 'i16':
      return new Int16Array(count);
    case 'i32':
      return new Int32Array(count);
    case 'i64':
      return new BigInt64Array(count);
  }
}

/** Numbers as values of a type: whole ones for a type of integers. */
export function toValues(dtype: DType, numbers: ArrayLike<number>): Values {
  const values = newValues(dtype, numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    if (values instanceof BigInt64Array) values[i] = BigInt(numbers[i]);
    else values[i] = numbers[i];
  }
  return values;
}

export const isInteger = (dtype: DType): boolean => dtype !== 'f32' && dtype !== 'bool';

/** Lowest and highest value of an integer type; of int64 what a number holds exactly. */
export function integerRange(dtype: DType): { min: number; max: number } {
  switch (dtype) {
    case 'i4':
      return { min: -8, max: 7 };
    case 'i8':
      return { min: -128, max: 127 };
    case 'u8':
      return { min: 0, max: 255 };
    case 'i16':
      return { min: -32768, max: 32767 };
    case 'i32':
      return { min: -(2 ** 31), max: 2 ** 31 - 1 };
    case 'i64':
      return { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
    default:
      throw new Error(`${dtype} is not a quantized type`);
  }
}

/** A shape as messages write it. */
export const showShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Which index along `axis` element i of a tensor of `shape` has; 0 where there is no axis. */
export function indexAlong(shape: readonly number[], axis: number | null): (i: number) => number {
  if (axis === null) return () => 0;
  const inner = sizeOf(shape.slice(axis + 1));
  return (i) => Math.floor(i / inner) % shape[axis];
}

/** The graph with some tensors replaced. */
export function withTensors(graph: Graph, changes: ReadonlyMap<number, Tensor>): Graph {
  return changes.size ? { ...graph, tensors: graph.tensors.map((t, i) => changes.get(i) ?? t) } : graph;
}

/** For each tensor the node that computes it, or -1. */
export function producers(graph: Graph): Int32Array {
  const by = new Int32Array(graph.tensors.length).fill(-1);
  graph.nodes.forEach((node, i) => {
    for (const t of node.outputs) if (t >= 0) by[t] = i;
  });
  return by;
}

/** For each tensor the nodes that read it, in order. */
export function consumers(graph: Graph): number[][] {
  const by: number[][] = graph.tensors.map(() => []);
  graph.nodes.forEach((node, i) => {
    for (const t of node.inputs) if (t >= 0) by[t].push(i);
  });
  return by;
}

/** The graph without nodes whose results are unused and without tensors that no node names; tensors are renumbered in order. */
export function compact(graph: Graph): Graph {
  const live = new Set<number>(graph.outputs);
  const nodes: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node.outputs.some((t) => live.has(t))) continue;
    nodes.unshift(node);
    for (const t of [...node.inputs, ...node.outputs]) if (t >= 0) live.add(t);
  }
  for (const t of graph.inputs) live.add(t);
  const place = new Map<number, number>();
  const tensors = graph.tensors.filter((_, i) => live.has(i) && place.set(i, place.size));
  const move = (t: number) => (t < 0 ? -1 : place.get(t)!);
  return {
    ...graph,
    tensors,
    nodes: nodes.map((n) => ({ ...n, inputs: n.inputs.map(move), outputs: n.outputs.map(move) })),
    inputs: graph.inputs.map(move),
    outputs: graph.outputs.map(move),
  };
}
