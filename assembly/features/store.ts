// Rounded to 16 bits: y = (x + half) >> shift, cut to what they hold.
export function store_s16(y: usize, x: usize, n: i32, shift: i32): void {
  const half = shift ? 1 << (shift - 1) : 0;
  for (let i = 0; i < n; i++) store<i16>(y + 2 * i, i16(max(-32768, min(32767, (load<i32>(x + 4 * i) + half) >> shift))));
}
