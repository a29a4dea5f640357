// Numbers as another type. Integers keep their low bits; real numbers lose what is behind the point, what does not fit saturates, and NaN gives 0.
//
//   types  0 i8, 1 u8, 2 i16, 3 i32, 4 i64, 5 f32

// @ts-ignore: decorator
@inline
function whole(x: usize, i: i32, type: i32): i64 {
  if (type == 0) return load<i8>(x + i);
  if (type == 1) return load<u8>(x + i);
  if (type == 2) return load<i16>(x + (i << 1));
  if (type == 3) return load<i32>(x + (i << 2));
  return load<i64>(x + (i << 3));
}

// @ts-ignore: decorator
@inline
function keep(y: usize, i: i32, type: i32, v: i64): void {
  if (type < 2) store<i8>(y + i, <i8>v);
  else if (type == 2) store<i16>(y + (i << 1), <i16>v);
  else if (type == 3) store<i32>(y + (i << 2), <i32>v);
  else store<i64>(y + (i << 3), v);
}

/** x as a whole number of the type. */
// @ts-ignore: decorator
@inline
function saturated(x: f32, type: i32): i64 {
  if (x != x) return 0;
  const v = <i64>min<f64>(max<f64>(x, -9223372036854775808.0), 9223372036854774784);
  if (type == 1) return min<i64>(max<i64>(v, 0), 255);
  if (type == 4) return v;
  const top = (<i64>1 << (type == 0 ? 7 : type == 2 ? 15 : 31)) - 1;
  return min<i64>(max<i64>(v, -top - 1), top);
}

export function cast(y: usize, x: usize, n: i32, to: i32, from: i32): void {
  for (let i = 0; i < n; i++) {
    if (from == 5) keep(y, i, to, saturated(load<f32>(x + (i << 2)), to));
    else if (to == 5) store<f32>(y + (i << 2), <f32>whole(x, i, from));
    else keep(y, i, to, whole(x, i, from));
  }
}
