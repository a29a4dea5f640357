import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Histogram, mseRange, percentileRange, type Range, recordOf } from '../../src/quant/range.ts';
import { weightRecord } from '../../src/quant/weights.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();

const real = fc.double({ min: -1000, max: 1000, noNaN: true });

test('8 bits: 0 is an integer, and the range is held within a step', () => {
  fc.assert(
    fc.property(real, real, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const { scales, zeros } = recordOf([low, high], 8);
      const [scale, zero] = [scales[0], zeros[0]];
      assert.ok(Number.isInteger(zero) && zero >= -128 && zero <= 127 && scale > 0);
      assert.ok(scale * (127 - zero) >= high - scale && scale * (-128 - zero) <= low + scale);
    }),
  );
});

/** What rounding to 8 bits in a range errs, the middles of parts counted; never under what even values within a step err. */
function squaredError({ low, high, counts }: Histogram, range: Range): number {
  const { scales, zeros } = recordOf(range, 8);
  return Array.from(counts, (count, i) => {
    const middle = low + ((i + 0.5) * (high - low)) / counts.length;
    const q = Math.max(-128, Math.min(127, Math.round(middle / scales[0]) + zeros[0]));
    const exact = (q - zeros[0]) * scales[0] - middle;
    return count * (q === -128 || q === 127 ? exact ** 2 : Math.max(exact ** 2, scales[0] ** 2 / 12));
  }).reduce((a, b) => a + b);
}

test('mse errs least of all ranges tried: both ends cut alike, or the lower one alone', () => {
  const counts = Int32Array.from({ length: 512 }, (_, i) => (i < 40 ? 3 : 5000 - 9 * i > 0 ? 5000 - 9 * i : i === 511 ? 2 : 0));
  const histogram = { low: -3, high: 50, counts };
  const range = mseRange(histogram, 8);
  const least = squaredError(histogram, range);
  assert.ok(range[0] > -3);
  for (let i = 0; i < 64; i++) {
    const part = 1 - i / 64;
    assert.ok(least <= squaredError(histogram, [-3 * part, 50 * part]) * (1 + 1e-12));
    if (i > 0) assert.ok(least <= squaredError(histogram, [-3 * part, range[1]]) * (1 + 1e-12));
  }
});

test('an outlier is cut off by mse and percentile, not by nothing', () => {
  const counts = new Int32Array(2048);
  for (let i = 0; i < 200; i++) counts[i] = 100_000;
  counts[2047] = 1;
  const histogram = { low: 0, high: 100, counts };
  assert.ok(mseRange(histogram, 8)[1] < 60);
  assert.ok(percentileRange(histogram)[1] < 11);
  assert.ok(squaredError(histogram, mseRange(histogram, 8)) < squaredError(histogram, [0, 100]));
});

const tensor = (shape: number[], values: number[]) => ({
  name: 't',
  shape,
  dtype: 'f32' as const,
  data: Float32Array.from(values),
  quant: null,
});

test('weights: one scale for each channel; a dead channel and a huge bias still fit', () => {
  const w = tensor([3, 1, 1, 2], [1, -2, 0, 0, 1e-9, 0]);
  const { scales, axis } = weightRecord(heap, w, 8, 0, tensor([3], [0, 0, 1e6]), 0.01);
  assert.is(axis, 0);
  assert.is(scales[0], Math.fround(2 / 127));
  assert.ok(scales[1] > 0);
  assert.ok(1e6 / (scales[2] * 0.01) <= 2 ** 31);
});

test.run();
