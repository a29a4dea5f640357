/** What a file may hold beside pixels of 8 bits: how clear they are, more frames, how it is to be turned (EXIF), bits of 16. */
export type Unused = 'transparency' | 'frames' | 'turn' | 'bits';

/** 8-bit pixels, grey (1 channel) or RGB (3). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
  /** What of the file is not in them. */
  readonly without?: readonly Unused[];
}

/** More than this is no picture that a microcontroller is shown: a header that says so is damaged. */
export const MOST_PIXELS = 1 << 26;

/** Rows of `stored` numbers a pixel, red first, as RGB; grey where all pixels are. */
export function pictureOf(data: ArrayLike<number>, stored: number, width: number, height: number): Picture {
  const count = width * height;
  let isGrey = true;
  for (let p = 0; p < count && isGrey; p++)
    isGrey = data[p * stored] === data[p * stored + 1] && data[p * stored] === data[p * stored + 2];
  const channels = isGrey ? 1 : 3;
  const pixels = new Uint8Array(count * channels);
  for (let p = 0; p < count; p++) for (let c = 0; c < channels; c++) pixels[p * channels + c] = data[p * stored + c];
  return { width, height, channels, pixels };
}
