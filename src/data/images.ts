/** PNG and JPEG pictures in class folders. */
import { convertIndexedToRgb, decode as decodePng } from 'fast-png';
import jpeg from 'jpeg-js';
import { CompressError } from '../errors.ts';
import type { Files } from './files.ts';
import type { RawPart } from './raw.ts';

/** 8-bit pixels, grey (1 channel) or RGB (3). */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/**
 * @param paths    pictures `.../class/name`, in order
 * @param classes  all class names
 * @param channels 1 or 3 as the model wants, or null: 3 when any picture has colour
 */
export async function readImages(
  files: Files,
  paths: readonly string[],
  classes: readonly string[],
  channels: number | null,
): Promise<RawPart> {
  const pictures: Picture[] = [];
  for (const path of paths) pictures.push(decode(await files.read(path), path));
  const { width, height } = pictures[0];
  pictures.forEach((p, i) => {
    if (p.width === width && p.height === height) return;
    throw new CompressError(
      'shape-mismatch',
      `${paths[i]} is ${p.width}x${p.height} but ${paths[0]} is ${width}x${height}`,
      'bring all pictures to the size that the model takes',
    );
  });
  const depth = channels ?? (pictures.some((p) => p.channels === 3) ? 3 : 1);
  if (depth !== 1 && depth !== 3) {
    throw new CompressError(
      'shape-mismatch',
      `pictures have 1 or 3 channels but the model wants ${depth}`,
      'save the examples as .npz with arrays x and y',
    );
  }
  const size = width * height * depth;
  const x = new Uint8Array(pictures.length * size);
  for (const [i, picture] of pictures.entries()) x.set(withChannels(picture, depth), i * size);
  const y = Int32Array.from(paths, (path) => classes.indexOf(path.split('/').at(-2)!));
  return {
    inputs: [x],
    info: [{ name: 'x', shape: [height, width, depth] }],
    y,
    count: pictures.length,
    where: files.name,
    files: paths,
  };
}

/** The picture in a PNG or JPEG file; transparency is dropped, 16 bits are cut to 8. */
export function decode(bytes: Uint8Array, path: string): Picture {
  try {
    return bytes[0] === 0x89 ? fromPng(bytes) : fromJpeg(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CompressError('bad-file', `${path} is not a readable PNG or JPEG: ${why}`, 'open and save it again, or remove it');
  }
}

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
  return { width, height, channels, pixels };
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
  if (jpegComponents(bytes) !== 1) return { width, height, channels: 3, pixels: data };
  return { width, height, channels: 1, pixels: Uint8Array.from({ length: width * height }, (_, p) => data[3 * p]) };
}

/** The number of components in the frame header (ITU-T T.81, B.2.2). */
function jpegComponents(bytes: Uint8Array): number {
  for (let at = 2; at + 9 < bytes.length; at += 2 + (bytes[at + 2] << 8) + bytes[at + 3]) {
    if (bytes[at] !== 0xff) break;
    if (bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xc2) return bytes[at + 9];
  }
  return 3;
}

/** Grey to RGB repeats it; RGB to grey is ITU-R BT.601's luma. */
function withChannels({ pixels, channels }: Picture, wanted: number): Uint8Array {
  if (channels === wanted) return pixels;
  if (wanted === 3) return Uint8Array.from({ length: pixels.length * 3 }, (_, i) => pixels[Math.floor(i / 3)]);
  const luma = (p: number) => Math.floor((299 * pixels[p] + 587 * pixels[p + 1] + 114 * pixels[p + 2] + 500) / 1000);
  return Uint8Array.from({ length: pixels.length / 3 }, (_, i) => luma(3 * i));
}
