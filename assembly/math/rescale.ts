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
// blocks where it cannot, which are then computed lane by lane.
//
// Where the clamp begins at y's zero point (ReLU), negative sums end there with or without s, so that the sign is not asked for; these
// blocks, nearly all of a network, share R = 15 as well.
//
//   record, 256 bytes, one for 8 channels:
//     0 start of the sums i32[8]  32 factor i32[8]  64 multiplier i32[8]  96 addend i32[8]  128 negative i32[8]  160 shift i32[8]
//     192 low i8[16]  208 high i8[16]  224 final shift  228 way  232 y's offset  236 channels in use (1..8)  240 zero
import { correction, load_weight, VALUES } from "./products";
import { clamp, requantize } from "./requantize";
import { singleRounding } from "./rounding";

// @ts-ignore: decorator
@inline
export const RECORD: i32 = 256;
/** Where a record holds the list of one piece at 0. */
// @ts-ignore: decorator
@inline
export const ONE_PIECE: i32 = 240;

// The ways of a record.
// @ts-ignore: decorator
@inline
const UNSIGNED: i32 = 0;
// @ts-ignore: decorator
@inline
const SIGNED: i32 = 1;
// @ts-ignore: decorator
@inline
const LANES: i32 = 2;
// @ts-ignore: decorator
@inline
const VARIES: i32 = i32.MIN_VALUE;
/** R of all unsigned records. */
// @ts-ignore: decorator
@inline
const COMMON: i32 = 15;

/** High halves of the four products. */
// @ts-ignore: decorator
@inline
function scale(x: v128, factor: v128, multiplier: v128): v128 {
  const t = i32x4.mul(x, factor);
  return v128.shuffle<i32>(i64x2.extmul_low_i32x4_s(t, multiplier), i64x2.extmul_high_i32x4_s(t, multiplier), 1, 3, 5, 7);
}

// @ts-ignore: decorator
@inline
function unsigned(x: v128, factor: v128, multiplier: v128, addend: v128): v128 {
  return i32x4.shr_s(i32x4.add(scale(x, factor, multiplier), addend), COMMON - 1);
}

// @ts-ignore: decorator
@inline
function signed(x: v128, factor: v128, multiplier: v128, addend: v128, negative: v128, shift: i32): v128 {
  const high = i32x4.sub(scale(x, factor, multiplier), v128.and(negative, i32x4.shr_s(x, 31)));
  return i32x4.shr_s(i32x4.add(high, addend), shift);
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
  const way = load<i32>(record, 228);
  if (way == LANES) {
    a0 = laneByLane(a0, record, 0);
    a1 = laneByLane(a1, record, 16);
    b0 = laneByLane(b0, record, 0);
    b1 = laneByLane(b1, record, 16);
  } else {
    const f0 = v128.load(record, 32), f1 = v128.load(record, 48), m0 = v128.load(record, 64), m1 = v128.load(record, 80);
    const d0 = v128.load(record, 96), d1 = v128.load(record, 112);
    if (way == UNSIGNED) {
      a0 = unsigned(a0, f0, m0, d0);
      b0 = unsigned(b0, f0, m0, d0);
      a1 = unsigned(a1, f1, m1, d1);
      b1 = unsigned(b1, f1, m1, d1);
    } else {
      const n0 = v128.load(record, 128), n1 = v128.load(record, 144), shift = load<i32>(record, 224);
      a0 = signed(a0, f0, m0, d0, n0, shift);
      b0 = signed(b0, f0, m0, d0, n0, shift);
      a1 = signed(a1, f1, m1, d1, n1, shift);
      b1 = signed(b1, f1, m1, d1, n1, shift);
    }
  }
  const q = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a0, a1), i16x8.narrow_i32x4_s(b0, b1));
  return i8x16.min_s(i8x16.max_s(q, v128.load(record, 192)), v128.load(record, 208));
}

/** The first `n` (1..8) bytes of `q`. */
export function store_bytes(y: usize, q: i64, n: i32): void {
  for (; n > 0; n--, y++, q >>= 8) store<i8>(y, i8(q));
}

/** Four rows of `n` (1..8) bytes: the halves of q0 and q1. */
// @ts-ignore: decorator
@inline
export function store4(y0: usize, y1: usize, y2: usize, y3: usize, q0: v128, q1: v128, n: i32): void {
  if (n == 8) {
    v128.store64_lane(y0, q0, 0);
    v128.store64_lane(y1, q0, 1);
    v128.store64_lane(y2, q1, 0);
    v128.store64_lane(y3, q1, 1);
    return;
  }
  store_bytes(y0, i64x2.extract_lane(q0, 0), n);
  store_bytes(y1, i64x2.extract_lane(q0, 1), n);
  store_bytes(y2, i64x2.extract_lane(q1, 0), n);
  store_bytes(y3, i64x2.extract_lane(q1, 1), n);
}

