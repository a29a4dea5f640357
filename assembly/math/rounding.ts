// How requantization rounds, for the whole engine: 0 = double rounding (CMSIS-NN's and TFLite's default),
// 1 = single rounding (CMSIS_NN_USE_SINGLE_ROUNDING). Fixed when the module is instantiated; kernels only read it.
// @ts-ignore: decorator
@external("env", "singleRounding")
export declare const singleRounding: i32;
