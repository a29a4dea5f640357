import type { Format } from '../format.ts';

/** First field of a ModelProto (onnx.proto: 1 = ir_version, from 3 on) and the key of what may follow it. */
const isModel = ([key, version, next]: Uint8Array): boolean =>
  key === 0x08 && version > 2 && version < 32 && [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].includes(next);

/** Protocol buffers are loaded with the first file. */
export const onnx: Format = {
  name: 'onnx',
  about: 'an ONNX file',
  endings: ['.onnx'],
  recognize: isModel,
  read: async (bytes, options) => (await import('./read.ts')).readOnnx(bytes, options),
  write: async (graph, options) => (await import('./write.ts')).writeOnnx(graph, options),
};
