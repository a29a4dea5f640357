// What the relaxed dot does on this host. The standard leaves open whether the second operand is signed where it exceeds 127, and whether pairs of
// products saturate 16 bits; within one host the answer never changes.
import { dot } from "../math/products";

// @ts-ignore: decorator
@inline
function expected(w: v128, a: v128, sum: i32): i32 {
  return sum + i32(i8x16.extract_lane_s(w, 0)) * i32(i8x16.extract_lane_u(a, 0)) + i32(i8x16.extract_lane_s(w, 1)) * i32(i8x16.extract_lane_u(a, 1)) +
    i32(i8x16.extract_lane_s(w, 2)) * i32(i8x16.extract_lane_u(a, 2)) + i32(i8x16.extract_lane_s(w, 3)) * i32(i8x16.extract_lane_u(a, 3));
}

/** Whether all four sums of one dot are exact. The operands' words are turned, so that each takes every place. */
function one(w: v128, a: v128, sum: i32): bool {
  const got = dot(i32x4.splat(sum), a, w);
  const w1 = v128.shuffle<i32>(w, w, 1, 2, 3, 0), a1 = v128.shuffle<i32>(a, a, 1, 2, 3, 0);
  const w2 = v128.shuffle<i32>(w, w, 2, 3, 0, 1), a2 = v128.shuffle<i32>(a, a, 2, 3, 0, 1);
  const w3 = v128.shuffle<i32>(w, w, 3, 0, 1, 2), a3 = v128.shuffle<i32>(a, a, 3, 0, 1, 2);
  return i32x4.extract_lane(got, 0) == expected(w, a, sum) && i32x4.extract_lane(got, 1) == expected(w1, a1, sum) &&
    i32x4.extract_lane(got, 2) == expected(w2, a2, sum) && i32x4.extract_lane(got, 3) == expected(w3, a3, sum);
}

/**
 * 1 where a dot (products.ts) of this host gives exactly sum + w * a, w in -128..127 and a in 0..255, modulo 2^32: every
 * product of the two, four extremes at a time (what saturates 16 bits shows) in sums that wrap, and bytes of any kind.
 */
export function relaxed_dot_is_exact(): i32 {
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (let w = -128; w < 128; w++) for (let a = 0; a < 256; a += 16) {
    if (!one(i8x16.splat(i8(w)), i8x16.add(i8x16.splat(i8(a)), places), w * a)) return 0;
  }
  const extremes = i8x16(-128, -127, -2, -1, 0, 1, 2, 63, 64, 126, 127, -64, -65, 32, -32, 85);
  for (let i = 0; i < 16; i++) for (let j = 0; j < 16; j++) {
    const w = i8x16.swizzle(extremes, i8x16.splat(i8(i))), a = i8x16.swizzle(extremes, i8x16.splat(i8(j)));
    if (!one(w, a, i32.MAX_VALUE) || !one(w, a, i32.MIN_VALUE)) return 0;
  }
  // A small generator.
  let state = i32x4(1, 2, 3, 4);
  for (let i = 0; i < 1000; i++) {
    state = i32x4.add(i32x4.mul(state, i32x4.splat(1664525)), i32x4.splat(1013904223));
    const w = i8x16.swizzle(state, i8x16(3, 2, 7, 6, 11, 10, 15, 14, 2, 3, 6, 7, 10, 11, 14, 15));
    const a = i8x16.swizzle(state, i8x16(15, 11, 7, 3, 14, 10, 6, 2, 3, 7, 11, 15, 2, 6, 10, 14));
    if (!one(w, a, i32x4.extract_lane(state, 0))) return 0;
  }
  return 1;
}
