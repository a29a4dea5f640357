// The export list: one line per kernel file.
export * from "./heap";
export * from "./int/fully_connected_s8";
export * from "./float/gemm_f32";
