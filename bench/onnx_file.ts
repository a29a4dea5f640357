import { type Graph, isInteger, type Node, sizeOf, type Tensor, type Values } from '../src/graph/graph.ts';
import { Message } from './protobuf.ts';

/**
 * The graph as an ONNX file for ONNX Runtime, so that the same network can be timed there: float, or int8 as
 * QuantizeLinear/DequantizeLinear pairs, which the runtime fuses into its integer kernels.
 */
export interface OnnxOptions {
  readonly batch: number;
  /** Activations as uint8 (zero point + 128): the form for which ONNX Runtime's kernels are made on x86. */
  readonly unsigned: boolean;
}

const TYPE = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
type TypeName = keyof typeof TYPE;

export function onnxOf(graph: Graph, options: OnnxOptions): Uint8Array {
  const writer = new Writer(graph, options);
  return writer.write();
}

class Writer {
  readonly #nodes: Message[] = [];
  readonly #initializers: Message[] = [];
  #names = 0;

  constructor(
    readonly graph: Graph,
    readonly options: OnnxOptions,
  ) {}

  write(): Uint8Array {
    const { graph } = this;
    const [input] = graph.inputs;
    const [output] = graph.outputs;
    const x = graph.tensors[input];
    const y = graph.tensors[output];
    this.#enter(input, 'input');
    for (const node of graph.nodes) this.#node(node);
    const last = isInteger(y.dtype) ? this.#quantized(output) : this.#real(output);
    this.#add('Identity', [last], 'output');
    const body = new Message();
    for (const n of this.#nodes) body.message(1, n);
    body.text(2, graph.name || 'graph');
    for (const i of this.#initializers) body.message(5, i);
    body.message(11, this.#value('input', x)).message(12, this.#value('output', y));
    return new Message()
      .int(1, 8)
      .text(2, 'Thumbnet bench')
      .message(7, body)
      .message(8, new Message().text(1, '').int(2, 13))
      .finish();
  }

  /** The graph's input, turned to channels first where it is a picture. */
  #enter(t: number, name: string): void {
    const tensor = this.graph.tensors[t];
    const turned = tensor.shape.length === 4 ? this.#add('Transpose', [name], `turned${t}`, [ints('perm', [0, 3, 1, 2])]) : name;
    if (isInteger(tensor.dtype)) this.#add('DequantizeLinear', [turned, ...this.#scale(tensor)], this.#real(t));
    else this.#add('Identity', [turned], this.#real(t));
  }

  #node(node: Node): void {
    const { tensors } = this.graph;
    const out = node.outputs[0];
    const raw = `raw${out}`;
    const [x, w, bias] = node.inputs;
    const attrs = node.attrs as Record<string, never>;
    const operands = () => [this.#real(x), this.#weights(w, node.op), ...(bias >= 0 ? [this.#bias(bias, x, w)] : [])];
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d': {
        const group = node.op === 'conv2d' ? ((attrs.groups as number | undefined) ?? 1) : tensors[x].shape[3];
        const window = tensors[w].shape.slice(1, 3);
        this.#add('Conv', operands(), raw, [...this.#window(node, window), int('group', group)]);
        break;
      }
      case 'avgPool2d':
        this.#add('AveragePool', [this.#real(x)], raw, this.#window(node, attrs.filter));
        break;
      case 'fullyConnected':
        this.#add('Gemm', operands(), raw, [int('transB', 1)]);
        break;
      case 'add':
        this.#add('Add', [this.#real(x), this.#real(w)], raw);
        break;
      case 'softmax':
        this.#add('Softmax', [this.#real(x)], raw, [int('axis', -1)]);
        break;
      case 'reshape': {
        if (tensors[x].shape.length === 4 && tensors[x].shape[1] * tensors[x].shape[2] !== 1)
          throw new Error('a flattened picture is not written here');
        this.#add('Flatten', [this.#real(x)], raw, [int('axis', 1)]);
        break;
      }
      default:
        throw new Error(`${node.op} is not written here`);
    }
    const active = this.#activation(attrs.activation ?? 'none', raw, out);
    if (isInteger(tensors[out].dtype)) {
      const scale = this.#scale(tensors[out]);
      this.#add('QuantizeLinear', [active, ...scale], this.#quantized(out));
      this.#add('DequantizeLinear', [this.#quantized(out), ...scale], this.#real(out));
    } else this.#add('Identity', [active], this.#real(out));
  }

