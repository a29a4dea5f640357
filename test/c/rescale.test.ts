import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dspForm } from '../../src/c/dsp/rescale.ts';
import { fitFolded } from '../../src/c/fit.ts';
import { mveForm } from '../../src/c/mve/rescale.ts';
import { type Channel, floorProduct, isExact, requantize, rescaled, thresholds } from '../../src/c/rescale.ts';
import { signProduct, type ThumbForm, type ThumbForms, thumbForms } from '../../src/c/thumb1/rescale.ts';
import { createRandom } from '../../src/random.ts';

/** CMSIS-NN's arm_nn_requantize with double rounding, in exact integers. */
function reference(x: bigint, m: bigint, shift: number): bigint {
  const t = ((x << BigInt(Math.max(0, shift))) * m + (1n << 30n)) >> 31n;
  const r = BigInt(Math.max(0, -shift));
  if (r === 0n) return t;
  const rest = t & ((1n << r) - 1n);
  return (t >> r) + (rest > ((1n << r) - 1n) / 2n + (t < 0n ? 1n : 0n) ? 1n : 0n);
}

const clamp = (v: bigint, { yMin, yMax }: Channel) => (v < BigInt(yMin) ? yMin : v > BigInt(yMax) ? yMax : Number(v));
const expected = (c: Channel, sum: number) => clamp(reference(BigInt(sum), BigInt(c.multiplier), c.shift) + BigInt(c.yOffset), c);

const random = createRandom(5, 'rescale');
const whole = (n: number) => Math.floor(random.uniform() * n);

/** Channels as layers have them, with and without an activation that clamps at the zero point. */
function channels(count: number): Channel[] {
  return Array.from({ length: count }, (_, i) => {
    const shift = -1 - whole(11);
    const span = 2 ** (7 - shift) * (0.3 + 2 * random.uniform());
    const relu = i % 2 === 0;
    const yOffset = relu ? -128 : whole(60) - 30;
    const range = { least: -Math.floor(span), largest: Math.floor(span * (0.5 + random.uniform())) };
    return { multiplier: 2 ** 30 + whole(2 ** 30), shift, yOffset, yMin: -128, yMax: 127, ...range };
  });
}

/** Both sides of every threshold, the ends, and sums between. */
function sums(c: Channel): number[] {
  const steps = thresholds(c).flatMap((t) => [t - 1, t]);
  const between = Array.from({ length: 400 }, () => c.least + whole(c.largest - c.least + 1));
  return [c.least, c.largest, ...steps, ...between];
}

test('requantize and floorProduct are the exact integers', () => {
  for (let i = 0; i < 20000; i++) {
    const [x, m] = [whole(2 ** 32) - 2 ** 31, i % 9 === 0 ? 2 ** 30 : 2 ** 30 + whole(2 ** 30)];
    const shift = whole(20) - 16;
    const small = shift > 0 ? Math.trunc(x / 2 ** shift) : x;
    assert.is(requantize(small, m, shift), Number(reference(BigInt(small), BigInt(m), shift)));
    const bits = 16 + whole(31);
    assert.is(floorProduct(x, m, bits), Number((BigInt(x) * BigInt(m)) >> BigInt(bits)));
  }
});

test('thresholds are where the output rises, and only there', () => {
  for (const c of channels(40)) {
    const steps = new Set(thresholds(c));
    const from = Math.max(c.least + 1, -3000);
    for (let sum = from; sum <= Math.min(c.largest, 3000); sum++) {
      assert.is(steps.has(sum), expected(c, sum) > expected(c, sum - 1), `sum ${sum} of ${JSON.stringify(c)}`);
    }
    for (const t of steps) assert.ok(expected(c, t) > expected(c, t - 1));
    assert.is(steps.size, expected(c, c.largest) - expected(c, c.least));
  }
});

test('a form that is wrong at one threshold is not exact', () => {
  for (const c of channels(20)) {
    const steps = thresholds(c);
    assert.ok(isExact(c, steps, (sum) => rescaled(c, sum)));
    if (!steps.length) continue;
    const at = steps[whole(steps.length)];
    assert.not.ok(isExact(c, steps, (sum) => rescaled(c, sum) - (sum === at ? 1 : 0)));
    assert.not.ok(isExact(c, steps, (sum) => rescaled(c, sum) + (sum === at - 1 ? 1 : 0)));
  }
});

