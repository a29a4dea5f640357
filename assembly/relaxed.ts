// The second module, built with relaxed SIMD: int8 kernels whose dots take 16 products. It works in the first one's memory.
export * from "./int/relaxed_probe";
export * from "./int8";
