/**
 * What runs the network on the chip: C that Thumbnet writes on kernels like CMSIS-NN's (`thumbnet`), C that calls CMSIS-NN
 * (`cmsis-nn`), or TFLite Micro with CMSIS-NN (`tflm`).
 */
export const RUNTIMES = ['thumbnet', 'cmsis-nn', 'tflm'] as const;
export type Runtime = (typeof RUNTIMES)[number];
