import type { Format } from '../format.ts';
import { writeTflite } from './export.ts';
import { readTflite } from './import.ts';
import { IDENTIFIER } from './schema.ts';

export { exportTflite } from './export.ts';
export { importTflite } from './import.ts';

export const tflite: Format = {
  name: 'tflite',
  about: 'a TensorFlow Lite file',
  endings: ['.tflite'],
  recognize: (bytes) => String.fromCharCode(...bytes.subarray(4, 8)) === IDENTIFIER,
  read: readTflite,
  write: writeTflite,
};
