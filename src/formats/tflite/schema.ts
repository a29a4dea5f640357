import type { StoredType } from '../values.ts';

/**
 * The part of TensorFlow Lite's schema.fbs (version 3) that Thumbnet reads and writes: field numbers, in the order in which
 * the tables declare them.
 */
export const IDENTIFIER = 'TFL3';
export const VERSION = 3;

export const MODEL = {
  version: 0,
  operatorCodes: 1,
  subgraphs: 2,
  description: 3,
  buffers: 4,
  metadata: 6,
  signatures: 7,
} as const;
export const METADATA = { name: 0, buffer: 1 } as const;
export const SIGNATURE = { inputs: 0, outputs: 1, key: 2, subgraph: 4 } as const;
export const TENSOR_MAP = { name: 0, tensor: 1 } as const;
export const OPERATOR_CODE = { shortCode: 0, customCode: 1, version: 2, code: 3 } as const;
export const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4 } as const;
export const TENSOR = {
  shape: 0,
  type: 1,
  buffer: 2,
  name: 3,
  quantization: 4,
  isVariable: 5,
  sparsity: 6,
  shapeSignature: 7,
} as const;
export const QUANTIZATION = { scale: 2, zeroPoint: 3, detailsType: 4, dimension: 6 } as const;
export const BUFFER = { data: 0, offset: 1, size: 2 } as const;
export const OPERATOR = {
  code: 0,
  inputs: 1,
  outputs: 2,
  optionsType: 3,
  options: 4,
  customOptions: 5,
  intermediates: 8,
} as const;

/** TensorType. Half floats are read as f32. */
export const TYPES: Readonly<Record<number, StoredType>> = {
  0: 'f32',
  1: 'f16',
  2: 'i32',
  3: 'u8',
  4: 'i64',
  6: 'bool',
  7: 'i16',
  9: 'i8',
  17: 'i4',
  18: 'bf16',
};
/** The TensorType of a handle of a variable. */
export const RESOURCE = 13;
export const TYPE_NAMES = (
  'FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64 RESOURCE VARIANT UINT32 UINT16 ' +
  'INT4 BFLOAT16'
).split(' ');

/** From this code on the byte of older files does not hold an operator's code. */
export const PLACEHOLDER = 127;
export const CUSTOM = 32;
export const DEQUANTIZE = 6;
export const CALL_ONCE = 129;
export const VAR_HANDLE = 142;
export const READ_VARIABLE = 143;
export const ASSIGN_VARIABLE = 144;

export interface OptionField {
  readonly id: number;
  readonly kind: 'i8' | 'bool' | 'i32' | 'f32' | 'i32s' | 'text';
  readonly otherwise?: number | boolean;
}

export interface OptionTable {
  /** Number in the union BuiltinOptions. */
  readonly type: number;
  readonly fields: Readonly<Record<string, OptionField>>;
}

const i8 = (id: number): OptionField => ({ id, kind: 'i8' });
const i32 = (id: number, otherwise = 0): OptionField => ({ id, kind: 'i32', otherwise });
const f32 = (id: number): OptionField => ({ id, kind: 'f32' });
const bool = (id: number, otherwise = false): OptionField => ({ id, kind: 'bool', otherwise });
const none = (type: number): OptionTable => ({ type, fields: {} });

const window = { padding: i8(0), stride_w: i32(1), stride_h: i32(2) };
const pool: OptionTable = {
  type: 5,
  fields: { ...window, filter_width: i32(3), filter_height: i32(4), fused_activation_function: i8(5) },
};

