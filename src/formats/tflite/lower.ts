import { CompressError } from '../../errors.ts';
import {
  DTYPE_OF_BITS,
  type Graph,
  integerRange,
  type Node,
  type Quantization,
  type Tensor,
  toValues,
} from '../../graph/graph.ts';
import { rowOf, type Sides, type TfliteConstant, type TfliteOptions } from '../../ops/index.ts';
import { biasQuantization } from '../../ops/requant.ts';
import { withStreams } from './streams.ts';

/** An operator as a file holds it: operands are indices of `Lowered.tensors`. */
export interface FileOperator {
  readonly code: number;
  readonly options: TfliteOptions;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly intermediates: readonly number[];
}

/** Tensors and operators of one graph of a file. */
export interface FileGraph {
  readonly tensors: readonly Tensor[];
  readonly operators: readonly FileOperator[];
}

export interface Lowered extends FileGraph {
  readonly outputs: readonly number[];
  /** What the file does once, before the first call: the state of streams. null: nothing. */
  readonly beginning: FileGraph | null;
}

/** The graph in TFLite's words: tensors keep their places, structural constants follow behind them. */
export function lower(graph: Graph): Lowered {
  const tensors = [...graph.tensors];
  const operators: FileOperator[] = [];
  const same = new Map<number, number>();
  const now = (t: number) => same.get(t) ?? t;
  const positive = neverNegative(graph);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(now);
    const row = rowOf(node.op);
    if (!row.tflite && row.memory === 'view') same.set(node.outputs[0], inputs[0]);
    else write({ ...node, inputs }, tensors, operators, positive);
  }
  return { ...withStreams(tensors, operators), outputs: graph.outputs.map(now) };
}

/** Adds a node's operator, and before it a pad where its padding is one that TFLite has no word for. */
function write(node: Node, tensors: Tensor[], operators: FileOperator[], positive: ReadonlySet<number>): void {
  const cell = rowOf(node.op).tflite;
  if (!cell) throw notWritable(node);
  const add = (tensor: Tensor) => tensors.push(tensor) - 1;
  const at = (t: number | undefined) => (t === undefined || t < 0 ? null : tensors[t]);
  const written = cell.write({
    attrs: node.attrs,
    inputs: node.inputs,
    outputs: node.outputs,
    shape: (place) => at(node.inputs[place])!.shape,
    outputShape: (place) => at(node.outputs[place])!.shape,
    dtype: (place) => at(node.inputs[place])?.dtype ?? null,
    outputDtype: (place) => at(node.outputs[place])?.dtype ?? null,
  });
  const first = node.inputs[0];
  const value = written.padsLowest && !positive.has(first) ? lowest(tensors[first]) : 0;
  const padded = written.pads ? writePad(node, written.pads, value, tensors, operators) : first;
  const inputs = written.inputs.map((o) => (typeof o !== 'number' ? add(constant(node, o, tensors)) : o === first ? padded : o));
  const intermediates = (written.intermediates ?? []).map((q, i) => add(inner(node, q, i)));
  operators.push({ code: written.code, options: written.options, inputs, outputs: node.outputs, intermediates });
}

/** Tensors behind an activation that cuts off what is below 0: zeros around them are never larger than what they hold. */
function neverNegative(graph: Graph): Set<number> {
  const positive = new Set<number>();
  for (const { op, inputs, outputs, attrs } of graph.nodes) {
    const isCut = op === 'relu' || op === 'relu6' || attrs.activation === 'relu' || attrs.activation === 'relu6';
    const passes = rowOf(op).outputRange === 'as-input' && op !== 'pad' && inputs.every((t) => positive.has(t));
    if (isCut || passes) for (const t of outputs) positive.add(t);
  }
  return positive;
}

/** The lowest real number that a tensor's type holds. */
function lowest({ dtype, quant }: Tensor): number {
  return dtype === 'f32' ? -3.4028234663852886e38 : quant!.scales[0] * (integerRange(dtype).min - quant!.zeros[0]);
}

/** Adds rows and columns around operand 0 of a node that hold `value`. @returns the tensor that holds both */
function writePad(node: Node, sides: Sides, value: number, tensors: Tensor[], operators: FileOperator[]): number {
  const { top, bottom, left, right } = sides;
  const x = tensors[node.inputs[0]];
  const [n, h, w, c] = x.shape;
  const name = `${node.name}/pad`;
  const y = tensors.push({ ...x, name, shape: [n, h + top + bottom, w + left + right, c] }) - 1;
  // biome-ignore format: one pair for each dimension
  const paddings = [[0, 0], [top, bottom], [left, right], [0, 0]];
  const pad = { name, op: 'pad', inputs: [node.inputs[0]], outputs: [y], attrs: { paddings, value } };
  write(pad, tensors, operators, new Set());
  return y;
}

function notWritable({ name, op }: Node): CompressError {
  return new CompressError(
    'not-ready',
    `"${name}" (${op}) cannot be written to a .tflite file`,
    'simplify the model first: it folds batch normalization',
  );
}

function constant(node: Node, { name, shape, values, like, biasOf }: TfliteConstant, tensors: readonly Tensor[]): Tensor {
  const { dtype, quant } = biasOf ? biasType(tensors[biasOf[0]], tensors[biasOf[1]]) : like === undefined ? INDEX : tensors[like];
  const stored = (v: number) => (quant && dtype !== 'f32' ? Math.round(v / quant.scales[0]) + quant.zeros[0] : v);
  const data = toValues(dtype, values.map(stored));
  return { name: `${node.name}/${name}`, shape, dtype, data, quant: dtype === 'f32' ? null : quant };
}

type Meaning = Pick<Tensor, 'dtype' | 'quant'>;

const INDEX: Meaning = { dtype: 'i32', quant: null };

function biasType(x: Tensor, w: Tensor): Meaning {
  if (x.dtype === 'f32' || !x.quant || !w.quant) return { dtype: 'f32', quant: null };
  const quant = biasQuantization(x.quant, w.quant);
  return { dtype: DTYPE_OF_BITS[quant.bits], quant };
}

/**
 * A tensor that is never there, for the scale of what an operator keeps to itself. It is empty, also without a scale: TFLite Micro
 * looks at each of them and takes no other (micro_allocation_info.cc, ValidateSubgraph).
 */
const inner = (node: Node, quant: Quantization | null, place: number): Tensor => ({
  name: `${node.name}/intermediate${place}`,
  shape: [0],
  dtype: quant ? DTYPE_OF_BITS[quant.bits] : 'f32',
  data: null,
  quant,
});
