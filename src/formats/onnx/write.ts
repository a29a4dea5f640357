import { create, toBinary } from '@bufbuild/protobuf';
import { CompressError } from '../../errors.ts';
import { type Graph, isInteger, type Node, type Tensor } from '../../graph/graph.ts';
import type { OnnxAttribute, OnnxConstant, OnnxWrite, Shape } from '../../ops/index.ts';
import { writeClamp } from '../../ops/onnx_cells.ts';
import { inferShapes, isBatchable } from '../../run/compile.ts';
import type { Written } from '../format.ts';
import { relabelConstant } from '../relabel.ts';
import { isAboutFile } from '../tflite/attachments.ts';
import { withoutFloatLstms } from '../unrolled_lstm.ts';
import { cellOf, inFileAxes, sourceOf } from './file_axes.ts';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts';
import { attribute, rawBytes, realNumbers } from './messages.ts';
import type { OPSETS } from './opsets.ts';

export interface OnnxOptions {
  /** Operator set of ai.onnx. */
  readonly opset?: (typeof OPSETS)[number];
  /** int8 activations as uint8, with zero points 128 higher: the form for which ONNX Runtime has its fastest kernels on x86. */
  readonly unsigned?: boolean;
}

/** IR version that came with each operator set. */
const IR: Readonly<Record<number, bigint>> = { 13: 7n, 21: 10n };

/**
 * Writes an ONNX file: float, or integers as QuantizeLinear/DequantizeLinear pairs, which runtimes fuse into integer kernels. Images are
 * channels first inside; inputs and outputs are as in the file that the model came from.
 *
 * @throws CompressError `unsupported` for an operator that ONNX has no word for
 */
export function writeOnnx(given: Graph, { opset = 13, unsigned = false }: OnnxOptions = {}): Written {
  const { graph, names } = withoutFloatLstms(given);
  const writer = new Writer(inFileAxes(graph, opset), opset, unsigned, isBatchable(graph) ? inferShapes(graph, 2) : null);
  const bytes = writer.write(graph);
  const notes = names.map((n) => `the state of the LSTM "${n}" begins each call with zeros, as after ResetVariableTensors()`);
  const { attachments } = graph;
  if (!attachments || attachments.format === 'onnx') return { bytes, notes };
  const lost = [
    ...attachments.metadata.filter((m) => !isAboutFile(m.name)).map((m) => `the metadata "${m.name}"`),
    ...Object.keys(attachments.files).map((f) => `the file "${f}"`),
    ...attachments.signatures.map((s) => `the signature "${s.key}"`),
  ];
  return { bytes, notes: [...notes, ...lost.map((what) => `${what} of the original file has no place in ONNX and is left out`)] };
}

const TYPES: Readonly<Record<string, number>> = { f32: 1, u8: 2, i8: 3, i16: 5, i32: 6, i64: 7, bool: 9, i4: 22 };
const BATCH = 'batch';

type Operand = OnnxWrite['inputs'][number];

class Writer {
  readonly #nodes: NodeProto[] = [];
  readonly #constants: TensorProto[] = [];
  readonly #names = new Set<string>();
  /** By tensor: the name of its real numbers, and of its integers. */
  readonly #real = new Map<number, string>();
  readonly #stored = new Map<number, string>();

  constructor(
    readonly graph: Graph,
    readonly opset: number,
    readonly unsigned: boolean,
    /** Shapes for two examples, where the network can be run for several. */
    readonly two: readonly Shape[] | null,
  ) {}

