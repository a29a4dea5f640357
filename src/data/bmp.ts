/** Windows bitmaps that are not packed. Source: Microsoft, "Bitmap storage" (BITMAPFILEHEADER, BITMAPINFOHEADER; rows of whole 32-bit words, the lowest first). */
import { MOST_PIXELS, type Picture, pictureOf } from './pixels.ts';

const RGB = 0;
const MASKS = 3;

/** @throws Error for what is no whole BMP, or a packed one */
export function fromBmp(bytes: Uint8Array): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 54) throw new Error('it is cut short');
  const [start, header] = [view.getUint32(10, true), view.getUint32(14, true)];
  const [width, signedHeight] = [view.getInt32(18, true), view.getInt32(22, true)];
  const [bits, packing, colours] = [view.getUint16(28, true), view.getUint32(30, true), view.getUint32(46, true)];
  const height = Math.abs(signedHeight);
  if (width < 1 || height < 1 || width * height > MOST_PIXELS) throw new Error(`it would be ${width}x${height}`);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`it has ${bits} bits a pixel`);
  if (packing !== RGB && packing !== MASKS) throw new Error('its rows are packed (RLE or a picture inside)');
  const stride = 4 * Math.ceil((width * bits) / 32);
  if (start + stride * height > bytes.length) throw new Error('it is cut short');
  const colour = bits <= 8 ? paletteReader(bytes, 14 + header, colours || 1 << bits, start) : maskReader(view, bits, packing);
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const row = start + stride * (signedHeight > 0 ? height - 1 - y : y);
    for (let x = 0; x < width; x++) {
      const at = row + ((x * bits) >> 3);
      const value = bits < 8 ? (bytes[at] >> (8 - bits - ((x * bits) & 7))) & ((1 << bits) - 1) : valueAt(bytes, at, bits);
      rgb.set(colour(value), 3 * (y * width + x));
    }
  }
  return pictureOf(rgb, 3, width, height);
}

const valueAt = (bytes: Uint8Array, at: number, bits: number): number => {
  let value = 0;
  for (let k = bits / 8 - 1; k >= 0; k--) value = value * 256 + bytes[at + k];
  return value;
};

type Rgb = readonly [number, number, number];

function paletteReader(bytes: Uint8Array, at: number, colours: number, end: number): (value: number) => Rgb {
  if (colours > 256 || at + 4 * colours > end) throw new Error('its palette is cut short');
  return (value) => {
    if (value >= colours) throw new Error(`a pixel has colour ${value} of ${colours}`);
    const c = at + 4 * value;
    return [bytes[c + 2], bytes[c + 1], bytes[c]];
  };
}

function maskReader(view: DataView, bits: number, packing: number): (value: number) => Rgb {
  const usual = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  if (packing === MASKS && (bits === 24 || view.byteLength < 66)) throw new Error(`${bits} bits a pixel have no masks`);
  const used = packing === MASKS ? [54, 58, 62].map((at) => view.getUint32(at, true)) : usual;
  const parts = used.map((mask) => {
    if (mask === 0) throw new Error('a colour has no bits');
    const shift = 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift };
  });
  const part = (value: number, k: number) => Math.round((((value & parts[k].mask) >>> parts[k].shift) * 255) / parts[k].most);
  return (value) => [part(value, 0), part(value, 1), part(value, 2)];
}