/**
 * Fills the record of channels `from` .. (at most 8, below `channels`). Their weights are packed in `b`, [words][8 channels][values
 * of a word]. `each` is 4 where every channel has its own multiplier and shift, 0 where all share one.
 */
export function fill_record(
  record: usize, from: i32, channels: i32, bias: usize, b: usize, words: i32, xOffset: i32,
  multiplier: usize, shift: usize, each: i32, yOffset: i32, yMin: i32, yMax: i32,
): void {
  const n = min(8, channels - from), largest = max(abs(xOffset - 128), abs(xOffset + 127));
  memory.fill(record, 0, RECORD);
  for (let c = 0; c < n; c++) {
    const r = record + (c << 2);
    if (bias) store<i32>(r, load<i32>(bias + ((from + c) << 2)));
    store<i32>(r, load<i32>(multiplier + (from + c) * each), 64);
    store<i32>(r, load<i32>(shift + (from + c) * each), 160);
  }
  v128.store(record, i8x16.splat(i8(yMin)), 192);
  v128.store(record, i8x16.splat(i8(yMax)), 208);
  store<i32>(record, yOffset, 232);
  store<i32>(record, n, 236);
  let right = 0;
  for (let c = 0; c < n; c++) {
    const varies = constant(record, c, reach(b + (c << 2), words, largest)) == VARIES;
    if (varies) right = max(right, -load<i32>(record + (c << 2), 160));
  }
  const clamped = yMin >= yOffset || singleRounding != 0;
  if (clamped && right + 2 <= COMMON && fits(record, n, b, words, largest, COMMON)) store<i32>(record, UNSIGNED, 228);
  else if (right + 2 <= 28 && fits(record, n, b, words, largest, right + 2)) store<i32>(record, SIGNED, 228);
  else store<i32>(record, LANES, 228);
  // From here on no longer the bias alone, which the proofs above rest on.
  for (let c = 0; c < n; c++) {
    const r = record + (c << 2);
    store<i32>(r, load<i32>(r) + correction(sum_of(b + (c << 2), words), xOffset));
  }
}

/** The sum of a channel's weights. */
function sum_of(w: usize, words: i32): i32 {
  let sum = 0;
  for (let i = 0; i < words * VALUES; i++) sum += load_weight(w, i);
  return sum;
}

/** The largest |sum of products| of a channel. */
function reach(w: usize, words: i32, largest: i32): i64 {
  let most: i64 = 0;
  for (let i = 0; i < words * VALUES; i++) most += i64(abs(load_weight(w, i)) * largest);
  return most;
}

/**
 * The output of channel `c` where every reachable sum gives the same one, else VARIES. Channels without weights are often given scales that
 * go with nothing else in their block.
 */
function constant(record: usize, c: i32, most: i64): i32 {
  const r = record + (c << 2), bias = i64(load<i32>(r)), m = load<i32>(r, 64), s = load<i32>(r, 160);
  if (m < 0 || abs(bias) + most >= i64(0x7fffffff) >> max(s, 0)) return VARIES;
  const yOffset = load<i32>(record, 232), yMin = i32(load<i8>(record, 192)), yMax = i32(load<i8>(record, 208));
  const low = clamp(requantize(i32(bias - most), m, s) + yOffset, yMin, yMax);
  return low == clamp(requantize(i32(bias + most), m, s) + yOffset, yMin, yMax) ? low : VARIES;
}

/** Fills in what rescaling with `all` as R takes; whether int32 holds every sum of channels 0 .. n - 1 on the way. */
function fits(record: usize, n: i32, b: usize, words: i32, largest: i32, all: i32): bool {
  store<i32>(record, all - 1, 224);
  for (let c = 0; c < n; c++) {
    const r = record + (c << 2), m = load<i32>(r, 64), s = load<i32>(r, 160), up = all + s, twice = singleRounding == 0 && s < 0;
    let most = reach(b + (c << 2), words, largest);
    const only = constant(record, c, most);
    if (only != VARIES) {
      store<i32>(r, 0, 32);
      store<i32>(r, only << (all - 1), 96);
      store<i32>(r, 0, 128);
      continue;
    }
    most += abs(i64(load<i32>(r)));
    // The scaled sum, and the result with y's offset and the addends.
    if (m < 0 || up > 30 || most >= (i64(1) << (31 - up)) || (((most << up) * i64(m)) >> 32) + (i64(258) << (all - 1)) >= 0x7fffffff) return false;
    store<i32>(r, 1 << up, 32);
    store<i32>(r, (1 << (all - 2)) + (twice ? 1 << (up - 2) : 0) + (load<i32>(record, 232) << (all - 1)), 96);
    store<i32>(r, twice ? 1 << (up - 1) : 0, 128);
  }
  return true;
}
