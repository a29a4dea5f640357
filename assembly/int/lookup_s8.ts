// A function of one int8 value by its table.
//
//   y  i8 [n]
//   x  i8 [n]
//   table  i8 [256], entry x + 128

export function lookup_s8(y: usize, x: usize, n: i32, table: usize): void {
  const zero = table + 128;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const a = load<i8>(zero + load<i8>(x + i)), b = load<i8>(zero + load<i8>(x + i, 1));
    const c = load<i8>(zero + load<i8>(x + i, 2)), d = load<i8>(zero + load<i8>(x + i, 3));
    store<i8>(y + i, a);
    store<i8>(y + i, b, 1);
    store<i8>(y + i, c, 2);
    store<i8>(y + i, d, 3);
  }
  for (; i < n; i++) store<i8>(y + i, load<i8>(zero + load<i8>(x + i)));
}
