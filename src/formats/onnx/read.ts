import { type Attachments, type Graph, isInteger, showShape, sizeOf, type Tensor } from '../../graph/graph.ts';
import { type AnyRow, type OnnxRead, OPS } from '../../ops/index.ts';
import { dequantize } from '../../run/integer.ts';
import { checked, MOST_ELEMENTS } from '../checked.ts';
import { Draft } from '../draft.ts';
import type { FileModel, ReadOptions } from '../format.ts';
import { channelsLast } from '../layout.ts';
import { located } from '../located.ts';
import { operandsOf } from '../operands.ts';
import { inverse } from '../relabel.ts';
import { tidied } from '../tidy.ts';
import { graphType, readConstant } from './constants.ts';
import { Attributes, badFile, decode, isOnnx, unsupported } from './decode.ts';
import { folded, shapeConstant } from './fold.ts';
import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from './generated/onnx_pb.ts';
import { withoutLabels } from './labels.ts';
import { inlined, sorted } from './order.ts';
import { withGelus } from './patterns.ts';
import { BIAS_SCALE, withoutQLinear } from './qlinear.ts';
import { Quantized } from './quantized.ts';
import { REWRITES, type Writer } from './rewrites.ts';

/**
 * Reads an ONNX file of operator sets 7 to 23. Channels-first images become NHWC; a symbolic batch is 1.
 *
 * @throws CompressError `bad-file` for bytes that are not a valid model, `unsupported` for an operator, type or shape that is not known
 */
export function readOnnx(bytes: Uint8Array, options: ReadOptions): FileModel | Promise<FileModel> {
  const { model, graph: whole, opset } = decode(bytes);
  const { graph, notes } = withoutLabels(whole);
  const constants = graph.initializer.map((t) => readConstant(t, options));
  const build = (found: readonly Tensor[]) => {
    const made = fileModel(model, graph, opset, found);
    return { ...made, notes: [...notes, ...made.notes] };
  };
  return constants.some((c) => c instanceof Promise) ? Promise.all(constants).then(build) : build(constants as readonly Tensor[]);
}

function fileModel(model: ModelProto, graph: GraphProto, opset: number, constants: readonly Tensor[]): FileModel {
  if (graph.sparseInitializer.length) throw unsupported('the model has sparse constants', 'export the model with dense weights');
  const draft = new Draft();
  for (const c of constants) draft.name(c.name, draft.add(c));
  const given = graph.input.filter(({ name }) => draft.find(name) === undefined);
  const inputs = given.map((info) => addInput(draft, info));
  const names = [...graph.initializer, ...given].map((t) => t.name);
  const ordered = sorted(withoutQLinear(inlined(graph.node, model.functions)), names);
  const nodes = withGelus(
    ordered,
    graph.output.map((o) => o.name),
    scalarsOf(draft, ordered),
  );
  const quantized = new Quantized(draft);
  nodes.forEach((node, i) => {
    readNode(draft, quantized, node, i, opset);
  });
  const outputs = graph.output.map(({ name }) => {
    const found = draft.find(name);
    if (found === undefined) throw badFile(`its output "${name}" is never computed`);
    return quantized.output(
      found,
      name,
      nodes.find((n) => n.output.includes(name)),
    );
  });
  const name = graph.name || 'main';
  const plain: Graph = { name, tensors: renamed(draft, graph, outputs), nodes: draft.nodes, inputs, outputs };
  const large = plain.tensors.find(({ shape }) => sizeOf(shape) > MOST_ELEMENTS);
  if (large) throw badFile(`"${large.name}" is computed with the shape ${showShape(large.shape)}`);
  const attachments = attachmentsOf(model, given);
  const read = checked(tidied(channelsLast(plain)), badFile);
  const same = read.outputs.find((t) => read.inputs.includes(t));
  if (same !== undefined)
    throw unsupported(`the output "${read.tensors[same].name}" is an input as it is`, 'export the model without that output');
  return { graph: { ...read, attachments }, notes: notesOn(model, graph, plain, draft) };
}

