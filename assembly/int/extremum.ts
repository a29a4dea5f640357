// Elementwise minimum and maximum of two tensors of one scale and zero point.
//
//   y, x1, x2  i8 or i16 [n]
//
// Source: CMSIS-NN 99f736a, arm_minimum_s8 and arm_maximum_s8; TFLite's reference MaximumMinimum (int16).

export function minimum_s8(y: usize, x1: usize, x2: usize, n: i32): void {
  let i = 0;
  for (; i + 16 <= n; i += 16) v128.store(y + i, i8x16.min_s(v128.load(x1 + i), v128.load(x2 + i)));
  for (; i < n; i++) store<i8>(y + i, min(load<i8>(x1 + i), load<i8>(x2 + i)));
}

export function maximum_s8(y: usize, x1: usize, x2: usize, n: i32): void {
  let i = 0;
  for (; i + 16 <= n; i += 16) v128.store(y + i, i8x16.max_s(v128.load(x1 + i), v128.load(x2 + i)));
  for (; i < n; i++) store<i8>(y + i, max(load<i8>(x1 + i), load<i8>(x2 + i)));
}

export function minimum_s16(y: usize, x1: usize, x2: usize, n: i32): void {
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = i << 1;
    v128.store(y + at, i16x8.min_s(v128.load(x1 + at), v128.load(x2 + at)));
  }
  for (; i < n; i++) store<i16>(y + (i << 1), min(load<i16>(x1 + (i << 1)), load<i16>(x2 + (i << 1))));
}

export function maximum_s16(y: usize, x1: usize, x2: usize, n: i32): void {
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = i << 1;
    v128.store(y + at, i16x8.max_s(v128.load(x1 + at), v128.load(x2 + at)));
  }
  for (; i < n; i++) store<i16>(y + (i << 1), max(load<i16>(x1 + (i << 1)), load<i16>(x2 + (i << 1))));
}
