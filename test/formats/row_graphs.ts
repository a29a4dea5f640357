import { type DType, type Graph, newValues, type Quantization, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { type AnyRow, OPS, type Shape } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { SAMPLES, type Sample } from '../ops/samples.ts';

/** Graphs of one node, of every operator that a TFLite file can hold. */

const hidden = [4, 3];
const gates = (shape: Shape) => [shape, shape, shape, shape];
const q8: Quantization = { bits: 8, scales: [0.0625], zeros: [3], axis: null };
const q16: Quantization = { bits: 16, scales: [0.03125], zeros: [0], axis: null };

/** Operators without a float form. */
export const INTEGER: Readonly<Record<string, readonly Sample[]>> = {
  quantize: [{ shapes: [[1, 3, 4, 2]], attrs: {} }],
  dequantize: [{ shapes: [[1, 3, 4, 2]], attrs: {} }],
  svdf: [{ shapes: [[1, 6], [4, 6], [4, 5], [2], [1, 20]], attrs: { rank: 2, activation: 'relu' } }],
  lstm: [
    {
      shapes: [[1, 5, 3], ...gates(hidden), ...gates([4, 4]), null, null, null, ...gates([4]), null, null, [1, 4], [1, 4]],
      attrs: { timeMajor: false, cellClip: 10, intermediates: [q16, q16, q16, q16, q8] },
    },
  ],
};

/** Operands of these operators that keep their values from call to call. */
const STATE: Readonly<Record<string, readonly number[]>> = { svdf: [4], lstm: [18, 19], stream: [1] };
/** Types of operands that the input's does not tell, by place. */
const DTYPES: Readonly<Record<string, Readonly<Record<number, DType>>>> = {
  svdf: { 2: 'i16', 4: 'i16' },
  lstm: { 18: 'i8', 19: 'i16' },
};
/** Types of outputs that are whole numbers. */
const COUNTED: Readonly<Record<string, DType>> = { argMax: 'i32', argMin: 'i32', cast: 'i32' };
const WEIGHTS: Readonly<Record<string, readonly number[]>> = { svdf: [1, 2, 3], lstm: [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 15] };

/** Operand 0 and others that are no weights are inputs. */
export function graphOf(op: string, { shapes, attrs }: Sample, dtype: DType): Graph {
  const row: AnyRow = OPS[op];
  const random = createRandom(1, `test/rows/${op}`);
  const tensors: Tensor[] = [];
  const inputs: number[] = [];
  const add = (shape: Shape, type: DType, constant: boolean, variable = false): number => {
    const bits = ({ i8: 8, i16: 16, i32: 32, i64: 64 } as const)[type as 'i8'];
    const same = row.outputRange === 'as-input' && tensors.length > 0 && type === dtype;
    const own = {
      bits,
      // an LSTM's cell asks for a power of two
      scales: [op === 'lstm' && type === 'i16' ? 2 ** -11 : Math.fround(0.02 + 0.01 * random.uniform())],
      zeros: [type === 'i8' && !constant ? 5 : 0],
      axis: null,
    };
    const quant = bits ? (same ? tensors[0].quant : own) : null;
    const data = constant ? newValues(type, sizeOf(shape)) : null;
    data?.forEach((_: unknown, i: number) => {
      const v = random.below(100) - 50;
      if (data instanceof BigInt64Array) data[i] = BigInt(v);
      else data[i] = type === 'f32' ? v / 32 : v;
    });
    const place =
      tensors.push({ name: `t${tensors.length}`, shape, dtype: type, data, quant, ...(variable ? { variable } : {}) }) - 1;
    if (!constant && !variable) inputs.push(place);
    return place;
  };
  const constants = WEIGHTS[op] ?? row.trainable;
  const operands = shapes.map((shape, i) => {
    if (!shape) return -1;
    const isConstant = constants.includes(i);
    if (dtype === 'f32') return add(shape, 'f32', isConstant, STATE[op]?.includes(i));
    const isBias = row.layer ? i === row.layer.bias : op in WEIGHTS && isConstant && shape.length === 1;
    const own = DTYPES[op]?.[i];
    const type = own ?? (isBias ? (dtype === 'i16' ? 'i64' : 'i32') : isConstant ? 'i8' : dtype);
    return add(shape, type, isConstant, STATE[op]?.includes(i));
  });
  const made = op === 'dequantize' ? 'f32' : (COUNTED[op] ?? dtype);
  const quant = made === 'f32' || op in COUNTED ? null : outputQuant(row, tensors[0].quant!);
  const outputs = row
    .infer(shapes, attrs)
    .map((shape) => tensors.push({ name: `y${tensors.length}`, shape, dtype: made, data: null, quant }) - 1);
  const name = tensors[outputs[0]].name;
  return { name: op, tensors, nodes: [{ name, op, inputs: operands, outputs, attrs }], inputs, outputs };
}

/** Samples of an operator and the types to try them with. */
export const samplesOf = (op: string): readonly Sample[] => SAMPLES[op] ?? INTEGER[op] ?? [];

/** TFLite knows no concatenation with an activation. */
export const isWritable = (op: string, { attrs }: Sample): boolean => op !== 'concat' || attrs.activation === 'none';

/** TFLite fixes the output's scale of softmax, logistic and tanh; the others get the input's. */
function outputQuant({ outputRange }: AnyRow, input: Quantization): Quantization {
  if (typeof outputRange === 'string') return input;
  const steps = 2 ** input.bits;
  const [low, high] = outputRange;
  const scale = input.bits === 16 ? 2 ** -15 : (high - low) / steps;
  return { ...input, scales: [scale], zeros: [input.bits === 16 ? 0 : -128 - low / scale] };
}
