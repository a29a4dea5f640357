import type { FileModel, Format } from '../format.ts';
import { hasFilesBehind } from './attachments.ts';
import { readTflite } from './import.ts';
import { IDENTIFIER } from './schema.ts';

export { exportTflite } from './export.ts';
export { importTflite } from './import.ts';

export const tflite: Format = {
  name: 'tflite',
  about: 'a TensorFlow Lite file',
  endings: ['.tflite'],
  recognize: (bytes) => String.fromCharCode(...bytes.subarray(4, 8)) === IDENTIFIER,
  read: (bytes) => (hasFilesBehind(bytes) ? readWithFiles(bytes) : readTflite(bytes)),
  write: async (graph) => (await import('./export.ts')).writeTflite(graph),
};

async function readWithFiles(bytes: Uint8Array): Promise<FileModel> {
  const { filesBehind } = await import('./archive.ts');
  return readTflite(bytes, filesBehind(bytes));
}
