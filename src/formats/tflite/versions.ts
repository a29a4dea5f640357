import type { DType } from '../../graph/graph.ts';
import type { TfliteOptions } from '../../ops/index.ts';

/** What the version of an operator depends on. */
export interface Signature {
  readonly code: number;
  readonly options: TfliteOptions;
  /** By the file's places of operands; null where one is left out. */
  readonly dtypes: readonly (DType | null)[];
  readonly shapes: readonly (readonly number[] | null)[];
  /** null where there is none. */
  readonly output: DType | null;
  /** Product of the inputs' scales by the output's, where all have one. */
  readonly rescale: number;
}

/** Versions for int8 and int16 input, of operators for which nothing else matters. */
const BY_TYPE: Readonly<Record<number, readonly [number, number]>> = {
  0: [2, 3],
  1: [2, 3],
  2: [2, 3],
  5: [2, 2],
  6: [2, 3],
  14: [2, 3],
  17: [2, 3],
  19: [2, 3],
  21: [2, 3],
  25: [2, 3],
  26: [2, 2],
  27: [3, 3],
  28: [2, 3],
  34: [2, 3],
  36: [2, 4],
  39: [2, 5],
  40: [2, 3],
  41: [2, 5],
  44: [1, 5],
  45: [2, 4],
  47: [2, 2],
  49: [2, 4],
  55: [2, 4],
  57: [2, 4],
  60: [2, 3],
  65: [2, 4],
  69: [3, 3],
  74: [2, 3],
  76: [2, 2],
  82: [2, 3],
  83: [2, 4],
  88: [2, 4],
  89: [2, 3],
  98: [1, 2],
  99: [2, 2],
  100: [2, 3],
  101: [2, 2],
  102: [2, 2],
  111: [2, 2],
  126: [2, 3],
  150: [2, 2],
};

/**
 * The first version of an operator that does what a file asks for, so that every interpreter that can run it takes it.
 * Source: tensorflow/lite/tools/versioning/op_version.cc.
 */
export function operatorVersion(s: Signature): number {
  const special = SPECIAL[s.code];
  if (special) return special(s);
  const [i8, i16] = BY_TYPE[s.code] ?? [1, 1];
  // an input that is a constant index comes first in a split
  const dtype = s.code === 49 ? s.dtypes[1] : s.dtypes[0];
  return dtype === 'i8' ? i8 : dtype === 'i16' ? i16 : 1;
}

const isGrouped = ({ shapes: [x, w] }: Signature) => x![3] !== w![3];

const SPECIAL: Readonly<Record<number, (s: Signature) => number>> = {
  // CONV_2D
  3(s) {
    if (s.options.quantized_bias_type) return 8;
    if (isGrouped(s)) return 6;
    return s.dtypes[0] !== 'i8' ? 1 : s.dtypes[1] === 'i4' ? 7 : 3;
  },
  // DEPTHWISE_CONV_2D
  4(s) {
    if (s.dtypes[0] === 'i8') return s.dtypes[1] === 'i4' ? 7 : 3;
    return s.options.dilation_w_factor !== 1 || s.options.dilation_h_factor !== 1 ? 2 : 1;
  },
  // FULLY_CONNECTED
  9(s) {
    if (s.options.quantized_bias_type) return 11;
    if (s.dtypes[1] === 'i4') return 10;
    if (s.dtypes.length === 2) return 6;
    if (s.options.keep_num_dims) return 5;
    return s.dtypes[0] === 'i8' ? 4 : 1;
  },
  // MUL
  18: (s) => (s.dtypes[0] === 'i16' ? 4 : s.rescale >= 1 ? 3 : s.dtypes[0] === 'i8' ? 2 : 1),
  // RESIZE_BILINEAR
  23: (s) => (s.dtypes[0] === 'i16' ? 4 : s.options.half_pixel_centers ? 3 : s.dtypes[0] === 'i8' ? 2 : 1),
  // TRANSPOSE_CONV
  67(s) {
    if (s.options.quantized_bias_type) return 5;
    if (s.options.fused_activation_function) return 4;
    return s.dtypes.length === 4 ? 3 : s.dtypes[1] === 'i8' ? 2 : 1;
  },
  // RESIZE_NEAREST_NEIGHBOR
  97: (s) =>
    s.dtypes[0] === 'i16' ? 4 : s.options.half_pixel_centers || s.options.align_corners ? 3 : s.dtypes[0] === 'i8' ? 2 : 1,
  // QUANTIZE
  114: (s) => (s.output === 'i16' ? 2 : 1),
};
