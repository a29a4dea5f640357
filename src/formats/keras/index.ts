import { isHdf5, isZip } from '../../data/marks.ts';
import type { Format } from '../format.ts';

/** A zip archive with a configuration and weights; the names of its files are at its end. */
function isArchive(bytes: Uint8Array): boolean {
  const names = new TextDecoder('latin1').decode(bytes.subarray(-4096));
  return isZip(bytes) && names.includes('config.json') && /model\.weights|metadata\.json/.test(names);
}

export const keras: Format = {
  name: 'keras',
  about: 'a Keras file',
  endings: ['.keras', '.h5'],
  recognize: (bytes) => isHdf5(bytes) || isArchive(bytes),
  read: async (bytes) => (await import('./read.ts')).readKeras(bytes),
  write: null,
};
