// Clamps on raw integers.
//
// Source: CMSIS-NN 99f736a, arm_relu6_s8, arm_relu_q7, arm_relu_q15 (there in place).

export function clamp_s8(y: usize, x: usize, n: i32, lo: i32, hi: i32): void {
  const low = i8x16.splat(i8(lo)), high = i8x16.splat(i8(hi));
  let i = 0;
  for (; i + 16 <= n; i += 16) v128.store(y + i, i8x16.min_s(i8x16.max_s(v128.load(x + i), low), high));
  for (; i < n; i++) store<i8>(y + i, min(max<i32>(load<i8>(x + i), lo), hi));
}

export function clamp_s16(y: usize, x: usize, n: i32, lo: i32, hi: i32): void {
  const low = i16x8.splat(i16(lo)), high = i16x8.splat(i16(hi));
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = i << 1;
    v128.store(y + at, i16x8.min_s(i16x8.max_s(v128.load(x + at), low), high));
  }
  for (; i < n; i++) store<i16>(y + (i << 1), min(max<i32>(load<i16>(x + (i << 1)), lo), hi));
}
