import { CompressError } from '../../errors.ts';
import type { FileGraph, FileOperator } from '../../formats/tflite/lower.ts';
import type { DType } from '../../graph/graph.ts';

/**
 * Operators that TensorFlow Lite Micro has kernels for, by code of the file: the method of its resolver that adds one, and the types of its
 * data that the kernel takes.
 *
 * Source: tflite-micro 90b983c2, micro_mutable_op_resolver.h and kernels/.
 */
interface Known {
  readonly add: string;
  readonly types: readonly DType[];
}

/** Methods by code, of operators that take these types. */
const taking = (types: readonly DType[], methods: Readonly<Record<number, string>>): Record<number, Known> =>
  Object.fromEntries(Object.entries(methods).map(([code, add]) => [code, { add, types }]));

// biome-ignore format: a line for each few
const KNOWN: Readonly<Record<number, Known>> = {
  ...taking(['i8', 'i16', 'f32'], {
    0: 'Add', 1: 'AveragePool2D', 3: 'Conv2D', 4: 'DepthwiseConv2D', 9: 'FullyConnected', 14: 'Logistic', 17: 'MaxPool2D',
    18: 'Mul', 19: 'Relu', 21: 'Relu6', 25: 'Softmax', 28: 'Tanh', 34: 'Pad', 39: 'Transpose', 40: 'Mean', 41: 'Sub',
    44: 'UnidirectionalSequenceLSTM', 49: 'Split', 60: 'PadV2', 67: 'TransposeConv', 74: 'Sum', 76: 'Rsqrt',
    97: 'ResizeNearestNeighbor', 98: 'LeakyRelu', 99: 'SquaredDifference', 101: 'Abs', 102: 'SplitV', 126: 'BatchMatMul',
  }),
  ...taking(['i8', 'f32'], {
    5: 'DepthToSpace', 11: 'L2Normalization', 23: 'ResizeBilinear', 26: 'SpaceToDepth', 27: 'Svdf', 36: 'Gather',
    37: 'BatchToSpaceNd', 38: 'SpaceToBatchNd', 42: 'Div', 50: 'LogSoftmax', 54: 'Prelu', 56: 'ArgMax', 79: 'ArgMin',
    82: 'ReduceMax', 89: 'ReduceMin', 100: 'MirrorPad', 111: 'Elu', 117: 'HardSwish',
  }),
  ...taking(['i8', 'i16', 'u8', 'i32', 'i64', 'f32', 'bool'], {
    22: 'Reshape', 43: 'Squeeze', 53: 'Cast', 70: 'ExpandDims', 83: 'Pack', 88: 'Unpack', 114: 'Quantize', 129: 'CallOnce',
    142: 'VarHandle', 143: 'ReadVariable', 144: 'AssignVariable',
  }),
  ...taking(['f32'], { 47: 'Exp', 73: 'Log', 75: 'Sqrt' }),
  ...taking(['i8', 'i16', 'i32', 'f32', 'bool'], { 45: 'StridedSlice', 65: 'Slice' }),
  ...taking(['i8', 'i16', 'i32', 'i64', 'u8', 'f32'], { 55: 'Maximum', 57: 'Minimum' }),
  ...taking(['i8', 'i16', 'i32', 'i64', 'f32', 'bool'], { 2: 'Concatenation' }),
  ...taking(['i8', 'i16', 'u8'], { 6: 'Dequantize' }),
};

/** The place of the data, where other operands stand before it: SPLIT's axis, TRANSPOSE_CONV's output shape and weights. */
const DATA: Readonly<Record<number, number>> = { 49: 1, 67: 2 };

/** The operators of a file, each once, in the order of their codes. @throws CompressError `unsupported` naming one that is not there */
export function operatorsOf(graphs: readonly FileGraph[]): Known[] {
  const used = new Map<number, Known>();
  for (const { tensors, operators } of graphs) {
    for (const operator of operators) used.set(operator.code, knownOf(operator, tensors));
  }
  return [...used].sort(([a], [b]) => a - b).map(([, known]) => known);
}

function knownOf({ code, inputs, outputs, options }: FileOperator, tensors: FileGraph['tensors']): Known {
  const known = KNOWN[code];
  const name = tensors[outputs[0]]?.name ?? '';
  const refuse = (what: string) =>
    new CompressError('unsupported', what, 'export it with --runtime thumbnet, which has every operator');
  if (!known) throw refuse(`"${name}": TensorFlow Lite Micro has no operator ${code} of the file`);
  const first = tensors[inputs[DATA[code] ?? 0]];
  if (first && !known.types.includes(first.dtype)) {
    throw refuse(`"${name}": ${known.add} of TensorFlow Lite Micro does not take ${first.dtype}`);
  }
  if (code === 67 && Number(options.fused_activation_function)) {
    throw refuse(`"${name}": TransposeConv of TensorFlow Lite Micro leaves out the activation behind it`);
  }
  // arm_convolve_s16 takes the filter to be as deep as the input
  if (code === 3 && first.dtype === 'i16' && first.shape[3] !== tensors[inputs[1]].shape[3]) {
    throw refuse(`"${name}": Conv2D of TensorFlow Lite Micro with CMSIS-NN computes int16 without groups`);
  }
  return known;
}
