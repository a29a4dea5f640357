// Products of int8 activations and weights: the one thing that the two modules do in their own ways.
//
//                   thumbnet.wasm                       thumbnet_relaxed.wasm
//   activations     i16, x + xOffset                    u8, x + 128
//   weights         i16                                 i8
//   a word          4 bytes: 2 values                   4 values
//   instruction     i32x4.dot_i16x8_s and an addition   i32x4.relaxed_dot_i8x16_i7x16_add_s
//   padding         0                                   128 - xOffset
//   a sum starts    at the bias                         at the bias + (xOffset - 128) * the sum of the channel's weights
//
// The relaxed dot is exact here only where the host takes its second operand as unsigned and rounds or saturates nothing:
// `relaxed_dot_is_exact` decides, and elsewhere the second module is not used.

// @ts-ignore: decorator
@inline
const RELAXED: bool = ASC_FEATURE_RELAXED_SIMD;
/** A value of a row takes 1 << WIDTH bytes. */
// @ts-ignore: decorator
@inline
export const WIDTH: i32 = RELAXED ? 0 : 1;
/** Values of a word. */
// @ts-ignore: decorator
@inline
export const VALUES: i32 = 4 >> WIDTH;

/** Words of `n` values; where they do not fill the last one, its other weights are zeros. */
// @ts-ignore: decorator
@inline
export function words_of(n: i32): i32 {
  return (n + VALUES - 1) >> (2 - WIDTH);
}

/** Four sums, each with the products of one word of `a` and one of `w` added. */
// @ts-ignore: decorator
@inline
export function dot(sums: v128, a: v128, w: v128): v128 {
  if (RELAXED) return i32x4.relaxed_dot_i8x16_i7x16_add_s(w, a, sums);
  return i32x4.add(sums, i32x4.dot_i16x8_s(a, w));
}

/** Weight `i` of a packed word of one channel; words of a channel are 8 words apart. */
// @ts-ignore: decorator
@inline
function place(words: usize, i: i32): usize {
  return words + ((i >> (2 - WIDTH)) << 5) + ((i & (VALUES - 1)) << WIDTH);
}

// @ts-ignore: decorator
@inline
export function store_weight(words: usize, i: i32, w: i32): void {
  if (RELAXED) store<i8>(place(words, i), i8(w));
  else store<i16>(place(words, i), i16(w));
}

// @ts-ignore: decorator
@inline
export function load_weight(words: usize, i: i32): i32 {
  return RELAXED ? i32(load<i8>(place(words, i))) : i32(load<i16>(place(words, i)));
}

/** What is added to a channel's sum from the start. */
// @ts-ignore: decorator
@inline
export function correction(weights: i32, xOffset: i32): i32 {
  return RELAXED ? (xOffset - 128) * weights : 0;
}

/** One activation as a row holds it. */
// @ts-ignore: decorator
@inline
export function store_value(to: usize, x: i32, xOffset: i32): void {
  if (RELAXED) store<u8>(to, u8(x + 128));
  else store<i16>(to, i16(x + xOffset));
}

/** Fills `bytes` of a frame with what counts as 0. */
// @ts-ignore: decorator
@inline
export function clear_frame(frame: usize, bytes: i32, xOffset: i32): void {
  memory.fill(frame, RELAXED ? u8(128 - xOffset) : 0, bytes);
}
