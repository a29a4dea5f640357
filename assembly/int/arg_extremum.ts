// Place of the largest or smallest element over the middle axis, the first of equals; a NaN is never it unless it stands first.
//
//   y  i32 or i64 (`wide`) [outer, inner]
//   x  [outer, n, inner]

// @ts-ignore: decorator
@inline
function search<T>(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32, wide: i32): void {
  for (let o = 0; o < outer; o++, x += n * inner * sizeof<T>()) for (let k = 0; k < inner; k++, y += wide ? 8 : 4) {
    let best = load<T>(x + k * sizeof<T>()), place = 0;
    for (let i = 1; i < n; i++) {
      const v = load<T>(x + (i * inner + k) * sizeof<T>());
      if (largest ? v > best : v < best) {
        best = v;
        place = i;
      }
    }
    if (wide) store<i64>(y, place);
    else store<i32>(y, place);
  }
}

export function arg_extremum_s8(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32, wide: i32): void {
  search<i8>(y, x, outer, n, inner, largest, wide);
}

export function arg_extremum_u8(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32, wide: i32): void {
  search<u8>(y, x, outer, n, inner, largest, wide);
}

export function arg_extremum_s16(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32, wide: i32): void {
  search<i16>(y, x, outer, n, inner, largest, wide);
}

export function arg_extremum_f32(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32, wide: i32): void {
  search<f32>(y, x, outer, n, inner, largest, wide);
}
