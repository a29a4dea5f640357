import { CompressError } from '../errors.ts';
import type { DType } from '../graph/graph.ts';
import { identityCell } from './float_cells.ts';
import { kernelCall } from './kernel_call.ts';
import { defineOp, type NoAttrs } from './op.ts';
import { keepChannels } from './shapes.ts';

/** TensorType of TFLite by type. */
const TENSOR_TYPES: Partial<Record<DType, number>> = { f32: 0, i32: 2, u8: 3, i64: 4, i16: 7, i8: 9 };

function tensorType(dtype: DType | null): number {
  const type = dtype && TENSOR_TYPES[dtype];
  if (type !== undefined && type !== null) return type;
  throw new CompressError(
    'unsupported',
    `a cast is not made for ${dtype}`,
    'cast between int8, uint8, int16, int32, int64 and float32',
  );
}

/** The same numbers as the type of the output. */
export const cast = defineOp<NoAttrs>({
  operands: 1,
  infer: ([x]) => [[...x!]],
  float: identityCell, // between floats it does nothing
  lower: ({ x: [x], y: [y] }) => {
    tensorType(x!.dtype);
    tensorType(y.dtype);
    return kernelCall('cast', 'any', { x: x!, y }, {});
  },
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'counted',
  fuses: null,
  channels: (_, x) => keepChannels(x),
  work: 'moves',
  tflite: {
    codes: [53],
    read: ({ inputs }) => ({ attrs: {}, inputs }),
    write: ({ inputs, dtype, outputDtype }) => ({
      code: 53,
      options: { in_data_type: tensorType(dtype(0)), out_data_type: tensorType(outputDtype(0)) },
      inputs,
    }),
  },
  axes: 'each',
  onnx: null, // the reader takes casts between floats as nothing
});
