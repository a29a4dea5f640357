import { CompressError } from '../errors.ts';
import type { Attrs, Node, Tensor } from '../graph/graph.ts';
import { rowOf } from '../ops/index.ts';
import { isIdentity, RELABEL, type Relabel, relabelConstant, relabelled } from './relabel.ts';

const missing = (place: number) => new CompressError('bad-file', `operand ${place} is missing`, 'export the model again');

/** A graph while a file is read: values by their names there, shapes known from the first node on. */
export class Draft {
  readonly tensors: Tensor[] = [];
  readonly nodes: Node[] = [];
  readonly #byName = new Map<string, number>();

  find(name: string): number | undefined {
    return this.#byName.get(name);
  }

  name(name: string, tensor: number): void {
    this.#byName.set(name, tensor);
  }

  /** Gives a tensor another name. */
  rename(tensor: number, name: string): void {
    this.tensors[tensor] = { ...this.tensors[tensor], name };
  }

  add(tensor: Tensor): number {
    return this.tensors.push(tensor) - 1;
  }

  constant(name: string, shape: readonly number[], values: ArrayLike<number>): number {
    return this.add({ name, shape, dtype: 'f32', data: Float32Array.from(values), quant: null });
  }

  /** Adds a node of a row. @returns its outputs */
  emit(op: string, inputs: readonly number[], attrs: Attrs, name: string): number[] {
    const row = rowOf(op);
    const lacking = inputs.findIndex((t, i) => t === undefined || (t < 0 && i < row.operands));
    const first = lacking < 0 && inputs.length < row.operands ? inputs.length : lacking;
    if (first >= 0) throw missing(first);
    const shapes = inputs.map((t) => (t < 0 ? null : this.tensors[t].shape));
    const outputs = row
      .infer(shapes, attrs)
      .map((shape, i) => this.add({ name: i ? `${name}/${i}` : name, shape, dtype: 'f32', data: null, quant: null }));
    this.nodes.push({ name, op, inputs, outputs, attrs });
    return outputs;
  }

  /** Adds a node that moves values: its output is quantized as its operand is. */
  emitMove(op: string, x: number, attrs: Attrs, name: string): number {
    const [y] = this.emit(op, [x], attrs, name);
    this.tensors[y] = { ...this.tensors[y], quant: this.tensors[x].quant };
    return y;
  }

  /** A tensor with its axes named anew. */
  relabel(tensor: number, map: Relabel, name: string): number {
    const source = this.tensors[tensor];
    if (!source) throw missing(0);
    if (isIdentity(map, source.shape.length)) return tensor;
    if (source.data) return this.add(relabelConstant(source, map));
    const y = this.add({ name, shape: relabelled(source.shape, map), dtype: source.dtype, data: null, quant: null });
    this.nodes.push({ name, op: RELABEL, inputs: [tensor], outputs: [y], attrs: { map } });
    return y;
  }
}
