/** Pictures of another size: every new pixel is the mean of those it covers, weighted by a triangle (Pillow's BILINEAR, torchvision's antialias). */
import { CompressError } from '../errors.ts';
import type { Picture } from './pixels.ts';
import type { Reading } from './raw.ts';

export interface Resizing {
  /** `crop`: the middle, filled whole. `pad`: all of it, black beside it. `stretch`: all of it, of another aspect. */
  readonly how: 'crop' | 'pad' | 'stretch';
  readonly height: number;
  readonly width: number;
}

/**
 * `crop`, `pad` or `stretch` to the size of the model's input, or to a stated one, `crop:96x96` (height, width).
 *
 * @throws CompressError `bad-option`
 */
export function resizingOf({ stated: { resize }, inputs }: Reading): Resizing | null {
  if (resize === undefined) return null;
  const [, how, h, w] = /^(crop|pad|stretch)(?::(\d{1,5})x(\d{1,5}))?$/.exec(resize) ?? [];
  if (!how)
    throw new CompressError(
      'bad-option',
      `--resize ${resize} is not known`,
      'give crop, pad or stretch, or with a size: crop:96x96',
    );
  const shape = inputs?.[0].shape;
  const [height, width] = h ? [Number(h), Number(w)] : shape?.length === 4 ? [shape[1], shape[2]] : [0, 0];
  if (height >= 1 && width >= 1) return { how: how as Resizing['how'], height, width };
  throw new CompressError('bad-option', `--resize ${resize} does not say to which size`, `add it, as --resize ${how}:96x96`);
}

/** Where in the source the target's pixels lie, and where they go. */
export function resizePicture(picture: Picture, { how, height, width }: Resizing): Picture {
  const { channels } = picture;
  if (picture.width === width && picture.height === height) return picture;
  if (how === 'pad') {
    const scale = Math.min(width / picture.width, height / picture.height);
    const [w, h] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
    const inner = scaled(picture, [0, 0, picture.width, picture.height], w, h);
    const pixels = new Uint8Array(width * height * channels);
    const [left, top] = [(width - w) >> 1, (height - h) >> 1];
    for (let y = 0; y < h; y++)
      pixels.set(inner.subarray(y * w * channels, (y + 1) * w * channels), ((top + y) * width + left) * channels);
    return { width, height, channels, pixels };
  }
  const scale = Math.max(width / picture.width, height / picture.height);
  const [w, h] = how === 'crop' ? [width / scale, height / scale] : [picture.width, picture.height];
  const box = [(picture.width - w) / 2, (picture.height - h) / 2, w, h] as const;
  return { width, height, channels, pixels: scaled(picture, box, width, height) };
}

type Box = readonly [left: number, top: number, width: number, height: number];

function scaled(
  { width, height, channels, pixels }: Picture,
  [left, top, w, h]: Box,
  toWidth: number,
  toHeight: number,
): Uint8Array {
  const across = weightsOf(left, w, width, toWidth);
  const down = weightsOf(top, h, height, toHeight);
  const rows = new Float32Array(height * toWidth * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++) {
      const { first, weights } = across[x];
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * pixels[(y * width + first + k) * channels + c];
        rows[(y * toWidth + x) * channels + c] = sum;
      }
    }
  }
  const out = new Uint8Array(toWidth * toHeight * channels);
  const line = toWidth * channels;
  for (let y = 0; y < toHeight; y++) {
    const { first, weights } = down[y];
    for (let i = 0; i < line; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * rows[(first + k) * line + i];
      out[y * line + i] = Math.max(0, Math.min(255, Math.floor(sum + 0.5)));
    }
  }
  return out;
}

interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** For each of `to` pixels over `length` from `start` the source pixels it is made of. */
function weightsOf(start: number, length: number, size: number, to: number): Taps[] {
  const step = length / to;
  const support = Math.max(1, step);
  return Array.from({ length: to }, (_, i) => {
    const centre = start + (i + 0.5) * step;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(size, Math.floor(centre + support + 0.5));
    const raw = Array.from({ length: Math.max(1, end - first) }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k + 0.5 - centre) / support)),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first: Math.min(first, size - 1), weights: raw.map((w) => (sum > 0 ? w / sum : 1)) };
  });
}
