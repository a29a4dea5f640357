// The kernels of int8 products, which both modules have.
export { fully_connected_packed_s8, fully_connected_pack_s8, fully_connected_scratch_s8, fully_connected_s8 } from "./int/fully_connected_s8";
export { conv_packed_s8, conv_pack_s8, conv_scratch_s8, conv_s8 } from "./int/conv_s8";
export {
  depthwise_conv_packed_s8, depthwise_conv_pack_s8, depthwise_conv_scratch_s8, depthwise_conv_s8,
} from "./int/depthwise_conv_s8";
export {
  transpose_conv_packed_s8, transpose_conv_pack_s8, transpose_conv_scratch_s8, transpose_conv_s8,
} from "./int/transpose_conv_s8";
