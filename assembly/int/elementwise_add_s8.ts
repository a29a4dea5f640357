// int8 sum of two tensors with scales of their own.
//
//   y, x1, x2  i8 [n]
//   a = requantize((x1 + x1Offset) << leftShift, x1Multiplier, x1Shift), b likewise
//   y = clamp(requantize(a + b, yMultiplier, yShift) + yOffset)
//
// Source: CMSIS-NN 99f736a, arm_elementwise_add_s8; TFLite's reference Sub for the difference. Equal bit for bit.
import { clamp, requantize } from "../math/requantize";
import { narrowToS8, requantizeX4 } from "../math/requantize_simd";
import { singleRounding } from "../math/rounding";

// @ts-ignore: decorator
@inline
function scalar(
  y: usize, x1: usize, x2: usize, n: i32, sign: i32,
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  for (let i = 0; i < n; i++) {
    const a = requantize((load<i8>(x1 + i) + x1Offset) << leftShift, x1Multiplier, x1Shift);
    const b = requantize((load<i8>(x2 + i) + x2Offset) << leftShift, x2Multiplier, x2Shift);
    store<i8>(y + i, clamp(requantize(a + sign * b, yMultiplier, yShift) + yOffset, yMin, yMax));
  }
}

// @ts-ignore: decorator
@inline
function four(x: v128, offset: v128, leftShift: i32, m: v128, shift: i32): v128 {
  return requantizeX4(i32x4.shl(i32x4.add(x, offset), leftShift), m, shift);
}

// @ts-ignore: decorator
@inline
function simd(
  y: usize, x1: usize, x2: usize, n: i32, sign: i32,
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  const o1 = i32x4.splat(x1Offset), o2 = i32x4.splat(x2Offset), oy = i32x4.splat(yOffset);
  const m1 = i32x4.splat(x1Multiplier), m2 = i32x4.splat(x2Multiplier), my = i32x4.splat(yMultiplier);
  const low = i8x16.splat(i8(yMin)), high = i8x16.splat(i8(yMax));
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const p = v128.load8x8_s(x1 + i), q = v128.load8x8_s(x2 + i);
    const a0 = four(i32x4.extend_low_i16x8_s(p), o1, leftShift, m1, x1Shift);
    const a1 = four(i32x4.extend_high_i16x8_s(p), o1, leftShift, m1, x1Shift);
    const b0 = four(i32x4.extend_low_i16x8_s(q), o2, leftShift, m2, x2Shift);
    const b1 = four(i32x4.extend_high_i16x8_s(q), o2, leftShift, m2, x2Shift);
    const s0 = sign > 0 ? i32x4.add(a0, b0) : i32x4.sub(a0, b0);
    const s1 = sign > 0 ? i32x4.add(a1, b1) : i32x4.sub(a1, b1);
    const y0 = i32x4.add(requantizeX4(s0, my, yShift), oy);
    const y1 = i32x4.add(requantizeX4(s1, my, yShift), oy);
    const v = i8x16.min_s(i8x16.max_s(narrowToS8(y0, y1, y0, y1), low), high);
    v128.store64_lane(y + i, v, 0);
  }
  scalar(y + i, x1 + i, x2 + i, n - i, sign, x1Offset, x1Multiplier, x1Shift, x2Offset, x2Multiplier, x2Shift, leftShift,
    yOffset, yMultiplier, yShift, yMin, yMax);
}

/** The largest |requantize| of an input. */
// @ts-ignore: decorator
@inline
function largest(offset: i32, multiplier: i32, shift: i32, leftShift: i32): i32 {
  return max(abs(requantize((offset - 128) << leftShift, multiplier, shift)), abs(requantize((offset + 127) << leftShift, multiplier, shift)));
}

/**
 * Whether the short way below is exact. Inputs of 10 bits moved left by 9 to 20 fit 30 bits, so that with k = 31 - leftShift the product is
 * x * (m >> k) + ((x * (m & (2^k - 1)) + rounding) >> k) in 32 bits. Sums below 2^29 leave two bits for the last rescaling, which then is
 * one floor, as derived in math/rescale.ts.
 */