/** Constants of one number, of the file and of its Constant nodes. */
function scalarsOf(draft: Draft, nodes: readonly NodeProto[]): (name: string) => number | null {
  const made = new Map(nodes.flatMap((n) => (n.opType === 'Constant' ? [[n.output[0], n] as const] : [])));
  return (name) => {
    const node = made.get(name);
    const found = draft.find(name);
    const tensor = node ? node.attribute.find((a) => a.name === 'value')?.t : undefined;
    const constant = tensor ? readConstant(tensor, {}) : found === undefined ? null : draft.tensors[found];
    return constant && 'data' in constant && constant.data?.length === 1 ? Number(constant.data[0]) : null;
  };
}

/** Outputs have the file's names; other tensors those of the nodes that make them. */
function renamed({ tensors }: Draft, { output }: GraphProto, outputs: readonly number[]): Tensor[] {
  const names = new Map(outputs.map((t, i) => [t, output[i].name]));
  return tensors.map((t, i) => ({ ...t, name: names.get(i) ?? t.name }));
}

function attachmentsOf(model: ModelProto, given: readonly ValueInfoProto[]): Attachments {
  const encoder = new TextEncoder();
  const first = (info: ValueInfoProto) => {
    const { value } = info.type!;
    return value.case === 'tensorType' ? value.value.shape?.dim[0]?.value.case : undefined;
  };
  return {
    format: 'onnx',
    description: model.docString,
    signatures: [],
    metadata: model.metadataProps.map(({ key, value }) => ({ name: key, bytes: encoder.encode(value) })),
    files: {},
    anyBatch: given.every((info) => first(info) !== 'dimValue'),
    about: { interface: '', operators: '' },
  };
}

function notesOn({ trainingInfo }: ModelProto, { input }: GraphProto, { nodes, outputs }: Graph, draft: Draft): string[] {
  const needed = new Set(outputs);
  for (const node of [...nodes].reverse())
    if (node.outputs.some((t) => needed.has(t))) for (const t of node.inputs) needed.add(t);
  const unread = input.filter(({ name }) => !needed.has(draft.find(name) ?? -1) && !draft.tensors[draft.find(name) ?? 0]?.data);
  const live = new Set(nodes.filter((n) => n.outputs.some((t) => needed.has(t))).map((n) => n.name));
  const dead = nodes.filter((n) => !live.has(n.name));
  return [
    ...(trainingInfo.length ? ['what it says about training (training_info) is left out'] : []),
    ...unread.map(({ name }) => `no output depends on the input "${name}": its values change nothing`),
    ...(dead.length ? [`${dead.length} operators that no output needs (first "${dead[0].name}") are left out`] : []),
  ];
}

/** A symbolic first dimension is the batch, 1. */
function addInput(draft: Draft, { name, type }: ValueInfoProto): number {
  const where = `the input "${name}"`;
  if (type?.value.case !== 'tensorType') throw unsupported(`${where} is no tensor`, 'export the model with tensors as inputs');
  const { elemType, shape } = type.value.value;
  if (!shape) throw unsupported(`${where} has no shape`, 'export the model with the shapes of its inputs');
  const dims = shape.dim.map(({ value }, i) => {
    if (value.case === 'dimValue' && value.value > 0n) return Number(value.value);
    if (i === 0) return 1;
    const symbol = value.case === 'dimParam' ? value.value : '?';
    const fix = 'export the model with fixed sizes: only the batch may be left open (dynamic_axes={"input": {0: "batch"}})';
    throw unsupported(`dimension ${i} of ${where} is open ("${symbol}")`, fix);
  });
  if (sizeOf(dims) > MOST_ELEMENTS) throw badFile(`${where} has the shape ${showShape(dims)}`);
  const tensor = draft.add({ name, shape: dims, dtype: graphType(elemType, where), data: null, quant: null });
  draft.name(name, tensor);
  return tensor;
}

/** ONNX Runtime's own domain, in which it has QuantizeLinear of 16 bits too. */
const MICROSOFT = 'com.microsoft';

const isQdq = ({ opType }: NodeProto) => opType === 'QuantizeLinear' || opType === 'DequantizeLinear';

