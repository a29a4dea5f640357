import { CompressError } from '../errors.ts';
import type { FileModel, Format, ReadOptions } from './format.ts';
import { keras } from './keras/index.ts';
import { onnx } from './onnx/index.ts';
import { tflite } from './tflite/index.ts';

export type { FileModel, Format, ReadOptions, WriteOptions, Written } from './format.ts';

/** The table: one line per format. */
export const FORMATS: readonly Format[] = [tflite, onnx, keras];

/** The ends of file names of all formats, as help and messages list them. */
export const ENDINGS = FORMATS.flatMap((f) => f.endings).join(', ');

/**
 * Reads a model file of any format of the table; its bytes decide which.
 *
 * @throws CompressError `bad-file` or `unsupported`, with what the file is instead
 */
export function readFile(bytes: Uint8Array, options: ReadOptions = {}): FileModel | Promise<FileModel> {
  if (bytes.length === 0) throw new CompressError('bad-file', 'the model file is empty', `give a complete file: ${ENDINGS}`);
  const format = FORMATS.find((f) => f.recognize(bytes));
  if (format) return format.read(bytes, options);
  return refuse(bytes);
}

/** Says what the bytes are instead of a model. */
async function refuse(bytes: Uint8Array): Promise<never> {
  const { foreignKind } = await import('./recognize.ts');
  const kind = foreignKind(bytes);
  if (kind) throw new CompressError('unsupported', `this is ${kind.what}, and models are read from ${ENDINGS} files`, kind.fix);
  throw new CompressError('bad-file', `its bytes are not those of a model (${ENDINGS} are known)`, 'give a complete model file');
}