function isShort(
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32, yMultiplier: i32, yShift: i32,
): bool {
  if (leftShift < 9 || leftShift > 20 || abs(x1Offset) > 383 || abs(x2Offset) > 383) return false;
  if (x1Shift > 0 || x2Shift > 0 || yShift >= 0 || x1Shift < -20 || x2Shift < -20 || yShift < -20) return false;
  return yMultiplier >= 0 && x1Multiplier >= 0 && x2Multiplier >= 0 &&
    largest(x1Offset, x1Multiplier, x1Shift, leftShift) + largest(x2Offset, x2Multiplier, x2Shift, leftShift) < 1 << 29;
}

/** requantize(x << leftShift, multiplier, -right) of four values; `k` = 31 - leftShift, `tie` = -1 where ties go away from zero. */
// @ts-ignore: decorator
@inline
function input(x: v128, high: v128, low: v128, half: v128, k: i32, halfRight: v128, tie: v128, right: i32): v128 {
  const v = i32x4.add(i32x4.mul(x, high), i32x4.shr_s(i32x4.add(i32x4.mul(x, low), half), k));
  return right ? i32x4.shr_s(i32x4.add(i32x4.add(v, halfRight), v128.and(i32x4.shr_s(v, 31), tie)), right) : v;
}

/** The last rescaling and y's offset. `clamped`: the clamp begins at y's zero point, so that it matters not how negative sums round. */
// @ts-ignore: decorator
@inline
function output(s: v128, multiplier: v128, addend: v128, negative: v128, shift: i32, clamped: bool): v128 {
  const t = i32x4.shl(s, 2);
  let h = v128.shuffle<i32>(i64x2.extmul_low_i32x4_s(t, multiplier), i64x2.extmul_high_i32x4_s(t, multiplier), 1, 3, 5, 7);
  if (!clamped) h = i32x4.sub(h, v128.and(i32x4.shr_s(s, 31), negative));
  return i32x4.shr_s(i32x4.add(h, addend), shift);
}

/**
 * The same as `simd` where `isShort`, for whole vectors; how many values these are. `exact`: the first input's multiplier is 2^30, so that it
 * only moves left, by `x1Left`.
 */
// @ts-ignore: decorator
@inline
function short(
  y: usize, x1: usize, x2: usize, n: i32, sign: i32, exact: bool, x1Left: i32, clamped: bool,
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): i32 {
  const k = 31 - leftShift, mask = (1 << k) - 1, r1 = -x1Shift, r2 = -x2Shift, twice = singleRounding == 0;
  const o1 = i16x8.splat(i16(x1Offset)), o2 = i16x8.splat(i16(x2Offset));
  const high1 = i32x4.splat(x1Multiplier >> k), low1 = i32x4.splat(x1Multiplier & mask);
  const high2 = i32x4.splat(x2Multiplier >> k), low2 = i32x4.splat(x2Multiplier & mask);
  const half1 = i32x4.splat(twice || r1 == 0 ? 1 << (k - 1) : 0), half2 = i32x4.splat(twice || r2 == 0 ? 1 << (k - 1) : 0);
  const right1 = i32x4.splat((1 << r1) >> 1), right2 = i32x4.splat((1 << r2) >> 1), tie = i32x4.splat(twice ? -1 : 0);
  const my = i32x4.splat(yMultiplier), shift = 1 - yShift, negative = i32x4.splat(twice ? 2 : 0);
  const addend = i32x4.splat((1 << -yShift) + i32(twice) + (yOffset << shift));
  const least = i8x16.splat(i8(yMin)), most = i8x16.splat(i8(yMax));
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const p = i16x8.add(v128.load8x8_s(x1 + i), o1), q = i16x8.add(v128.load8x8_s(x2 + i), o2);
    let a0 = i32x4.extend_low_i16x8_s(p), a1 = i32x4.extend_high_i16x8_s(p);
    a0 = exact ? i32x4.shl(a0, x1Left) : input(a0, high1, low1, half1, k, right1, tie, r1);
    a1 = exact ? i32x4.shl(a1, x1Left) : input(a1, high1, low1, half1, k, right1, tie, r1);
    const b0 = input(i32x4.extend_low_i16x8_s(q), high2, low2, half2, k, right2, tie, r2);
    const b1 = input(i32x4.extend_high_i16x8_s(q), high2, low2, half2, k, right2, tie, r2);
    const s0 = sign > 0 ? i32x4.add(a0, b0) : i32x4.sub(a0, b0);
    const s1 = sign > 0 ? i32x4.add(a1, b1) : i32x4.sub(a1, b1);
    const v = i16x8.narrow_i32x4_s(output(s0, my, addend, negative, shift, clamped), output(s1, my, addend, negative, shift, clamped));
    v128.store64_lane(y + i, i8x16.min_s(i8x16.max_s(i8x16.narrow_i16x8_s(v, v), least), most), 0);
  }
  return i;
}

