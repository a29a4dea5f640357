/** Compressed containers: gzip files and zip archives (.npz), every checksum verified. */

import { gunzipSync, unzipSync } from 'fflate';
import { crc32 } from '../digest.ts';
import { CompressError } from '../errors.ts';

const copyAgain = 'it was probably cut short or damaged on its way: copy or download it again';

/** Deflate never shrinks below 1/1032 (zlib's documentation): a larger claim is not true, and would only waste memory. */
export const MOST_DENSE = 1032;

/** The content of a gzip file of one member. */
export function gunzip(bytes: Uint8Array, name: string): Uint8Array {
  const bad = (why: string) => new CompressError('bad-file', `${name} is damaged: ${why}`, copyAgain);
  if (bytes.length < 18) throw bad('it is too short for gzip');
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  if (trailer.getUint32(4, true) > MOST_DENSE * bytes.length) throw bad('its length does not agree with its end');
  const content = attempt(() => gunzipSync(bytes), bad);
  if (crc32(content) !== trailer.getUint32(0, true)) throw bad('its checksum does not agree');
  return content;
}

/** The files of a zip archive that `wanted` names. */
export function unzip(bytes: Uint8Array, name: string, wanted: (file: string) => boolean): Map<string, Uint8Array> {
  const bad = (why: string) => new CompressError('bad-file', `${name} is damaged: ${why}`, copyAgain);
  const filter = (file: { name: string; originalSize: number; size: number; compression: number }) => {
    if (!wanted(file.name)) return false;
    if (file.compression && file.compression !== DEFLATE) throw otherwiseCompressed(name, file);
    const limit = file.compression ? MOST_DENSE * (file.size + 1) : file.size;
    if (file.originalSize > limit || file.size > bytes.length) throw bad(`the size of ${file.name} is impossible`);
    return true;
  };
  const files = attempt(() => unzipSync(bytes, { filter }), bad);
  const sums = attempt(() => checksums(bytes), bad);
  for (const [file, content] of Object.entries(files)) {
    if (crc32(content) !== sums.get(file)) throw bad(`the checksum of ${file} does not agree`);
  }
  return new Map(Object.entries(files));
}

export const DEFLATE = 8;
/** PKWARE APPNOTE 6.3.10, section 4.4.5. */
const METHODS: Readonly<Record<number, string>> = { 9: 'Deflate64', 12: 'bzip2', 14: 'LZMA', 93: 'Zstandard', 95: 'xz' };

export function otherwiseCompressed(name: string, file: { name: string; compression: number }): CompressError {
  const method = METHODS[file.compression] ?? `method ${file.compression}`;
  return new CompressError(
    'unsupported',
    `${file.name} in ${name} is compressed by ${method}, which is not read`,
    'write it again with numpy.savez_compressed',
  );
}

/** The names in a zip archive. */
export function zipNames(bytes: Uint8Array, name: string): string[] {
  const names: string[] = [];
  unzip(bytes, name, (file) => names.push(file) < 0);
  return names;
}

/** fflate reports damage by its own errors, and some damage by reading outside an array. */
function attempt<T>(work: () => T, bad: (why: string) => CompressError): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CompressError) throw error;
    throw bad(error instanceof Error ? error.message : String(error));
  }
}

/** CRC-32 of each file as the archive's central directory states it (PKWARE APPNOTE 6.3.10, section 4.3.12). */
function checksums(bytes: Uint8Array): Map<string, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sums = new Map<string, number>();
  let end = bytes.length - 22;
  while (end > 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  let at = view.getUint32(end + 16, true);
  if (at === 0xffffffff) at = Number(view.getBigUint64(Number(view.getBigUint64(end - 12, true)) + 48, true)); // zip64
  while (at + 46 <= bytes.length && view.getUint32(at, true) === 0x02014b50) {
    const length = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length));
    sums.set(name, view.getUint32(at + 16, true));
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return sums;
}