  write(original: Graph): Uint8Array {
    const { graph } = this;
    const ends = [...graph.inputs, ...graph.outputs];
    for (const t of ends) this.#names.add(graph.tensors[t].name);
    for (const t of graph.inputs) this.#set(t, graph.tensors[t].name);
    graph.outputs.forEach((t) => {
      if (!graph.inputs.includes(t)) this.#set(t, graph.tensors[t].name);
    });
    for (const node of graph.nodes) this.#node(node);
    const { attachments } = original;
    const info = (t: number) => this.#info(graph.tensors[t]);
    const model = create(ModelProtoSchema, {
      irVersion: IR[this.opset],
      producerName: 'Thumbnet',
      docString: attachments?.description ?? '',
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(this.opset) })],
      metadataProps: (attachments?.format === 'onnx' ? attachments.metadata : []).map(({ name, bytes }) =>
        create(StringStringEntryProtoSchema, { key: name, value: new TextDecoder().decode(bytes) }),
      ),
      graph: create(GraphProtoSchema, {
        name: original.name || 'main',
        node: this.#nodes,
        initializer: this.#constants,
        input: graph.inputs.map(info),
        output: graph.outputs.map(info),
      }),
    });
    return toBinary(ModelProtoSchema, model);
  }

  #set(t: number, name: string): void {
    (isInteger(this.graph.tensors[t].dtype) ? this.#stored : this.#real).set(t, name);
  }

  /** A name that is not taken. */
  #fresh(name: string): string {
    let found = name;
    for (let k = 1; this.#names.has(found); k++) found = `${name}_${k}`;
    this.#names.add(found);
    return found;
  }

  #add(
    type: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    more: readonly string[] = [],
  ): string {
    this.#nodes.push(
      create(NodeProtoSchema, {
        name: this.#fresh(`${type}_${this.#nodes.length}`),
        opType: type,
        input: [...inputs],
        output: [output, ...more],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return output;
  }

  #node(node: Node): void {
    const { tensors } = this.graph;
    const [y] = node.outputs;
    if (node.op === 'dequantize') {
      const [x] = node.inputs;
      this.#add('DequantizeLinear', [this.#integers(x), ...this.#scale(tensors[x])], this.#nameOf(y));
      return;
    }
    if (node.op === 'quantize') {
      this.#quantized(y, this.#realOf(node.inputs[0]));
      return;
    }
    const written = cellOf(node)(sourceOf(this.graph, node, this.opset));
    const clamp = node.attrs.activation as string | undefined;
    const isLast = (t: number) => !isInteger(tensors[t].dtype) && (clamp ?? 'none') === 'none';
    const names = node.outputs.map((t) => (isLast(t) ? this.#nameOf(t) : this.#fresh(`${tensors[t].name}/sum`)));
    this.#operator(written, node, names);
    node.outputs.forEach((t, i) => {
      const active = this.#activated(clamp ?? 'none', names[i], t);
      if (isInteger(tensors[t].dtype)) this.#quantized(t, active);
    });
  }

  #operator(written: OnnxWrite, node: Node, [first, ...more]: readonly string[]): string {
    const inputs = written.inputs.map((o) => this.#operand(o, node));
    while (inputs.at(-1) === '') inputs.pop();
    return this.#add(written.type, inputs, first, written.attributes, more);
  }

  #operand(o: Operand, node: Node): string {
    if (typeof o === 'number') return o < 0 ? '' : this.#realOf(o);
    if ('of' in o) return this.#constantReal(relabelConstant(this.graph.tensors[o.of], o.in));
    if ('name' in o) return this.#extra(o, node);
    return this.#operator(o, node, [this.#fresh(`${node.name}/${o.type}`)]);
  }

  /** The real numbers that a tensor holds or means. */
  #realOf(t: number): string {
    const known = this.#real.get(t);
    if (known) return known;
    const tensor = this.graph.tensors[t];
    const name = tensor.data
      ? this.#constantReal(tensor)
      : this.#add('DequantizeLinear', [this.#integers(t), ...this.#scale(tensor)], this.#fresh(`${tensor.name}/real`));
    this.#real.set(t, name);
    return name;
  }

  #integers(t: number): string {
    const found = this.#stored.get(t);
    if (!found) throw new Error(`"${this.graph.tensors[t].name}" is read before it is written`);
    return found;
  }

  #nameOf(t: number): string {
    const known = this.#real.get(t);
    if (known) return known;
    const name = this.#fresh(this.graph.tensors[t].name);
    this.#real.set(t, name);
    return name;
  }

  #quantized(t: number, real: string): void {
    const tensor = this.graph.tensors[t];
    const name = this.#stored.get(t) ?? this.#fresh(`${tensor.name}/integers`);
    this.#stored.set(t, name);
    this.#add('QuantizeLinear', [real, ...this.#scale(tensor)], name);
  }

  #activated(activation: string, from: string, t: number): string {
    if (activation === 'none') return from;
    const bounds = { relu: [0, Number.POSITIVE_INFINITY], relu6: [0, 6], reluN1: [-1, 1] }[activation];
    if (!bounds)
      throw new CompressError('unsupported', `the activation ${activation} has no operator in ONNX`, 'use relu or relu6');
    const { tensors } = this.graph;
    const name = isInteger(tensors[t].dtype) ? this.#fresh(`${tensors[t].name}/active`) : this.#nameOf(t);
    const { type, inputs } = writeClamp(-1, bounds[0], bounds[1]);
    const operands = inputs.map((o) => (typeof o === 'number' ? from : this.#extra(o as OnnxConstant, null)));
    return this.#add(type, operands, name);
  }

  /** int8 activations are written as uint8 where that was asked for; weights and biases are not activations. */
  #typeOf({ dtype, data }: Tensor): string {
    return this.unsigned && dtype === 'i8' && !data ? 'u8' : dtype;
  }

  #scale(tensor: Tensor): [string, string] {
    const quant = tensor.quant!;
    const type = this.#typeOf(tensor);
    if (!['i8', 'u8', 'i16'].includes(type) || (type === 'i16' && this.opset < 21)) {
      throw new CompressError(
        'unsupported',
        `"${tensor.name}" has ${quant.bits}-bit integers, which opset ${this.opset} cannot quantize to`,
        type === 'i16' ? 'export with --opset 21' : 'export the model as .tflite',
      );
    }
    const zero = quant.zeros[0] + (type === 'u8' && tensor.dtype === 'i8' ? 128 : 0);
    return [this.#numbers('scale', 'f32', [], [quant.scales[0]]), this.#numbers('zero', type, [], [zero])];
  }

  #constantReal(tensor: Tensor): string {
    const { name, shape, dtype, data, quant } = tensor;
    if (dtype === 'f32' || !quant) return this.#numbers(name, dtype, shape, data as Float32Array);
    if (dtype === 'i64') return this.#numbers(name, 'f32', shape, realNumbers(tensor));
    const type = dtype === 'i4' && this.opset < 21 ? 'i8' : dtype;
    const integers = this.#numbers(name, type, shape, data as Int8Array);
    const dims = quant.axis === null ? [] : [quant.scales.length];
    const scale = this.#numbers('scale', 'f32', dims, quant.scales);
    const zero = type === 'i32' ? [] : [this.#numbers('zero', type, dims, quant.zeros)];
    const axis: Record<string, OnnxAttribute> = quant.axis === null ? {} : { axis: { int: quant.axis } };
    return this.#add('DequantizeLinear', [integers, scale, ...zero], this.#fresh(`${name}/real`), axis);
  }

  #extra({ name, type, shape, values }: OnnxConstant, node: Node | null): string {
    return this.#numbers(node ? `${node.name}/${name}` : name, type, shape, values);
  }

  #numbers(name: string, type: string, dims: readonly number[], values: ArrayLike<number>): string {
    const own = this.#fresh(name);
    this.#constants.push(
      create(TensorProtoSchema, { name: own, dims: dims.map(BigInt), dataType: TYPES[type], rawData: rawBytes(type, values) }),
    );
    return own;
  }

  #info(tensor: Tensor) {
    const place = this.graph.tensors.indexOf(tensor);
    const isBatch = this.two && this.graph.inputs.concat(this.graph.outputs).includes(place) && tensor.shape[0] === 1;
    const dim = tensor.shape.map((d, i) =>
      create(TensorShapeProto_DimensionSchema, {
        value: isBatch && i === 0 ? { case: 'dimParam', value: BATCH } : { case: 'dimValue', value: BigInt(d) },
      }),
    );
    const type = create(TypeProto_TensorSchema, {
      elemType: TYPES[this.#typeOf(tensor)],
      shape: create(TensorShapeProtoSchema, { dim }),
    });
    return create(ValueInfoProtoSchema, {
      name: tensor.name,
      type: create(TypeProtoSchema, { value: { case: 'tensorType', value: type } }),
    });
  }
}
