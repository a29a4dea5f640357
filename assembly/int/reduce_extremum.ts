// Largest or smallest element over the middle axis.
//
//   y  [outer, inner]
//   x  [outer, n, inner]
//   largest  1: the largest, 0: the smallest

// @ts-ignore: decorator
@inline
function reduce<T>(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  const row = inner * sizeof<T>();
  for (let o = 0; o < outer; o++, y += row) {
    memory.copy(y, x, row);
    x += row;
    for (let r = 1; r < n; r++) {
      for (let at = y; at < y + row; at += sizeof<T>(), x += sizeof<T>()) {
        const v = load<T>(x), best = load<T>(at);
        if (largest ? v > best : v < best) store<T>(at, v);
      }
    }
  }
}

export function reduce_extremum_s8(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  reduce<i8>(y, x, outer, n, inner, largest);
}

export function reduce_extremum_s16(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  reduce<i16>(y, x, outer, n, inner, largest);
}

export function reduce_extremum_f32(y: usize, x: usize, outer: i32, n: i32, inner: i32, largest: i32): void {
  reduce<f32>(y, x, outer, n, inner, largest);
}

/** dx += dy at the first of equals. */
export function reduce_extremum_grad_f32(dx: usize, dy: usize, y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  const step = inner << 2;
  for (let o = 0; o < outer; o++, x += n * step, dx += n * step, y += step, dy += step) {
    for (let k = 0; k < step; k += 4) {
      let at = k;
      for (let r = 1; r < n && load<f32>(x + at) != load<f32>(y + k); r++) at += step;
      store<f32>(dx + at, load<f32>(dx + at) + load<f32>(dy + k));
    }
  }
}
