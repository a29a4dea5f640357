import { create } from '@bufbuild/protobuf';
import { unsupported } from './decode.ts';
import { type NodeProto, NodeProtoSchema } from './generated/onnx_pb.ts';

/** QLinear operators, which hold their scales among their operands, as the float operators between QuantizeLinear and DequantizeLinear. */

interface Form {
  readonly type: string;
  /** Places of value, scale and zero point of each integer operand. */
  readonly operands: readonly (readonly [number, number, number])[];
  /** Places of scale and zero point of the result. */
  readonly result: readonly [number, number];
  /** Place of a bias in units of the two operands' scales. */
  readonly bias?: number;
}

const PAIR: Omit<Form, 'type'> = {
  operands: [
    [0, 1, 2],
    [3, 4, 5],
  ],
  result: [6, 7],
};
const ONE: Omit<Form, 'type'> = { operands: [[0, 1, 2]], result: [3, 4] };

const FORMS: Readonly<Record<string, Form>> = {
  QLinearConv: { type: 'Conv', ...PAIR, bias: 8 },
  QLinearMatMul: { type: 'MatMul', ...PAIR },
  QLinearAdd: { type: 'Add', ...PAIR },
  QLinearMul: { type: 'Mul', ...PAIR },
  QLinearSigmoid: { type: 'Sigmoid', ...ONE },
  QLinearLeakyRelu: { type: 'LeakyRelu', ...ONE },
  QLinearGlobalAveragePool: { type: 'GlobalAveragePool', ...ONE },
  QLinearAveragePool: { type: 'AveragePool', ...ONE },
  QLinearSoftmax: { type: 'Softmax', ...ONE },
  QGemm: {
    type: 'Gemm',
    operands: [
      [0, 1, 2],
      [3, 4, 5],
    ],
    result: [7, 8],
    bias: 6,
  },
};

/** Attributes that float operators do not have. */
const OWN = new Set(['channels_last', 'opset']);

/** Product of the scales of a bias, made while the file is read. */
export const BIAS_SCALE = '@bias_scale';

/** Their names. */
export const QLINEAR: readonly string[] = [...Object.keys(FORMS), 'QLinearConcat'];

export const isQLinear = ({ opType }: NodeProto): boolean => QLINEAR.includes(opType);

export function withoutQLinear(nodes: readonly NodeProto[]): NodeProto[] {
  return nodes.flatMap((node, i) => (isQLinear(node) ? unfolded(node, `@${i}`) : [node]));
}

const made = (
  opType: string,
  input: readonly string[],
  output: string,
  attribute: NodeProto['attribute'] = [],
  name = output,
): NodeProto => create(NodeProtoSchema, { opType, input: [...input], output: [output], attribute, name });

function unfolded(node: NodeProto, mark: string): NodeProto[] {
  if (node.opType === 'QLinearConcat') return concat(node, mark);
  const form = FORMS[node.opType];
  const [y] = node.output;
  const before: NodeProto[] = [];
  const dequantized = (names: readonly string[], k: number) => {
    const output = `${y}${mark}/${k}`;
    before.push(made('DequantizeLinear', names.filter(Boolean), output, axisOf(node, k)));
    return output;
  };
  const operands = form.operands.map((places, k) =>
    dequantized(
      places.map((p) => node.input[p] ?? ''),
      k,
    ),
  );
  if (form.bias !== undefined && node.input[form.bias]) {
    const scale = `${y}${mark}/bias_scale`;
    before.push(
      made(
        BIAS_SCALE,
        form.operands.map(([, s]) => node.input[s]),
        scale,
      ),
    );
    before.push(made('DequantizeLinear', [node.input[form.bias], scale], `${y}${mark}/bias`, axisOf(node, 1)));
    operands.push(`${y}${mark}/bias`);
  }
  const isChannelsLast = node.attribute.some((a) => a.name === 'channels_last' && a.i === 1n);
  if (isChannelsLast)
    throw unsupported(`${node.opType} (output "${y}") with channels last`, 'quantize the model as the exporter wrote it');
  const attributes = node.attribute.filter((a) => !OWN.has(a.name));
  const between = `${y}${mark}/real`;
  const [scale, zero] = form.result.map((p) => node.input[p]);
  return [
    ...before,
    made(form.type, operands, between, attributes, node.name),
    made('QuantizeLinear', [between, scale, zero].filter(Boolean), y),
  ];
}

/** Weights by channel have their scales along the outputs: the first axis of a convolution's, the last of a product's. */
function axisOf({ opType }: NodeProto, operand: number): NodeProto['attribute'] {
  if (operand !== 1) return [];
  const axis = opType === 'QLinearConv' ? 0n : -1n;
  return create(NodeProtoSchema, { attribute: [{ name: 'axis', type: 2, i: axis }] }).attribute;
}

/** y_scale, y_zero_point, then value, scale and zero point of each operand. */
function concat(node: NodeProto, mark: string): NodeProto[] {
  const [scale, zero, ...rest] = node.input;
  const [y] = node.output;
  const operands = Array.from({ length: rest.length / 3 }, (_, k) =>
    made('DequantizeLinear', rest.slice(3 * k, 3 * k + 3), `${y}${mark}/${k}`),
  );
  const between = `${y}${mark}/real`;
  return [
    ...operands,
    made(
      'Concat',
      operands.map((o) => o.output[0]),
      between,
      node.attribute,
      node.name,
    ),
    made('QuantizeLinear', [between, scale, zero], y),
  ];
}
