import { CompressError } from '../../errors.ts';
import type { FileGraph, FileOperator } from '../../formats/tflite/lower.ts';
import type { DType } from '../../graph/graph.ts';

/**
 * Operators that TensorFlow Lite Micro has kernels for, by code of the file: the method of its resolver that adds one, and the types of its
 * first operand that the kernel takes.
 *
 * Source: tflite-micro 90b983c2, micro_mutable_op_resolver.h and kernels/.
 */
interface Known {
  readonly add: string;
  readonly types: readonly DType[];
}

const S8: readonly DType[] = ['i8', 'f32'];
const BOTH: readonly DType[] = ['i8', 'i16', 'f32'];
const MOVED: readonly DType[] = ['i8', 'i16', 'u8', 'i32', 'i64', 'f32', 'bool'];

export const KNOWN: Readonly<Record<number, Known>> = {
  0: { add: 'Add', types: BOTH },
  1: { add: 'AveragePool2D', types: BOTH },
  2: { add: 'Concatenation', types: ['i8', 'i16', 'i32', 'i64', 'f32', 'bool'] },
  3: { add: 'Conv2D', types: BOTH },
  4: { add: 'DepthwiseConv2D', types: BOTH },
  5: { add: 'DepthToSpace', types: S8 },
  6: { add: 'Dequantize', types: ['i8', 'i16', 'u8'] },
  9: { add: 'FullyConnected', types: BOTH },
  11: { add: 'L2Normalization', types: S8 },
  14: { add: 'Logistic', types: BOTH },
  17: { add: 'MaxPool2D', types: BOTH },
  18: { add: 'Mul', types: BOTH },
  19: { add: 'Relu', types: BOTH },
  21: { add: 'Relu6', types: BOTH },
  22: { add: 'Reshape', types: MOVED },
  23: { add: 'ResizeBilinear', types: S8 },
  25: { add: 'Softmax', types: BOTH },
  26: { add: 'SpaceToDepth', types: S8 },
  27: { add: 'Svdf', types: S8 },
  28: { add: 'Tanh', types: BOTH },
  34: { add: 'Pad', types: BOTH },
  36: { add: 'Gather', types: S8 },
  37: { add: 'BatchToSpaceNd', types: S8 },
  38: { add: 'SpaceToBatchNd', types: S8 },
  39: { add: 'Transpose', types: ['i8', 'i16', 'f32'] },
  40: { add: 'Mean', types: BOTH },
  41: { add: 'Sub', types: BOTH },
  42: { add: 'Div', types: S8 },
  43: { add: 'Squeeze', types: MOVED },
  44: { add: 'UnidirectionalSequenceLSTM', types: BOTH },
  45: { add: 'StridedSlice', types: ['i8', 'i16', 'i32', 'f32', 'bool'] },
  47: { add: 'Exp', types: ['f32'] },
  49: { add: 'Split', types: BOTH },
  50: { add: 'LogSoftmax', types: S8 },
  53: { add: 'Cast', types: MOVED },
  54: { add: 'Prelu', types: S8 },
  55: { add: 'Maximum', types: ['i8', 'i16', 'i32', 'i64', 'u8', 'f32'] },
  56: { add: 'ArgMax', types: S8 },
  57: { add: 'Minimum', types: ['i8', 'i16', 'i32', 'i64', 'u8', 'f32'] },
  60: { add: 'PadV2', types: BOTH },
  65: { add: 'Slice', types: ['i8', 'i16', 'i32', 'f32', 'bool'] },
  67: { add: 'TransposeConv', types: BOTH },
  70: { add: 'ExpandDims', types: MOVED },
  73: { add: 'Log', types: ['f32'] },
  74: { add: 'Sum', types: BOTH },
  75: { add: 'Sqrt', types: ['f32'] },
  76: { add: 'Rsqrt', types: ['i8', 'i16', 'f32'] },
  79: { add: 'ArgMin', types: S8 },
  82: { add: 'ReduceMax', types: S8 },
  83: { add: 'Pack', types: MOVED },
  88: { add: 'Unpack', types: MOVED },
  89: { add: 'ReduceMin', types: S8 },
  97: { add: 'ResizeNearestNeighbor', types: BOTH },
  98: { add: 'LeakyRelu', types: BOTH },
  99: { add: 'SquaredDifference', types: BOTH },
  100: { add: 'MirrorPad', types: S8 },
  101: { add: 'Abs', types: BOTH },
  102: { add: 'SplitV', types: BOTH },
  111: { add: 'Elu', types: S8 },
  114: { add: 'Quantize', types: MOVED },
  117: { add: 'HardSwish', types: S8 },
  126: { add: 'BatchMatMul', types: BOTH },
  129: { add: 'CallOnce', types: MOVED },
  142: { add: 'VarHandle', types: MOVED },
  143: { add: 'ReadVariable', types: MOVED },
  144: { add: 'AssignVariable', types: MOVED },
};

/** The operators of a file, each once, in the order of their codes. @throws CompressError `unsupported` naming one that is not there */
export function operatorsOf(graphs: readonly FileGraph[]): Known[] {
  const used = new Map<number, Known>();
  for (const { tensors, operators } of graphs) {
    for (const operator of operators) used.set(operator.code, knownOf(operator, tensors));
  }
  return [...used].sort(([a], [b]) => a - b).map(([, known]) => known);
}

function knownOf({ code, inputs, outputs }: FileOperator, tensors: FileGraph['tensors']): Known {
  const known = KNOWN[code];
  const name = tensors[outputs[0]]?.name ?? '';
  const refuse = (what: string) =>
    new CompressError('unsupported', what, 'export it with --runtime thumbnet, which has every operator');
  if (!known) throw refuse(`"${name}": TensorFlow Lite Micro has no operator ${code} of the file`);
  const first = tensors[inputs[0]];
  if (first && !known.types.includes(first.dtype)) {
    throw refuse(`"${name}": ${known.add} of TensorFlow Lite Micro does not take ${first.dtype}`);
  }
  return known;
}
