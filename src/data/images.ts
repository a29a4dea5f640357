/** PNG, JPEG, BMP and GIF pictures, brought to one size and number of channels. */
import { convertIndexedToRgb, decode as decodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { CompressError } from '../errors.ts';
import { host } from '../host/node.ts';
import type { Entry } from './entries.ts';
import type { Files } from './files.ts';
import type { Picture, Unused } from './pixels.ts';
import { listed, type RawPart, type Reading } from './raw.ts';
import { type Resizing, resizePicture, resizingOf } from './resize.ts';
import type { WebpDecoder } from './webp.ts';

/** What is said of files with what is not used. */
const UNUSED: Readonly<Record<Unused, string>> = {
  transparency: 'transparency is not used',
  frames: 'only the first frame is used',
  turn: 'pictures are taken as they are stored, and not turned as their EXIF says',
  bits: 'of 16 bits the upper 8 are used',
};

/**
 * @param entries pictures, in order; without a model they have 3 channels when any has colour
 * @throws CompressError `bad-file`, or `shape-mismatch` naming the first picture of another size where none is to be resized
 */
export async function readImages(files: Files, entries: readonly Entry[], reading: Reading): Promise<RawPart> {
  const resizing = resizingOf(reading);
  const pictures: Picture[] = [];
  const without = Object.fromEntries(Object.keys(UNUSED).map((what) => [what, [] as string[]])) as Record<Unused, string[]>;
  let resized = 0;
  for (const { path } of entries) {
    const picture = await decode(await files.read(path), path);
    checkSize(picture, path, pictures[0], entries[0].path, resizing);
    for (const what of picture.without ?? []) without[what].push(path);
    pictures.push(resizing ? resizePicture(picture, resizing) : picture);
    if (pictures.at(-1) !== picture) resized++;
  }
  const { notes } = reading;
  if (resized) notes.push(`${resized} of ${entries.length} pictures resized (${resizing!.how})`);
  for (const [what, paths] of Object.entries(without) as [Unused, string[]][])
    if (paths.length) notes.push(`${UNUSED[what]}: ${listed(paths)}`);
  const { width, height } = pictures[0];
  const depth = reading.channels ?? (pictures.some((p) => p.channels === 3) ? 3 : 1);
  if (depth !== 1 && depth !== 3) {
    throw new CompressError(
      'shape-mismatch',
      `pictures have 1 or 3 channels but the model wants ${depth}`,
      'save the examples as .npz with arrays x and y',
    );
  }
  const coloured = depth === 1 ? pictures.filter((p) => p.channels === 3).length : 0;
  if (coloured) notes.push(`${coloured} of ${entries.length} pictures have colour, and become grey`);
  const size = width * height * depth;
  const x = new Uint8Array(pictures.length * size);
  for (const [i, picture] of pictures.entries()) x.set(withChannels(picture, depth), i * size);
  const isGrouped = entries.some((e) => e.group !== null);
  return {
    inputs: [x],
    info: [{ name: 'x', shape: [height, width, depth] }],
    y: null,
    ...(entries.every((e) => e.label !== null) && { words: entries.map((e) => e.label!) }),
    ...(isGrouped && { groupNames: entries.map((e) => e.group ?? e.path) }),
    origin: (i) => entries[i].path,
    count: pictures.length,
    where: files.name,
    files: entries.map((e) => e.path),
  };
}

function checkSize(
  picture: Picture,
  path: string,
  first: Picture | undefined,
  firstPath: string,
  resizing: Resizing | null,
): void {
  if (resizing || !first || (picture.width === first.width && picture.height === first.height)) return;
  throw new CompressError(
    'shape-mismatch',
    `${path} is ${picture.width}x${picture.height} but ${firstPath} is ${first.width}x${first.height}`,
    'bring all pictures to the size that the model takes, or add --resize crop, pad or stretch',
  );
}

/** The picture in a PNG, JPEG, BMP, GIF (its first frame) or WebP; transparency is dropped, 16 bits are cut to 8. */
export async function decode(bytes: Uint8Array, path: string): Promise<Picture> {
  const decodeWebp = isWebp(bytes) ? await webpDecoder(path) : null;
  try {
    if (decodeWebp) return (await import('./webp.ts')).fromWebp(bytes, decodeWebp);
    if (bytes[0] === 0x42 && bytes[1] === 0x4d) return (await import('./bmp.ts')).fromBmp(bytes);
    if (bytes[0] === 0x47 && bytes[1] === 0x49) return (await import('./gif.ts')).fromGif(bytes);
    if (bytes[0] === 0x89) return fromPng(bytes);
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return fromJpeg(bytes);
    throw new Error('its first bytes are those of none of them');
  } catch (error) {
    const why = error instanceof RangeError ? 'it is cut short' : error instanceof Error ? error.message : String(error);
    throw new CompressError(
      'bad-file',
      `${path} is not a readable PNG, JPEG, BMP, GIF or WebP: ${why}`,
      'open and save it again, or remove it',
    );
  }
}

/** @throws CompressError `unsupported` where none is installed */
async function webpDecoder(path: string): Promise<WebpDecoder> {
  const found = await host.node?.webp().catch(() => null);
  if (found) return found.decode;
  throw new CompressError(
    'unsupported',
    `${path} is WebP, and nothing here decodes it`,
    host.node
      ? 'install the decoder beside Thumbnet: npm install @cwasm/webp; or convert it: dwebp in.webp -o out.png'
      : 'convert it to PNG',
  );
}

const isWebp = (bytes: Uint8Array): boolean =>
  String.fromCharCode(...bytes.subarray(0, 4)) === 'RIFF' && String.fromCharCode(...bytes.subarray(8, 12)) === 'WEBP';

function fromPng(bytes: Uint8Array): Picture {
  const image = decodePng(bytes, { checkCrc: true });
  const { width, height, depth, palette } = image;
  let data: ArrayLike<number> = image.data;
  let stored = image.channels;
  if (palette) {
    data = convertIndexedToRgb(image);
    stored = data.length / (width * height);
  } else if (depth < 8) {
    data = unpackBits(image.data as Uint8Array, width, height, depth);
  }
  const channels = stored < 3 ? 1 : 3;
  const pixels = new Uint8Array(width * height * channels);
  const shift = depth === 16 ? 8 : 0;
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < channels; c++) pixels[p * channels + c] = data[p * stored + c] >> shift;
  }
  let hasAlpha = false;
  if (stored > channels) for (let p = stored - 1; p < data.length; p += stored) hasAlpha ||= data[p] >> shift < 255;
  // 8 bits that were stretched to 16 have the same byte twice.
  let isDeep = false;
  if (depth === 16) for (let i = 0; i < data.length && !isDeep; i++) isDeep = data[i] >> 8 !== (data[i] & 255);
  const without: Unused[] = [...(hasAlpha ? ['transparency' as const] : []), ...(isDeep ? ['bits' as const] : [])];
  return { width, height, channels, pixels, ...(without.length && { without }) };
}

