/** Examples varied while training, from the seeded generator. */
import { CompressError } from '../errors.ts';
import { sizeOf } from '../graph/graph.ts';
import { between, normal, type Random } from '../random.ts';

export interface Augmentation {
  /** Half of the examples are mirrored left to right. */
  readonly flip?: boolean;
  /** Moved by up to this many places along height and width (one number: both; of a signal: time); edges are repeated. */
  readonly shift?: number | readonly [number, number];
  /** A square of this side is blanked with the example's mean; at the border a part of it. */
  readonly cutout?: number;
  /** A stretch of up to so many places of time, and one of up to so many bands (one number: time alone), blanked with the example's mean (SpecAugment, Park et al., 2019). */
  readonly mask?: number | readonly [number, number];
  /** Standard deviation of noise added to each value. */
  readonly jitter?: number;
  /** Values are multiplied by 1 - scale .. 1 + scale. */
  readonly scale?: number;
  /** Each example is blended with another of its batch, which gets up to this share (0..1), and so are their labels (Zhang et al., 2018). */
  readonly mixup?: number;
}

/** Varies the first `count` examples of `values` in place. */
export type Augment = (values: Float32Array, count: number, random: Random) => void;

interface Frame {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * @param shape of one example: [h, w, c], [time, c] or [features]
 * @throws CompressError `bad-option` for amounts that make no sense for the shape
 */
export function makeAugment(shape: readonly number[], options: Augmentation): Augment {
  const spatial = shape.length > 1;
  const frame = { height: spatial ? shape[0] : 1, width: sizeOf(shape.slice(1, -1)), channels: shape.at(-1)! };
  const { flip = false, shift = 0, cutout = 0, mask = 0, jitter = 0, scale = 0, mixup = 0 } = options;
  const masks = typeof mask === 'number' ? [mask, 0] : mask;
  // conv1d reads [time, 1, bands], ds-cnn [time, bands, 1]
  const bands = spatial ? (shape.slice(1).find((n) => n > 1) ?? 1) : 1;
  const [down, right] = typeof shift === 'number' ? [shift, shift] : shift;
  const reach = [frame.height > 1 ? down : 0, frame.width > 1 ? right : 0];
  check(
    'shift',
    reach[0] < frame.height && reach[1] < frame.width && reach.every((n) => n >= 0 && Number.isInteger(n)),
    'whole places, fewer than there are',
  );
  check('cutout', cutout >= 0 && Number.isInteger(cutout), 'the side of a square in whole places');
  check(
    'mask',
    masks.every((n) => n >= 0 && Number.isInteger(n)) && masks[0] < Math.max(2, frame.height) && masks[1] < Math.max(2, bands),
    'whole places of time, and of bands as mask=8x2, fewer than there are',
  );
  check('jitter', jitter >= 0, 'a number from 0 on');
  check('scale', scale >= 0 && scale < 1, 'a number from 0 to 1');
  check('mixup', mixup >= 0 && mixup <= 1, 'a number from 0 to 1');
  const copy = new Float32Array(sizeOf(shape));
  return (values, count, random) => {
    for (let i = 0; i < count; i++) {
      const x = values.subarray(i * copy.length, (i + 1) * copy.length);
      if (flip || reach[0] || reach[1]) {
        const mirrored = flip && random.below(2) === 1;
        move(frame, x, copy, random.below(2 * reach[0] + 1) - reach[0], random.below(2 * reach[1] + 1) - reach[1], mirrored);
      }
      if (scale) {
        const factor = between(random, 1 - scale, 1 + scale);
        for (let k = 0; k < x.length; k++) x[k] *= factor;
      }
      if (jitter) for (let k = 0; k < x.length; k++) x[k] += jitter * normal(random);
      if (cutout) blank(frame, x, cutout, random);
      if (masks[0] || masks[1]) blankStretches(x, frame.height, bands, masks, random);
    }
  };
}

function check(name: string, good: boolean, wanted: string): void {
  if (!good) throw new CompressError('bad-option', `augmentation by ${name} is not possible by this amount`, `give ${wanted}`);
}

/** x[row, column] = x[row + down, column + right], mirrored if asked for; places outside are the nearest inside. */
function move(
  { height, width, channels }: Frame,
  x: Float32Array,
  copy: Float32Array,
  down: number,
  right: number,
  mirrored: boolean,
): void {
  copy.set(x);
  const inside = (n: number, size: number) => Math.max(0, Math.min(size - 1, n));
  for (let row = 0, to = 0; row < height; row++) {
    const from = inside(row + down, height) * width;
    for (let column = 0; column < width; column++) {
      const source = (from + inside((mirrored ? width - 1 - column : column) + right, width)) * channels;
      for (let c = 0; c < channels; c++) x[to++] = copy[source + c];
    }
  }
}

function blank({ height, width, channels }: Frame, x: Float32Array, side: number, random: Random): void {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += x[k];
  const top = random.below(height) - (side >> 1);
  const left = random.below(width) - (side >> 1);
  for (let row = Math.max(0, top); row < Math.min(height, top + side); row++) {
    const from = (row * width + Math.max(0, left)) * channels;
    x.fill(sum / x.length, from, (row * width + Math.max(0, Math.min(width, left + side))) * channels);
  }
}

/** x [time, bands, ..]: a stretch of time and one of bands, each of 0 places up to its most. */
function blankStretches(x: Float32Array, time: number, bands: number, most: readonly number[], random: Random): void {
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  const row = x.length / time;
  const each = row / bands;
  const stretch = (size: number, longest: number) => {
    const length = random.below(longest + 1);
    const from = random.below(size - length + 1);
    return [from, from + length];
  };
  const [early, late] = stretch(time, most[0]);
  x.fill(mean, early * row, late * row);
  const [low, high] = stretch(bands, most[1]);
  for (let t = 0; t < time; t++) x.fill(mean, t * row + low * each, t * row + high * each);
}

/** What each example of a blended batch keeps of itself: uniform in 1 - mixup .. 1. */
export function drawShares(own: Float32Array, mixup: number, random: Random): void {
  for (let i = 0; i < own.length; i++) own[i] = between(random, 1 - mixup, 1);
}

/** Example i becomes own * i + (1 - own) * (i + 1), the last one blended with the first. */
export function blend(values: Float32Array, own: Float32Array): void {
  const size = values.length / own.length;
  const first = values.slice(0, size);
  for (let i = 0; i < own.length; i++) {
    const other = i + 1 < own.length ? values.subarray((i + 1) * size) : first;
    for (let k = 0; k < size; k++) values[i * size + k] = own[i] * values[i * size + k] + (1 - own[i]) * other[k];
  }
}

/** Rows of probabilities for blended examples, each of `classes` places: `own` for an example's label, the rest for the next one's. */
export function blendedLabels(labels: ArrayLike<number>, own: Float32Array, rows: Float32Array, places = 1): void {
  const classes = rows.length / labels.length;
  rows.fill(0);
  for (let i = 0; i < labels.length; i++) {
    const share = own[Math.floor(i / places)];
    rows[i * classes + labels[i]] += share;
    rows[i * classes + labels[(i + places) % labels.length]] += 1 - share;
  }
}