/** Adds what an operator of the file is. */
function readNode(draft: Draft, quantized: Quantized, node: NodeProto, index: number, opset: number): void {
  const outputs = trimmed(node.output);
  const name = node.name || outputs[0] || `node${index}`;
  const where = `operator ${index} (${node.opType}, output "${outputs[0] ?? ''}")`;
  if (!isOnnx(node.domain) && !(node.domain === MICROSOFT && isQdq(node))) {
    throw unsupported(`${where} is of the domain "${node.domain}"`, 'export the model with operators of ONNX itself (ai.onnx)');
  }
  const inputs = trimmed(node.input).map((n) => {
    const found = n === '' ? -1 : draft.find(n);
    if (found === undefined) throw badFile(`${where} reads "${n}", which nothing computes`);
    return found;
  });
  const place = { name, where, inputs, opset, count: outputs.length };
  located(where, () => {
    const found = resultsOf(draft, quantized, node, place);
    outputs.forEach((n, i) => {
      if (found[i] !== undefined) draft.name(n, found[i]);
    });
  });
}

/** Without names left out at the end. */
function trimmed(names: readonly string[]): string[] {
  const list = [...names];
  while (list.length && list[list.length - 1] === '') list.pop();
  return list;
}

interface Place {
  readonly name: string;
  readonly where: string;
  readonly inputs: readonly number[];
  readonly opset: number;
  readonly count: number;
}

function resultsOf(draft: Draft, quantized: Quantized, node: NodeProto, place: Place): readonly number[] {
  const { inputs, where, opset, count } = place;
  if (isQdq(node)) {
    const attributes = new Attributes(node, where);
    const found = quantized.read(node, place, attributes);
    attributes.finish();
    return [found];
  }
  if (node.opType === BIAS_SCALE) return [biasScale(draft, inputs)];
  const x = inputs.map((t) => (t < 0 ? null : draft.tensors[t]));
  if (x.every((t) => !t || t.data)) {
    const made = folded({ type: node.opType, opset, x, where, attributes: new Attributes(node, where) }, count);
    if (made) return made.map((t, i) => draft.add({ ...t, name: node.output[i] ?? t.name }));
  }
  const readsFirst = ['Shape', 'Identity', 'Cast'].includes(node.opType);
  if (readsFirst && !x[0]) throw badFile(`${where} lacks operand 0`);
  if (node.opType === 'Shape') {
    const attributes = new Attributes(node, where);
    const { shape } = x[0]!;
    return [draft.add(shapeConstant(shape, { start: attributes.int('start', 0), end: attributes.int('end', shape.length) }))];
  }
  if (node.opType === 'Identity') return [inputs[0]];
  if (node.opType === 'Cast' && graphType(new Attributes(node, where).int('to', 1), where) === x[0]!.dtype) return [inputs[0]];
  return ofRow(draft, node, place) ?? rewritten(draft, node, place) ?? refuse(node, where);
}

/** The scale of a bias: the product of those of input and weights. */
function biasScale(draft: Draft, operands: readonly number[]): number {
  const [x, w] = operands.map((t) => draft.tensors[t]);
  if (!x?.data || !w?.data) throw unsupported('a bias whose scale is computed', 'quantize the model statically');
  return draft.constant(
    'bias_scale',
    w.shape,
    Array.from(w.data as Float32Array, (s) => s * Number(x.data![0])),
  );
}

function refuse({ opType }: NodeProto, where: string): never {
  const known = [...new Set([...Object.values(OPS).flatMap((row) => row.onnx?.types ?? []), ...Object.keys(REWRITES)])].sort();
  const isKnown = known.includes(opType);
  const what = isKnown ? 'is not supported with these operands' : 'is not supported';
  throw unsupported(`${where} ${what}`, `build the model from: ${known.join(', ')}`);
}

/** Nodes of the row whose cell takes it; null where none does. */
function ofRow(draft: Draft, node: NodeProto, place: Place): number[] | null {
  for (const [op, row] of Object.entries(OPS)) {
    if (!row.onnx?.types.includes(node.opType)) continue;
    const attributes = new Attributes(node, place.where);
    const reader = new Reader(draft, node.opType, attributes, place);
    const [nodes, tensors] = [draft.nodes.length, draft.tensors.length];
    const found = row.onnx.read(reader);
    if (!found) {
      draft.nodes.length = nodes;
      draft.tensors.length = tensors;
      continue;
    }
    attributes.finish();
    refuseIntegers(draft, row, found.inputs, place.where);
    const [x, ...others] = found.inputs;
    const first = (found.before ?? []).reduce((t, { op: earlier, attrs }) => draft.emitMove(earlier, t, attrs, place.name), x);
    let outputs = draft.emit(op, [first, ...others], found.attrs, place.name);
    for (const { op: next, attrs } of found.after ?? []) {
      outputs = outputs.map((t) =>
        next === '@relabel'
          ? draft.relabel(t, attrs.map as readonly number[], place.name)
          : draft.emit(next, [t], attrs, place.name)[0],
      );
    }
    return outputs.map((t) => reader.back(t));
  }
  return null;
}