  /** The range of the output's integers cuts off what an activation would: only floats need it told. */
  #activation(kind: string, from: string, out: number): string {
    if (kind === 'none' || isInteger(this.graph.tensors[out].dtype)) return from;
    if (kind === 'relu') return this.#add('Relu', [from], `active${out}`);
    if (kind === 'relu6')
      return this.#add('Clip', [from, this.#constant('float', [], [0]), this.#constant('float', [], [6])], `active${out}`);
    throw new Error(`${kind} is not written here`);
  }

  #window({ inputs, outputs, attrs }: Node, window: readonly number[]): Message[] {
    const x = this.graph.tensors[inputs[0]].shape;
    const y = this.graph.tensors[outputs[0]].shape;
    const stride = attrs.stride as readonly number[];
    const pads = [0, 1].map((d) =>
      attrs.padding === 'same' ? Math.max(0, (y[1 + d] - 1) * stride[d] + window[d] - x[1 + d]) : 0,
    );
    const before = pads.map((p) => p >> 1);
    return [
      ints('kernel_shape', window),
      ints('strides', stride),
      ints('pads', [...before, ...pads.map((p, d) => p - before[d])]),
    ];
  }

  #weights(t: number, op: string): string {
    const { shape, data, quant, dtype } = this.graph.tensors[t];
    const turned =
      op === 'conv2d' ? turn(data!, shape, [0, 3, 1, 2]) : op === 'depthwiseConv2d' ? turn(data!, shape, [3, 0, 1, 2]) : null;
    const name = this.#constant(isInteger(dtype) ? 'int8' : 'float', turned?.shape ?? shape, turned?.data ?? data!);
    if (!isInteger(dtype)) return name;
    const per = quant!.scales.length > 1;
    const dims = per ? [quant!.scales.length] : [];
    const scale = this.#constant('float', dims, quant!.scales);
    const zero = this.#constant(
      'int8',
      dims,
      quant!.scales.map(() => 0),
    );
    return this.#add('DequantizeLinear', [name, scale, zero], this.#fresh(), per ? [int('axis', 0)] : []);
  }

  #bias(t: number, x: number, w: number): string {
    const { shape, data, dtype } = this.graph.tensors[t];
    if (!isInteger(dtype)) return this.#constant('float', shape, data!);
    const weights = this.graph.tensors[w].quant!.scales;
    const scales = weights.map((s) => s * this.graph.tensors[x].quant!.scales[0]);
    const dims = scales.length > 1 ? [scales.length] : [];
    const zero = this.#constant(
      'int32',
      dims,
      scales.map(() => 0),
    );
    const operands = [this.#constant('int32', shape, data!), this.#constant('float', dims, scales), zero];
    return this.#add('DequantizeLinear', operands, this.#fresh(), dims.length ? [int('axis', 0)] : []);
  }

  #scale({ quant }: Tensor): [string, string] {
    const { unsigned } = this.options;
    const zero = quant!.zeros[0] + (unsigned ? 128 : 0);
    return [this.#constant('float', [], quant!.scales), this.#constant(unsigned ? 'uint8' : 'int8', [], [zero])];
  }

  #value(name: string, { dtype, shape }: Tensor): Message {
    const type = isInteger(dtype) ? (this.options.unsigned ? TYPE.uint8 : TYPE.int8) : TYPE.float;
    const dims = new Message();
    for (const d of [this.options.batch, ...shape.slice(1)]) dims.message(1, new Message().int(1, d));
    return new Message().text(1, name).message(2, new Message().message(1, new Message().int(1, type).message(2, dims)));
  }

  #constant(type: TypeName, dims: readonly number[], values: ArrayLike<number> | Values): string {
    const name = this.#fresh();
    const tensor = new Message();
    for (const d of dims) tensor.int(1, d);
    this.#initializers.push(
      tensor
        .int(2, TYPE[type])
        .text(8, name)
        .bytes(9, rawBytes(type, values as ArrayLike<number>)),
    );
    return name;
  }

  #add(op: string, inputs: readonly string[], output: string, attributes: readonly Message[] = []): string {
    const node = new Message();
    for (const i of inputs) node.text(1, i);
    node.text(2, output).text(3, output).text(4, op);
    for (const a of attributes) node.message(5, a);
    this.#nodes.push(node);
    return output;
  }

  #fresh = () => `c${this.#names++}`;
  #real = (t: number) => `t${t}`;
  #quantized = (t: number) => `q${t}`;
}

const int = (name: string, value: number): Message => new Message().text(1, name).int(3, value).int(20, 2);

function ints(name: string, values: readonly number[]): Message {
  const message = new Message().text(1, name);
  for (const v of values) message.int(8, v);
  return message.int(20, 7);
}

function rawBytes(type: TypeName, values: ArrayLike<number>): Uint8Array {
  const View = { float: Float32Array, uint8: Uint8Array, int8: Int8Array, int32: Int32Array, int64: BigInt64Array }[type];
  return new Uint8Array((View as typeof Float32Array).from(values as ArrayLike<number>).buffer);
}

/** Weights with their axes in another order. */
function turn(data: Values, shape: readonly number[], order: readonly number[]): { shape: number[]; data: Values } {
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  const to = order.map((a) => shape[a]);
  const out = data.slice() as Float32Array;
  const at = new Array<number>(to.length).fill(0);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[at.reduce((n, v, d) => n + v * strides[order[d]], 0)] as number;
    for (let d = to.length - 1; d >= 0 && ++at[d] === to[d]; d--) at[d] = 0;
  }
  return { shape: to, data: out };
}
