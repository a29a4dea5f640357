/** What bytes that are no model are, by their first ones. */

/** File identifier of a FlatBuffer with TensorFlow Lite's schema. */
const TFL3 = [0x54, 0x46, 0x4c, 0x33];

const starts = (bytes: Uint8Array, mark: readonly number[]): boolean => mark.every((b, i) => bytes[i] === b);

/** First field of an ONNX ModelProto (onnx.proto: 1 = ir_version, a small number) and the key of what may follow it. */
const isOnnx = ([key, version, next]: Uint8Array): boolean =>
  key === 0x08 && version > 0 && version < 32 && [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].includes(next);

/** The name of another format that models come in, or null. */
export function otherFormat(bytes: Uint8Array): string | null {
  if (starts(bytes.subarray(4), TFL3)) return null;
  if (starts(bytes, [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a])) return 'an HDF5 file (Keras .h5)';
  if (starts(bytes, [0x50, 0x4b, 0x03, 0x04]) || starts(bytes, [0x50, 0x4b, 0x05, 0x06]))
    return 'a zip archive (.keras, .npz, .pt)';
  if (starts(bytes, [0x1f, 0x8b])) return 'a gzip file';
  return isOnnx(bytes) ? 'an ONNX model' : null;
}
