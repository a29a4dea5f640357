// The export list: one line per kernel file.
export * from "./heap";
export * from "./int/fully_connected_s8";
export * from "./float/gemm_f32";
export * from "./float/conv_f32";
export * from "./float/conv_grad_f32";
export * from "./float/math_f32";