export function elementwise_add_s8_ref(
  y: usize, x1: usize, x2: usize, n: i32,
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  scalar(y, x1, x2, n, 1, x1Offset, x1Multiplier, x1Shift, x2Offset, x2Multiplier, x2Shift, leftShift,
    yOffset, yMultiplier, yShift, yMin, yMax);
}

export function elementwise_add_s8(
  y: usize, x1: usize, x2: usize, n: i32,
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  let done = 0;
  if (isShort(x1Offset, x1Multiplier, x1Shift, x2Offset, x2Multiplier, x2Shift, leftShift, yMultiplier, yShift)) {
    // TFLite gives the input of the larger scale the multiplier 1/2: no rounding then.
    if (x1Multiplier == 1 << 30 && -x1Shift < leftShift) {
      done = add_exact(y, x1, x2, n, leftShift - 1 + x1Shift, x1Offset, x1Multiplier, x1Shift,
        x2Offset, x2Multiplier, x2Shift, leftShift, yOffset, yMultiplier, yShift, yMin, yMax);
    } else if (x2Multiplier == 1 << 30 && -x2Shift < leftShift) {
      done = add_exact(y, x2, x1, n, leftShift - 1 + x2Shift, x2Offset, x2Multiplier, x2Shift,
        x1Offset, x1Multiplier, x1Shift, leftShift, yOffset, yMultiplier, yShift, yMin, yMax);
    } else {
      done = short(y, x1, x2, n, 1, false, 0, false, x1Offset, x1Multiplier, x1Shift,
        x2Offset, x2Multiplier, x2Shift, leftShift, yOffset, yMultiplier, yShift, yMin, yMax);
    }
  }
  simd(y + done, x1 + done, x2 + done, n - done, 1, x1Offset, x1Multiplier, x1Shift, x2Offset, x2Multiplier, x2Shift, leftShift,
    yOffset, yMultiplier, yShift, yMin, yMax);
}

function add_exact(
  y: usize, x1: usize, x2: usize, n: i32, x1Left: i32,
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): i32 {
  return yMin >= yOffset
    ? short(y, x1, x2, n, 1, true, x1Left, true, x1Offset, x1Multiplier, x1Shift,
        x2Offset, x2Multiplier, x2Shift, leftShift, yOffset, yMultiplier, yShift, yMin, yMax)
    : short(y, x1, x2, n, 1, true, x1Left, false, x1Offset, x1Multiplier, x1Shift,
        x2Offset, x2Multiplier, x2Shift, leftShift, yOffset, yMultiplier, yShift, yMin, yMax);
}

export function elementwise_sub_s8_ref(
  y: usize, x1: usize, x2: usize, n: i32,
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  scalar(y, x1, x2, n, -1, x1Offset, x1Multiplier, x1Shift, x2Offset, x2Multiplier, x2Shift, leftShift,
    yOffset, yMultiplier, yShift, yMin, yMax);
}

export function elementwise_sub_s8(
  y: usize, x1: usize, x2: usize, n: i32,
  x1Offset: i32, x1Multiplier: i32, x1Shift: i32, x2Offset: i32, x2Multiplier: i32, x2Shift: i32, leftShift: i32,
  yOffset: i32, yMultiplier: i32, yShift: i32, yMin: i32, yMax: i32,
): void {
  let done = 0;
  if (isShort(x1Offset, x1Multiplier, x1Shift, x2Offset, x2Multiplier, x2Shift, leftShift, yMultiplier, yShift)) {
    done = short(y, x1, x2, n, -1, false, 0, false, x1Offset, x1Multiplier, x1Shift,
      x2Offset, x2Multiplier, x2Shift, leftShift, yOffset, yMultiplier, yShift, yMin, yMax);
  }
  simd(y + done, x1 + done, x2 + done, n - done, -1, x1Offset, x1Multiplier, x1Shift, x2Offset, x2Multiplier, x2Shift, leftShift,
    yOffset, yMultiplier, yShift, yMin, yMax);
}
