import { isZip } from '../../data/zip.ts';
import type { Format } from '../format.ts';
import { readKeras } from './read.ts';

const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** The names of a zip archive's files stand at its end. */
const names = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes.subarray(-4096));

export const keras: Format = {
  name: 'keras',
  about: 'a Keras file',
  endings: ['.keras', '.h5'],
  recognize: (bytes) =>
    HDF5.every((b, i) => bytes[i] === b) ||
    (isZip(bytes) && names(bytes).includes('config.json') && /model\.weights|metadata\.json/.test(names(bytes))),
  read: readKeras,
  write: null,
};