/** Of graphs that compute with whole numbers, which networks do only beside the layers. */
function refuseIntegers(draft: Draft, row: AnyRow, inputs: readonly number[], where: string): void {
  const bare = inputs.map((t) => draft.tensors[t]).find((t) => t && !t.data && !t.quant && isInteger(t.dtype));
  if (bare && row.outputRange !== 'counted')
    throw unsupported(
      `${where} computes with the integers of "${bare.name}"`,
      'export the model with inputs of float32, or quantize it with QuantizeLinear',
    );
}

function rewritten(draft: Draft, node: NodeProto, place: Place): number[] | null {
  if (!Object.hasOwn(REWRITES, node.opType)) return null;
  const attributes = new Attributes(node, place.where);
  const found = REWRITES[node.opType](new Reader(draft, node.opType, attributes, place));
  if (found) attributes.finish();
  return found;
}

/** An operator of the file as cells see it. */
class Reader implements Writer {
  inputs: readonly number[];
  readonly outputs: readonly number[] = [];
  readonly opset: number;
  readonly outputCount: number;
  /** How operand 0 was turned, and how many axes it has in the file. */
  #turned: { map: readonly number[]; rank: number } | null = null;

  constructor(
    readonly draft: Draft,
    readonly type: string,
    readonly attributes: Attributes,
    readonly place: Place,
  ) {
    this.inputs = place.inputs;
    this.opset = place.opset;
    this.outputCount = place.count;
  }

  get #operands() {
    return operandsOf({ inputs: this.inputs, outputs: [] }, this.draft.tensors, this.place.where, badFile);
  }

  isThere = (place: number): boolean => (this.inputs[place] ?? -1) >= 0;
  isConstant = (place: number): boolean => this.isThere(place) && this.draft.tensors[this.inputs[place]].data !== null;
  shape: OnnxRead['shape'] = (place) => this.#operands.shape(place);
  outputShape = (): never => {
    throw new Error('shapes of outputs follow from the row');
  };
  values: OnnxRead['values'] = (place) => this.#operands.values(place);

  reorder(map: readonly number[]): void {
    const [x, ...others] = this.inputs;
    this.#turned = { map, rank: this.draft.tensors[x].shape.length };
    this.inputs = [this.draft.relabel(x, map, this.place.name), ...others];
  }

  /** An output in the axes of the file. */
  back(t: number): number {
    return this.#turned ? this.draft.relabel(t, inverse(this.#turned.map, this.#turned.rank), this.place.name) : t;
  }

  constantIn(place: number, map: readonly number[]): number {
    this.values(place);
    return this.draft.relabel(this.inputs[place], map, this.place.name);
  }

  times(tensor: number, factor: number): number {
    const constant = this.draft.tensors[tensor];
    const data = dequantize(constant) ?? (constant.data as Float32Array);
    return this.draft.constant(
      constant.name,
      constant.shape,
      Array.from(data, (v) => v * factor),
    );
  }

  constant(part: string, shape: readonly number[], values: ArrayLike<number>): number {
    return this.draft.constant(`${this.place.name}/${part}`, shape, values);
  }

  emit(op: string, inputs: readonly number[], attrs: Parameters<Draft['emit']>[2]): number {
    return this.emitAll(op, inputs, attrs)[0];
  }

  emitAll(op: string, inputs: readonly number[], attrs: Parameters<Draft['emit']>[2]): number[] {
    refuseIntegers(this.draft, OPS[op], inputs, this.place.where);
    return this.draft.emit(op, inputs, attrs, this.place.name);
  }

  relabel(tensor: number, map: readonly number[]): number {
    return this.draft.relabel(tensor, map, this.place.name);
  }
}
