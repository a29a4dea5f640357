/** WebP by a library that is installed beside (`@cwasm/webp`, libwebp in Wasm). Source of sizes: RFC 9649, section 2. */
import { MOST_PIXELS, type Picture, pictureOf } from './pixels.ts';

export type WebpDecoder = (bytes: Uint8Array) => {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
};

/** Bit of the extended header: several frames. */
const ANIMATION = 2;

/** @throws Error for what the library does not decode */
export function fromWebp(bytes: Uint8Array, decode: WebpDecoder): Picture {
  const [stated, more] = sizeOf(bytes);
  if (stated > MOST_PIXELS) throw new Error(`it would have ${stated} pixels`);
  if (more) throw new Error('it is an animation; save one frame of it');
  const { width, height, data } = decode(bytes);
  let isClear = false;
  for (let p = 3; p < data.length; p += 4) isClear ||= data[p] < 255;
  return { ...pictureOf(data, 4, width, height), ...(isClear && { without: ['transparency' as const] }) };
}

/** Pixels by the header, before memory is taken for them, and whether there are several frames. */
function sizeOf(bytes: Uint8Array): [pixels: number, isAnimated: boolean] {
  if (bytes.length < 30) throw new Error('it is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = String.fromCharCode(...bytes.subarray(12, 16));
  if (kind === 'VP8X') {
    const [w, h] = [24, 27].map((k) => 1 + (view.getUint32(k - 1, true) >>> 8));
    return [w * h, (bytes[20] & ANIMATION) !== 0];
  }
  if (kind === 'VP8L')
    return [(1 + (view.getUint32(21, true) & 0x3fff)) * (1 + ((view.getUint32(21, true) >>> 14) & 0x3fff)), false];
  return [(view.getUint16(26, true) & 0x3fff) * (view.getUint16(28, true) & 0x3fff), false];
}
