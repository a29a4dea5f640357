/** The first frame of a GIF. Source: CompuServe, "Graphics Interchange Format, version 89a", and its appendix F on LZW. */
import { MOST_PIXELS, type Picture, pictureOf } from './pixels.ts';

const EXTENSION = 0x21;
const IMAGE = 0x2c;
/** Codes have 12 bits at most. */
const MOST_CODES = 4096;

/** On black where the frame covers less than the picture. @throws Error for what is no whole GIF */
export function fromGif(bytes: Uint8Array): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 13) throw new Error('it is cut short');
  const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  if (width < 1 || height < 1 || width * height > MOST_PIXELS) throw new Error(`it would be ${width}x${height}`);
  let at = 13;
  const common = palette(bytes, at, bytes[10]);
  at += common?.length ?? 0;
  while (bytes[at] === EXTENSION) at = blocks(bytes, at + 2).end;
  if (bytes[at] !== IMAGE || at + 10 > bytes.length) throw new Error('it has no frame');
  const [left, top, w, h] = [1, 3, 5, 7].map((k) => view.getUint16(at + k, true));
  if (w < 1 || h < 1 || left + w > width || top + h > height) throw new Error('its frame lies outside of it');
  const flags = bytes[at + 9];
  const own = palette(bytes, at + 10, flags);
  at += 10 + (own?.length ?? 0);
  const colours = own ?? common;
  if (!colours) throw new Error('it has no palette');
  const packed = blocks(bytes, at + 1);
  const numbers = unpacked(packed.content, bytes[at], w * h);
  const rows = flags & 0x40 ? interlaced(h) : Array.from({ length: h }, (_, y) => y);
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const colour = 3 * numbers[y * w + x];
      if (colour >= colours.length) throw new Error('a pixel has a colour that is not in the palette');
      rgb.set(colours.subarray(colour, colour + 3), 3 * ((top + rows[y]) * width + left + x));
    }
  }
  let behind = packed.end;
  while (bytes[behind] === EXTENSION) behind = blocks(bytes, behind + 2).end;
  return { ...pictureOf(rgb, 3, width, height), ...(bytes[behind] === IMAGE && { without: ['frames' as const] }) };
}

/** Red, green and blue of each colour; null where the flags say there are none. */
function palette(bytes: Uint8Array, at: number, flags: number): Uint8Array | null {
  if (!(flags & 0x80)) return null;
  const length = 3 * (2 << (flags & 7));
  if (at + length > bytes.length) throw new Error('its palette is cut short');
  return bytes.subarray(at, at + length);
}

/** Blocks with their lengths before them, to the empty one. */
function blocks(bytes: Uint8Array, from: number): { readonly content: Uint8Array; readonly end: number } {
  const parts: Uint8Array[] = [];
  let at = from;
  for (; bytes[at] !== 0; at += 1 + bytes[at]) {
    if (at + 1 + bytes[at] >= bytes.length || at >= bytes.length) throw new Error('it is cut short');
    parts.push(bytes.subarray(at + 1, at + 1 + bytes[at]));
  }
  const content = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let to = 0;
  for (const part of parts) {
    content.set(part, to);
    to += part.length;
  }
  return { content, end: at + 1 };
}

/** LZW: each code stands for a colour, or for an older code and one colour behind it. */
function unpacked(content: Uint8Array, least: number, count: number): Uint8Array {
  if (least < 1 || least > 8) throw new Error(`codes of ${least} bits`);
  const [clear, end] = [1 << least, (1 << least) + 1];
  const before = new Uint16Array(MOST_CODES);
  const last = new Uint8Array(MOST_CODES);
  const length = new Uint16Array(MOST_CODES).fill(1);
  for (let code = 0; code < clear; code++) last[code] = code;
  const out = new Uint8Array(count);
  let [next, bits, previous, to] = [end + 1, least + 1, -1, 0];
  for (let bit = 0; to < count; ) {
    if (bit + bits > 8 * content.length) throw new Error('its pixels are cut short');
    const byte = bit >> 3;
    const code =
      (((content[byte] | (content[byte + 1] << 8) | (content[byte + 2] << 16)) >>> (bit & 7)) & ((1 << bits) - 1)) >>> 0;
    bit += bits;
    if (code === end) throw new Error('its pixels are cut short');
    if (code === clear) {
      [next, bits, previous] = [end + 1, least + 1, -1];
      continue;
    }
    if (code > next || (code === next && previous < 0) || (previous < 0 && code >= clear))
      throw new Error('its pixels are damaged');
    const isNew = code === next;
    const known = isNew ? previous : code;
    let place = to + length[known] - 1;
    for (let c = known, k = length[known]; k > 0; k--, c = before[c], place--) if (place < count) out[place] = last[c];
    const first = out[to];
    to += length[known];
    if (isNew && to < count) out[to] = first;
    if (isNew) to++;
    if (previous >= 0 && next < MOST_CODES) {
      before[next] = previous;
      last[next] = first;
      length[next] = length[previous] + 1;
      if (++next === 1 << bits && bits < 12) bits++;
    }
    previous = code;
  }
  return out;
}

/** The order of rows: every 8th, every 8th from 4, every 4th from 2, every 2nd from 1. */
const interlaced = (height: number): number[] =>
  [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ].flatMap(([from, step]) => Array.from({ length: Math.max(0, Math.ceil((height - from) / step)) }, (_, k) => from + k * step));