test('the DSP form gives every output of the reference', () => {
  let signed = 0;
  for (const c of channels(80)) {
    const form = dspForm(c);
    assert.ok(form, JSON.stringify(c));
    signed += form.sign ? 1 : 0;
    for (const sum of sums(c)) {
      const high = (BigInt(sum) * 256n * BigInt(form.multiplier)) >> 32n;
      const all = high + BigInt(form.constant) - (form.sign && sum < 0 ? 128n : 0n);
      assert.ok(all === BigInt.asIntN(32, all), 'it fits in 32 bits');
      assert.is(clamp(all >> BigInt(form.shift), c), expected(c, sum), `sum ${sum} of ${JSON.stringify(c)}`);
    }
  }
  assert.ok(signed > 10 && signed < 70, 'channels with and without the term of the sign');
});

test('the DSP form holds with the term of the sign, which other channels of a layer may need', () => {
  const all = [...channels(80), ...channels(10).map((c) => ({ ...c, least: -5, largest: -5 }))];
  for (const c of all) {
    const form = dspForm(c)!;
    for (const sum of c.least === c.largest ? [c.least] : sums(c)) {
      const high = (BigInt(sum) * 256n * BigInt(form.multiplier)) >> 32n;
      const shifted = (high + BigInt(form.constant) - (sum < 0 ? 128n : 0n)) >> BigInt(form.shift);
      assert.is(clamp(shifted, c), expected(c, sum), `sum ${sum} of ${JSON.stringify(c)}`);
    }
  }
});

test('the DSP form is refused where a sum times 256 does not fit, and found for a constant sum', () => {
  const c: Channel = {
    multiplier: 2 ** 30 + 77,
    shift: -9,
    yOffset: 3,
    yMin: -128,
    yMax: 127,
    least: -(2 ** 23) - 1,
    largest: 5,
  };
  assert.is(dspForm(c), null);
  assert.ok(dspForm({ ...c, least: -(2 ** 23) }));
  assert.ok(dspForm({ ...c, least: 2 ** 30, largest: 2 ** 30 }));
});

test('the folded form gives every output of the reference, or is not found', () => {
  let found = 0;
  for (const c of channels(80)) {
    const bias = whole(2000) - 1000;
    const shift = 7 - c.shift;
    const form = fitFolded(c, bias, 256, shift);
    if (!form) continue;
    found++;
    for (const sum of sums(c)) {
      const all = (BigInt(sum) - BigInt(bias)) * 256n + BigInt(form.first);
      assert.ok(all === BigInt.asIntN(32, all), 'it fits in 32 bits');
      assert.is(clamp((all * BigInt(form.multiplier)) >> BigInt(32 + shift), c), expected(c, sum));
    }
  }
  assert.ok(found >= 30, `${found} of 80`);
});

test('the MVE form gives every output of the reference', () => {
  for (const c of channels(80)) {
    const form = mveForm(c);
    assert.ok(form, JSON.stringify(c));
    for (const sum of sums(c)) {
      let value = (2n * BigInt(sum) * BigInt(form.multiplier) + (1n << 31n)) >> 32n; // VQRDMULH
      if (form.sign) value += value >> 31n;
      const right = BigInt(-form.shift);
      if (right > 0n) value = (value + (1n << (right - 1n))) >> right; // VRSHL
      assert.is(clamp(value + BigInt(c.yOffset), c), expected(c, sum), `sum ${sum} of ${JSON.stringify(c)}`);
    }
  }
});

/** As the listing computes, on registers of 32 bits: none may overflow. */
function twoProducts(f: ThumbForm, sum: number, { split, shift, sign }: ThumbForms): number {
  const t = f.range - Math.min(f.range, Math.max(0, sum - f.least));
  const [high, low] = [Math.floor(f.multiplier / 2 ** split), f.multiplier % 2 ** split];
  let product = t * high + Math.floor((t * low) / 2 ** split);
  if (t * low >= 2 ** 32 || product >= 2 ** 31) assert.unreachable(`a product of sum ${sum} does not fit`);
  if (sign && product > signProduct(f, split)) product += f.tie;
  const rest = f.constant - product;
  if (rest !== (rest | 0)) assert.unreachable(`the difference of sum ${sum} does not fit`);
  return rest >> shift;
}

test('the form of two 32-bit products gives every output of the reference', () => {
  for (const sign of [false, true]) {
    const all = channels(80).filter((_, i) => (i % 2 === 0) !== sign);
    const common = thumbForms(all);
    assert.is(common.sign, sign);
    let found = 0;
    all.forEach((c, i) => {
      const f = common.forms[i];
      if (!f) return;
      found++;
      for (const sum of sums(c)) {
        assert.is(twoProducts(f, sum, common), expected(c, sum), `sum ${sum} of ${JSON.stringify(c)}`);
      }
    });
    assert.ok(found >= 35, `${found} of 40`);
  }
});

