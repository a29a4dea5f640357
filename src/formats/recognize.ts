/** What a file that is no model of ours is instead, and how a model comes from it. */
interface Kind {
  readonly what: string;
  readonly fix: string;
  /** @param text the first bytes as Latin-1 characters */
  is(bytes: Uint8Array, text: string): boolean;
}

const LOOKED_AT = 64 * 1024;

const TORCH_EXPORT = `export it in Python:
    model.load_state_dict(torch.load('model.pt'))
    model.eval()
    torch.onnx.export(model, torch.zeros(1, 3, 32, 32), 'model.onnx')   # with the shape of your own input`;

export const TO_TFLITE = "convert it in Python: tf.lite.TFLiteConverter.from_saved_model('folder').convert()";

const starts = (bytes: Uint8Array, ...mark: readonly number[]): boolean => mark.every((b, i) => bytes[i] === b);

const isZip = (bytes: Uint8Array): boolean => starts(bytes, 0x50, 0x4b, 3, 4) || starts(bytes, 0x50, 0x4b, 5, 6);

/** The list of an archive's files stands at its end, before a comment of at most 64 KiB. */
const hasZipEnd = (bytes: Uint8Array): boolean =>
  new TextDecoder('latin1').decode(bytes.subarray(Math.max(0, bytes.length - LOOKED_AT - 22))).includes('PK\x05\x06');

/** SavedModel (saved_model.proto): field 1 is the number 1, field 2 holds all the rest. */
const isSavedModel = (bytes: Uint8Array, text: string): boolean =>
  starts(bytes, 0x08, 0x01, 0x12) && /serve|saved_model|tensorflow/i.test(text);

/** The first line that fits is reported. */
const KINDS: readonly Kind[] = [
  {
    what: 'a pointer of Git LFS, not the file itself',
    fix: 'run `git lfs pull` in its repository, or download the file itself',
    is: (_, text) => text.startsWith('version https://git-lfs.github.com/spec/'),
  },
  {
    what: 'a web page (HTML)',
    fix: 'download the file itself: on GitHub by its "raw" link',
    is: (_, text) => /^\s*<(!doctype html|html|head|body)/i.test(text),
  },
  {
    what: 'a model as a C array',
    fix: "give the file that it was made from, or turn it back: `grep -o '0x[0-9a-fA-F]\\{2\\}' FILE | xxd -r -p > model.tflite`",
    is: (_, text) => /\b(char|u?int8_t)\b[^;]*\[[^\]]*\][^;]*=\s*\{\s*0x/.test(text),
  },
  {
    what: 'a TorchScript or PyTorch file',
    fix: TORCH_EXPORT,
    is: (bytes, text) => isZip(bytes) && /\/(data|constants)\.pkl/.test(text),
  },
  {
    what: 'a Python pickle (PyTorch, scikit-learn)',
    fix: TORCH_EXPORT,
    is: ([first, protocol]) => first === 0x80 && protocol >= 2 && protocol <= 5,
  },
  { what: 'a safetensors file: weights without a network', fix: TORCH_EXPORT, is: (_, text) => /^.{7}\0\{"/s.test(text) },
  { what: 'a SavedModel of TensorFlow', fix: TO_TFLITE, is: isSavedModel },
  {
    what: 'a frozen graph of TensorFlow 1',
    fix: 'convert it in Python: tf.compat.v1.lite.TFLiteConverter.from_frozen_graph(...).convert()',
    is: (bytes, text) => bytes[0] === 0x0a && /Placeholder|Const/.test(text.slice(0, 4096)),
  },
  {
    what: 'a TensorFlow.js model',
    fix: 'give the Keras model or SavedModel it was converted from',
    is: (_, text) => /^\s*\{/.test(text) && /"modelTopology"|"layers-model"|"graph-model"/.test(text),
  },
  {
    what: 'the configuration of a Keras model, without its weights',
    fix: "save the whole model in Python: model.save('model.keras')",
    is: (_, text) => /^\s*\{/.test(text) && /"class_name"/.test(text),
  },
  {
    what: 'a GGUF file (a language model)',
    fix: 'language models do not fit microcontrollers: give a small network',
    is: (_, text) => text.startsWith('GGUF'),
  },
  {
    what: 'a model in the ORT format',
    fix: 'give the .onnx file it was made from',
    is: (_, text) => text.slice(4, 8) === 'ORTM',
  },
  {
    what: 'an OpenVINO model',
    fix: 'give the model it was converted from',
    is: (_, text) => /^\s*<\?xml/.test(text) && /<net\b/.test(text),
  },
  { what: 'a data set (.npz)', fix: 'give it with --data', is: (bytes, text) => isZip(bytes) && /\.npy/.test(text) },
  { what: 'a NumPy array (.npy)', fix: 'give it as data', is: (_, text) => text.startsWith('\x93NUMPY') },
  {
    what: 'a zip archive without its end (a .keras file, perhaps)',
    fix: 'it is not complete: copy or download it again',
    is: (bytes) => isZip(bytes) && !hasZipEnd(bytes),
  },
  { what: 'a zip archive', fix: 'unpack it and give the model inside', is: isZip },
  { what: 'a gzip file', fix: 'unpack it with gunzip', is: (bytes) => starts(bytes, 0x1f, 0x8b) },
  { what: 'a tar archive', fix: 'unpack it and give the model inside', is: (_, text) => text.slice(257, 262) === 'ustar' },
];

/** What the bytes are that no format of the table recognizes; null where that is unknown. */
export function foreignKind(bytes: Uint8Array): { what: string; fix: string } | null {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, LOOKED_AT));
  // names of a zip archive's files are at its end too
  const end = new TextDecoder('latin1').decode(bytes.subarray(Math.max(0, bytes.length - LOOKED_AT)));
  return KINDS.find((kind) => kind.is(bytes, text) || (isZip(bytes) && kind.is(bytes, end))) ?? null;
}
