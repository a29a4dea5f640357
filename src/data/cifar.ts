/** CIFAR-10's binary version. Source: "The CIFAR-10 dataset", cs.toronto.edu/~kriz/cifar.html: label, then 32x32 red, green, blue. */
import { CompressError } from '../errors.ts';
import { empty } from './arrays.ts';
import type { RawPart } from './raw.ts';

const PIXELS = 32 * 32;
const RECORD = 1 + 3 * PIXELS;

export const isCifarName = (name: string): boolean => /^(data_batch_\d+|test_batch)\.bin$/.test(name);

/** x u8 [count, 32, 32, 3] */
export function readCifar(bytes: Uint8Array, name: string): RawPart {
  if (bytes.length === 0) throw empty(name);
  if (bytes.length % RECORD) {
    throw new CompressError(
      'bad-file',
      `${name} is no CIFAR-10 batch: its ${bytes.length} bytes are not whole records of ${RECORD}`,
      'copy it again if it was cut short; other binary data must be saved as .npz with arrays x and y',
    );
  }
  const count = bytes.length / RECORD;
  const x = new Uint8Array(count * 3 * PIXELS);
  const y = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const from = i * RECORD;
    y[i] = bytes[from];
    if (y[i] > 9) {
      throw new CompressError(
        'bad-file',
        `${name} is no CIFAR-10 batch: label ${y[i]} of example ${i} is above 9`,
        'copy or download it again',
      );
    }
    for (let p = 0; p < PIXELS; p++) {
      for (let c = 0; c < 3; c++) x[(i * PIXELS + p) * 3 + c] = bytes[from + 1 + c * PIXELS + p];
    }
  }
  return { inputs: [x], info: [{ name: 'x', shape: [32, 32, 3] }], y, count, where: name, files: [name] };
}