/** Options by BuiltinOperator code. */
export const OPTIONS: Readonly<Record<number, OptionTable>> = {
  0: { type: 11, fields: { fused_activation_function: i8(0), pot_scale_int16: bool(1, true) } },
  1: pool,
  2: { type: 10, fields: { axis: i32(0), fused_activation_function: i8(1) } },
  3: {
    type: 1,
    fields: {
      ...window,
      fused_activation_function: i8(3),
      dilation_w_factor: i32(4, 1),
      dilation_h_factor: i32(5, 1),
      quantized_bias_type: i8(6),
    },
  },
  4: {
    type: 2,
    fields: {
      ...window,
      depth_multiplier: i32(3),
      fused_activation_function: i8(4),
      dilation_w_factor: i32(5, 1),
      dilation_h_factor: i32(6, 1),
    },
  },
  5: { type: 94, fields: { block_size: i32(0) } },
  6: none(38),
  9: {
    type: 8,
    fields: { fused_activation_function: i8(0), weights_format: i8(1), keep_num_dims: bool(2), quantized_bias_type: i8(4) },
  },
  11: { type: 12, fields: { fused_activation_function: i8(0) } },
  14: none(0),
  17: pool,
  18: { type: 21, fields: { fused_activation_function: i8(0) } },
  19: none(0),
  20: none(0),
  21: none(0),
  22: { type: 17, fields: { new_shape: { id: 0, kind: 'i32s' } } },
  23: { type: 15, fields: { align_corners: bool(2), half_pixel_centers: bool(3) } },
  25: { type: 9, fields: { beta: f32(0) } },
  26: { type: 19, fields: { block_size: i32(0) } },
  27: { type: 6, fields: { rank: i32(0), fused_activation_function: i8(1) } },
  28: none(0),
  34: none(22),
  36: { type: 23, fields: { axis: i32(0), batch_dims: i32(1) } },
  37: none(24),
  38: none(25),
  39: none(26),
  40: { type: 27, fields: { keep_dims: bool(0) } },
  41: { type: 28, fields: { fused_activation_function: i8(0), pot_scale_int16: bool(1, true) } },
  42: { type: 29, fields: { fused_activation_function: i8(0) } },
  43: { type: 30, fields: { squeeze_dims: { id: 0, kind: 'i32s' } } },
  44: { type: 71, fields: { fused_activation_function: i8(0), cell_clip: f32(1), proj_clip: f32(2), time_major: bool(3) } },
  45: {
    type: 32,
    fields: {
      begin_mask: i32(0),
      end_mask: i32(1),
      ellipsis_mask: i32(2),
      new_axis_mask: i32(3),
      shrink_axis_mask: i32(4),
      offset: bool(5),
    },
  },
  47: none(33),
  49: { type: 35, fields: { num_splits: i32(0) } },
  50: none(36),
  53: { type: 37, fields: { in_data_type: i8(0), out_data_type: i8(1) } },
  54: none(0),
  55: none(39),
  56: { type: 40, fields: { output_type: i8(0) } },
  57: none(39),
  60: none(43),
  65: none(48),
  67: {
    type: 49,
    fields: { ...window, fused_activation_function: i8(3), quantized_bias_type: i8(4) },
  },
  69: none(51),
  70: none(52),
  74: { type: 27, fields: { keep_dims: bool(0) } },
  75: none(0),
  76: none(0),
  79: { type: 57, fields: { output_type: i8(0) } },
  82: { type: 27, fields: { keep_dims: bool(0) } },
  83: { type: 59, fields: { values_count: i32(0), axis: i32(1) } },
  88: { type: 64, fields: { num: i32(0), axis: i32(1) } },
  89: { type: 27, fields: { keep_dims: bool(0) } },
  97: { type: 74, fields: { align_corners: bool(0), half_pixel_centers: bool(1) } },
  98: { type: 75, fields: { alpha: f32(0) } },
  99: none(76),
  100: { type: 77, fields: { mode: i8(0) } },
  101: none(78),
  102: { type: 79, fields: { num_splits: i32(0) } },
  111: none(0),
  114: none(89),
  117: none(91),
  126: { type: 101, fields: { adj_x: bool(0), adj_y: bool(1) } },
  129: { type: 103, fields: { init_subgraph_index: i32(0) } },
  142: { type: 111, fields: { container: { id: 0, kind: 'text' }, shared_name: { id: 1, kind: 'text' } } },
  143: none(112),
  144: none(113),
  150: { type: 116, fields: { approximate: bool(0) } },
};

const BUILTINS = (
  'ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR ' +
  'FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM ' +
  'MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS ' +
  'SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND ' +
  'TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT ' +
  'LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL ' +
  'LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ' +
  'ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV ' +
  'REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS ' +
  'SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ' +
  'ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM ' +
  'BATCH_MATMUL PLACEHOLDER CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND ' +
  'HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS ' +
  'RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1'
).split(' ');

/** The operator's name in the schema. */
export const builtinName = (code: number): string => BUILTINS[code] ?? `builtin operator ${code}`;
