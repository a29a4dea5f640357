// Dot products of rows.

/** Sum of (x + xOffset) * (w + wOffset) over n int8 values, in int32 (wrapping). Offsets within +-256. */
// @ts-ignore: decorator
@inline
export function dotS8(x: usize, w: usize, n: i32, xOffset: i32, wOffset: i32): i32 {
  const xo = i16x8.splat(i16(xOffset)), wo = i16x8.splat(i16(wOffset));
  let sum = i32x4.splat(0);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const a = i16x8.add(v128.load8x8_s(x + i), xo), b = i16x8.add(v128.load8x8_s(w + i), wo);
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
  }
  let total = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
  for (; i < n; i++) total += (load<i8>(x + i) + xOffset) * (load<i8>(w + i) + wOffset);
  return total;
}

/** Sum of x * w over n values, x int16, w int16 or int8, in int64. */
// @ts-ignore: decorator
@inline
export function dotS16<W>(x: usize, w: usize, n: i32): i64 {
  let sum: i64 = 0;
  for (let i = 0; i < n; i++) sum += i64(i32(load<i16>(x + (i << 1))) * i32(load<W>(w + i * sizeof<W>())));
  return sum;
}
