// Requantization of whole vectors whose lanes have a multiplier and a shift each.
//
// Both roundings are one floor: with p = x * multiplier and r = max(0, -shift), s = 1 where x < 0, else 0,
//
//   double, r > 0   (p + 2^30 + 2^(30 + r) - s * 2^31) >> (31 + r)
//   double, r = 0   ((p << shift) + 2^30) >> 31
//   single          (p + 2^(30 + r)) >> (31 + r)      with r = -shift
//
// because floor(floor(a / n) / m) = floor(a / (n * m)). Eight channels share R = max r + 2: x is first multiplied by 2^(R - r), so that all
// lanes end with the same shift and everything added is a multiple of 2^32; what is left is the high half of a product, one addition
// that depends on the sign, and a shift. The product needs |x| * 2^(R - r) < 2^31: `record` proves it from the weights, and marks the few
// blocks where it cannot, which then go lane by lane.
//
//   record, 240 bytes, one for 8 channels:
//     0 bias i32[8]  32 factor i32[8]  64 multiplier i32[8]  96 addend i32[8]  128 negative i32[8]  160 shift i32[8]
//     192 low i8[16]  208 high i8[16]  224 final shift  228 lane by lane?  232 y's offset  236 channels in use (1..8)
import { requantize } from "./requantize";
import { singleRounding } from "./rounding";

// @ts-ignore: decorator
@inline
export const RECORD: i32 = 240;

// @ts-ignore: decorator
@inline
function rescale(x: v128, factor: v128, multiplier: v128, addend: v128, negative: v128, shift: i32): v128 {
  const t = i32x4.mul(x, factor);
  const high = v128.shuffle<i32>(i64x2.extmul_low_i32x4_s(t, multiplier), i64x2.extmul_high_i32x4_s(t, multiplier), 1, 3, 5, 7);
  return i32x4.shr_s(i32x4.add(i32x4.sub(high, v128.and(negative, i32x4.shr_s(x, 31))), addend), shift);
}

/** Channels `at / 4` .. + 3 of a record. */
function laneByLane(x: v128, record: usize, at: usize): v128 {
  const r = record + at, offset = load<i32>(record, 232);
  let q = i32x4.splat(requantize(i32x4.extract_lane(x, 0), load<i32>(r, 64), load<i32>(r, 160)) + offset);
  q = i32x4.replace_lane(q, 1, requantize(i32x4.extract_lane(x, 1), load<i32>(r, 68), load<i32>(r, 164)) + offset);
  q = i32x4.replace_lane(q, 2, requantize(i32x4.extract_lane(x, 2), load<i32>(r, 72), load<i32>(r, 168)) + offset);
  return i32x4.replace_lane(q, 3, requantize(i32x4.extract_lane(x, 3), load<i32>(r, 76), load<i32>(r, 172)) + offset);
}

/** Two pixels of eight channels each: (a0, a1) and (b0, b1) become 16 clamped int8. */
// @ts-ignore: decorator
@inline
export function rescale2(a0: v128, a1: v128, b0: v128, b1: v128, record: usize): v128 {
  if (load<i32>(record, 228)) {
    a0 = laneByLane(a0, record, 0);
    a1 = laneByLane(a1, record, 16);
    b0 = laneByLane(b0, record, 0);
    b1 = laneByLane(b1, record, 16);
  } else {
    const shift = load<i32>(record, 224);
    const f0 = v128.load(record, 32), m0 = v128.load(record, 64), d0 = v128.load(record, 96), n0 = v128.load(record, 128);
    a0 = rescale(a0, f0, m0, d0, n0, shift);
    b0 = rescale(b0, f0, m0, d0, n0, shift);
    const f1 = v128.load(record, 48), m1 = v128.load(record, 80), d1 = v128.load(record, 112), n1 = v128.load(record, 144);
    a1 = rescale(a1, f1, m1, d1, n1, shift);
    b1 = rescale(b1, f1, m1, d1, n1, shift);
  }
  const q = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a0, a1), i16x8.narrow_i32x4_s(b0, b1));
  return i8x16.min_s(i8x16.max_s(q, v128.load(record, 192)), v128.load(record, 208));
}

/** The first `n` (1..8) bytes of `q`. */
export function store_bytes(y: usize, q: i64, n: i32): void {
  for (; n > 0; n--, y++, q >>= 8) store<i8>(y, i8(q));
}

/**
 * Fills the record of channels `from` .. (at most 8, below `channels`). Their weights are packed in `b`, i16 [pairs][8][2]; `largest` is
 * the greatest |activation|. `each` is 4 where every channel has its own multiplier and shift, 0 where all share one.
 */
export function fill_record(
  record: usize, from: i32, channels: i32, bias: usize, b: usize, pairs: i32, largest: i32,
  multiplier: usize, shift: usize, each: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const n = min(8, channels - from);
  memory.fill(record, 0, RECORD);
  let right = 0;
  for (let c = 0; c < n; c++) right = max(right, -load<i32>(shift + (from + c) * each));
  const all = right + 2;
  let slow = i32(all > 28);
  for (let c = 0; c < n && !slow; c++) {
    const r = record + (c << 2), s = load<i32>(shift + (from + c) * each), m = load<i32>(multiplier + (from + c) * each);
    const up = all + s, twice = singleRounding == 0 && s < 0;
    let most = bias ? abs(i64(load<i32>(bias + ((from + c) << 2)))) : 0;
    for (let i = 0, w = b + (c << 2); i < pairs; i++, w += 32) {
      most += i64((abs(i32(load<i16>(w))) + abs(i32(load<i16>(w, 2)))) * largest);
    }
    // The scaled sum, and the result with y's offset and the addends, must both stay inside int32.
    if (m < 0 || up > 30 || most >= (i64(1) << (31 - up)) || (((most << up) * i64(m)) >> 32) + (i64(258) << (all - 1)) >= 0x7fffffff) slow = 1;
    store<i32>(r, 1 << up, 32);
    store<i32>(r, (1 << (all - 2)) + (twice ? 1 << (up - 2) : 0) + (yOffset << (all - 1)), 96);
    store<i32>(r, twice ? 1 << (up - 1) : 0, 128);
  }
  for (let c = 0; c < n; c++) {
    const r = record + (c << 2);
    if (bias) store<i32>(r, load<i32>(bias + ((from + c) << 2)));
    store<i32>(r, load<i32>(multiplier + (from + c) * each), 64);
    store<i32>(r, load<i32>(shift + (from + c) * each), 160);
  }
  v128.store(record, i8x16.splat(i8(yMin)), 192);
  v128.store(record, i8x16.splat(i8(yMax)), 208);
  store<i32>(record, all - 1, 224);
  store<i32>(record, slow, 228);
  store<i32>(record, yOffset, 232);
  store<i32>(record, n, 236);
}
