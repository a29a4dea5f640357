import { CompressError } from '../../errors.ts';
import { fileShape } from '../../graph/file_order.ts';
import type { Graph, Node, Tensor } from '../../graph/graph.ts';
import { type OnnxSource, rowOf, type Shape } from '../../ops/index.ts';
import { FIXED, withRelabelsMoved } from '../layout.ts';
import { generalShape, inverse, RELABEL, type Relabel, relabelled } from '../relabel.ts';
import { withDroppedAxes } from '../tidy.ts';

/**
 * A graph whose operands are as the operators of ONNX expect them, images channels first, with as few transposes as that takes; inputs and
 * outputs are as in the file that the model came from. Nodes turned so say their order in `FIXED`.
 */
export function inFileAxes(graph: Graph, opset: number): Graph {
  const turning = new Turning(graph, opset);
  return withOwnNames(withDroppedAxes(withRelabelsMoved(turning.graph())), graph);
}

/** What a node's cell may ask, for axes in the file's order or in the row's own. */
export function sourceOf(graph: Graph, node: Node, opset: number): OnnxSource<never> {
  const order = node.attrs[FIXED] as Relabel | undefined;
  const shape = (t: number, turned: boolean): Shape => {
    const own = graph.tensors[t].shape;
    return order && turned ? relabelled(own, inverse(order, order.length)) : own;
  };
  return {
    attrs: node.attrs as never,
    inputs: node.inputs,
    opset,
    shape: (place) => shape(node.inputs[place], place === 0),
    outputShape: (place) => shape(node.outputs[place], true),
  };
}

/** How a row is written. @throws CompressError `unsupported` where ONNX has no word for it */
export function cellOf(node: Node) {
  const { onnx } = rowOf(node.op);
  if (onnx?.write) return onnx.write;
  throw new CompressError(
    'unsupported',
    `"${node.name}" (${node.op}) has no operator in ONNX`,
    'export the model as .tflite, or replace the operator',
  );
}

/** What exists only while training, or changes nothing. */
const isGone = ({ op }: Node) => rowOf(op).memory === 'view' && (op === 'dropout' || !rowOf(op).onnx);

/** The graph with a relabel wherever an operator of ONNX wants its operands in another order. */
class Turning {
  readonly #tensors: Tensor[];
  readonly #nodes: Node[] = [];
  readonly #now = new Map<number, number>();

  constructor(
    readonly given: Graph,
    readonly opset: number,
  ) {
    this.#tensors = [...given.tensors];
  }

  graph(): Graph {
    const inputs = this.given.inputs.map((t) => this.#input(t));
    for (const node of this.given.nodes) this.#node(node);
    const outputs = this.given.outputs.map((t) => {
      const { fileOrder, name } = this.given.tensors[t];
      return fileOrder ? this.#relabel(this.#at(t), fileOrder, name) : this.#at(t);
    });
    return { ...this.given, tensors: this.#tensors, nodes: this.#nodes, inputs, outputs };
  }

  #at = (t: number): number => (t < 0 ? -1 : (this.#now.get(t) ?? t));

  #add(tensor: Tensor): number {
    return this.#tensors.push(tensor) - 1;
  }

  #relabel(t: number, map: Relabel, name: string): number {
    const y = this.#add({ ...this.#tensors[t], name, shape: relabelled(this.#tensors[t].shape, map) });
    this.#nodes.push({ name, op: RELABEL, inputs: [t], outputs: [y], attrs: { map } });
    return y;
  }

  #input(t: number): number {
    const tensor = this.#tensors[t];
    if (!tensor.fileOrder) return t;
    const own = this.#add({ ...tensor, shape: fileShape(tensor) });
    this.#now.set(t, this.#relabel(own, inverse(tensor.fileOrder, tensor.shape.length), `${tensor.name}/last`));
    return own;
  }

  #node(node: Node): void {
    const inputs = node.inputs.map(this.#at);
    if (isGone(node)) this.#now.set(node.outputs[0], inputs[0]);
    else if (node.attrs.keepDims === false && Array.isArray(node.attrs.axes)) this.#reduction({ ...node, inputs });
    else this.#plain({ ...node, inputs });
  }

  /** A reduction that keeps its axes works in any order of them; a relabel behind it drops them. */
  #reduction(node: Node): void {
    const [y] = node.outputs;
    const axes = node.attrs.axes as number[];
    const x = this.#tensors[node.inputs[0]].shape;
    const kept = this.#add({
      ...this.#tensors[y],
      name: `${node.name}/kept`,
      shape: x.map((d, i) => (axes.includes(i) ? 1 : d)),
    });
    this.#nodes.push({ ...node, outputs: [kept], attrs: { ...node.attrs, keepDims: true } });
    const left = x.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
    this.#now.set(y, this.#relabel(kept, left, this.#tensors[y].name));
  }

  #plain(node: Node): void {
    const isConversion = node.op === 'quantize' || node.op === 'dequantize';
    const order = isConversion
      ? undefined
      : cellOf(node)(sourceOf({ ...this.given, tensors: this.#tensors }, node, this.opset)).order;
    if (!order) {
      this.#nodes.push(node);
      return;
    }
    const turned = this.#relabel(node.inputs[0], order, `${node.name}/first`);
    const outputs = node.outputs.map((t) => this.#add({ ...this.#tensors[t], shape: relabelled(this.#tensors[t].shape, order) }));
    this.#nodes.push({ ...node, inputs: [turned, ...node.inputs.slice(1)], outputs, attrs: { ...node.attrs, [FIXED]: order } });
    const back = inverse(order, order.length);
    node.outputs.forEach((t, i) => {
      this.#now.set(t, this.#relabel(outputs[i], back, `${node.name}/last`));
    });
  }
}

/** Outputs have the names of the model, and each is a tensor of its own. */
function withOwnNames(moved: Graph, { tensors, outputs }: Graph): Graph {
  const all = [...moved.tensors];
  const nodes = [...moved.nodes];
  const used = new Set(moved.inputs);
  const ends = moved.outputs.map((t, i) => {
    const { name } = tensors[outputs[i]];
    if (!used.has(t)) {
      used.add(t);
      all[t] = { ...all[t], name };
      return t;
    }
    const copy = all.push({ ...all[t], name }) - 1;
    nodes.push({ name, op: 'reshape', inputs: [t], outputs: [copy], attrs: { shape: generalShape(all[t].shape) } });
    return copy;
  });
  return { ...moved, tensors: all, nodes, outputs: ends };
}
