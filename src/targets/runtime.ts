/**
 * What runs the network on the chip: the C that `export --format c` writes (`thumbnet`), C that calls CMSIS-NN (`cmsis-nn`), or TFLite Micro
 * with CMSIS-NN, which runs a `.tflite` as it is (`tflm`).
 */
export const RUNTIMES = ['thumbnet', 'cmsis-nn', 'tflm'] as const;
export type Runtime = (typeof RUNTIMES)[number];