/** Grey of 1, 2 or 4 bits, rows padded to bytes, stretched to 0..255. */
function unpackBits(data: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const row = Math.ceil((width * depth) / 8);
  const highest = (1 << depth) - 1;
  return Uint8Array.from({ length: width * height }, (_, p) => {
    const bit = (p % width) * depth;
    const byte = data[Math.floor(p / width) * row + (bit >> 3)];
    return (((byte >> (8 - depth - (bit & 7))) & highest) * 255) / highest;
  });
}

function fromJpeg(bytes: Uint8Array): Picture {
  const { width, height, data } = jpeg.decode(bytes, { useTArray: true, formatAsRGBA: false, tolerantDecoding: false });
  const { components, isTurned } = jpegHeader(bytes);
  const turn = isTurned && { without: ['turn' as const] };
  if (components !== 1) return { width, height, channels: 3, pixels: data, ...turn };
  const pixels = Uint8Array.from({ length: width * height }, (_, p) => data[3 * p]);
  return { width, height, channels: 1, pixels, ...turn };
}

/** The number of components in the frame header (ITU-T T.81, B.2.2), and whether EXIF says that the picture is to be turned. */
function jpegHeader(bytes: Uint8Array): { readonly components: number; readonly isTurned: boolean } {
  let isTurned = false;
  for (let at = 2; at + 9 < bytes.length; at += 2 + (bytes[at + 2] << 8) + bytes[at + 3]) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1];
    if (marker === APP1) isTurned ||= isTurnedBy(bytes.subarray(at + 4, at + 2 + (bytes[at + 2] << 8) + bytes[at + 3]));
    if (marker >= 0xc0 && marker <= 0xc2) return { components: bytes[at + 9], isTurned };
  }
  return { components: 3, isTurned };
}

const APP1 = 0xe1;
const ORIENTATION = 0x112;

/** Whether an APP1 segment has another orientation than 1 (CIPA DC-008, 4.6.4 and 4.7.2). */
function isTurnedBy(segment: Uint8Array): boolean {
  if (segment.length < 20 || String.fromCharCode(...segment.subarray(0, 6)) !== 'Exif\0\0') return false;
  const view = new DataView(segment.buffer, segment.byteOffset + 6, segment.length - 6);
  const little = view.getUint16(0) === 0x4949;
  const first = view.getUint32(4, little);
  const count = first + 2 <= view.byteLength ? view.getUint16(first, little) : 0;
  for (let at = first + 2, i = 0; i < count && at + 12 <= view.byteLength; i++, at += 12)
    if (view.getUint16(at, little) === ORIENTATION) return view.getUint16(at + 8, little) > 1;
  return false;
}

/** Grey to RGB repeats it; RGB to grey is ITU-R BT.601's luma. */
function withChannels({ pixels, channels }: Picture, wanted: number): Uint8Array {
  if (channels === wanted) return pixels;
  if (wanted === 3) return Uint8Array.from({ length: pixels.length * 3 }, (_, i) => pixels[Math.floor(i / 3)]);
  const luma = (p: number) => Math.floor((299 * pixels[p] + 587 * pixels[p + 1] + 114 * pixels[p + 2] + 500) / 1000);
  return Uint8Array.from({ length: pixels.length / 3 }, (_, i) => luma(3 * i));
}