test('the form of two products where every threshold is negative, or slopes lie far apart', () => {
  const some = channels(60).filter((_, i) => i % 2);
  const low = some.map((c) => ({ ...c, yOffset: 120, largest: 5000 }));
  const wide = some.map((c, i) => (i % 2 ? { ...c, shift: c.shift - 9, least: -(2 ** 21), largest: 2 ** 21 } : c));
  let found = 0;
  for (const all of [low, wide, ...low.map((c) => [c])]) {
    const common = thumbForms(all);
    all.forEach((c, i) => {
      const f = common.forms[i];
      if (!f) return;
      found++;
      for (const sum of sums(c)) {
        assert.is(twoProducts(f, sum, common), expected(c, sum), `sum ${sum} of ${JSON.stringify(c)}`);
      }
    });
  }
  assert.ok(found > 30, `${found}`);
});

/** A channel with few sums, so that all of them can be run. */
const small = (): Channel[] =>
  channels(24).map((c) => ({ ...c, least: Math.max(c.least, -40000), largest: Math.min(c.largest, 40000) }));

test('every sum of a range, one after another: forms that agree at the thresholds agree everywhere', () => {
  let sumsRun = 0;
  for (const c of small()) {
    const [dsp, mve, fold] = [dspForm(c), mveForm(c), fitFolded(c, 0, 256, 7 - c.shift)];
    assert.ok(dsp && mve);
    for (let sum = c.least; sum <= c.largest; sum++) {
      const wanted = rescaled(c, sum);
      sumsRun++;
      const high = floorProduct(sum * 256, dsp.multiplier, 32) + dsp.constant - (dsp.sign && sum < 0 ? 128 : 0);
      if (Math.min(c.yMax, Math.max(c.yMin, Math.floor(high / 2 ** dsp.shift))) !== wanted) assert.unreachable(`DSP, sum ${sum}`);
      let v = Math.floor((floorProduct(sum, mve.multiplier, 30) + 1) / 2); // VQRDMULH
      if (mve.sign && v < 0) v -= 1;
      const right = -mve.shift;
      if (right > 0) v = Math.floor((v + 2 ** (right - 1)) / 2 ** right); // VRSHL
      if (Math.min(c.yMax, Math.max(c.yMin, v + c.yOffset)) !== wanted) assert.unreachable(`MVE, sum ${sum}`);
      if (!fold) continue;
      const folded = Math.floor(floorProduct(sum * 256 + fold.first, fold.multiplier, 32) / 2 ** (7 - c.shift));
      if (Math.min(c.yMax, Math.max(c.yMin, folded)) !== wanted) assert.unreachable(`folded, sum ${sum}`);
    }
  }
  assert.ok(sumsRun > 200000, `${sumsRun}`);
});

/** Layers of so many products, whose outputs span what such a sum mostly does: activations that clamp at zero or none, slopes apart. */
function layers(): Channel[][] {
  return [1, 9, 64].flatMap((products) =>
    [-128, 0, 120].map((yOffset) =>
      Array.from({ length: 4 }, (_, i) => {
        const reach = products * 255 * 127;
        const bias = whole(reach) - (reach >> 1);
        const slope = (100 + whole(300)) / ((reach / Math.sqrt(products)) * (i % 2 ? 1 : 0.3));
        const shift = Math.floor(Math.log2(slope)) + 1;
        const multiplier = Math.min(2 ** 31 - 1, Math.round(slope * 2 ** (31 - shift)));
        return { multiplier, shift, yOffset, yMin: -128, yMax: 127, least: bias - reach, largest: bias + reach };
      }),
    ),
  );
}

/**
 * The form never falls while the sum rises, as t falls and its product with it, so that agreeing at both sides of every threshold is a proof;
 * here sums are run one after another all the same. Outside of the range of t nothing changes: those sums are the ends'.
 */
test('every sum that a layer of up to 64 products can have, by the form of two products', () => {
  let [found, sumsRun] = [0, 0];
  for (const all of layers()) {
    const common = thumbForms(all);
    all.forEach((c, i) => {
      const f = common.forms[i];
      if (!f) return;
      found++;
      let before = -129;
      for (let sum = c.least; sum <= c.largest; sum++) {
        const y = twoProducts(f, sum, common);
        if (y !== rescaled(c, sum) || y < before) assert.unreachable(`sum ${sum} of ${JSON.stringify(c)}`);
        before = y;
        sumsRun++;
      }
    });
  }
  assert.ok(found === 36, `${found} of 36`);
  assert.ok(sumsRun > 2 ** 25, `${sumsRun}`);
});

test.run();
