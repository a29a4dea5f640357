// Natural logarithm, 6 bits behind the point; 0 for numbers up to 1.
//
//   y i32 [n]    written
//   x u64 [n]    below 2^32, to be shifted left by `correction` (below 0: right), wrapping at 32 bits
//   t i16 [129]  log2(1 + i / 128) - i / 128, 16 bits behind the point
//
// What lies between two places of the table is weighted by 2^-16, not 2^-9: the original's numbers.
export function log16_u64(y: usize, x: usize, t: usize, n: i32, correction: i32): void {
  for (let i = 0; i < n; i++) {
    const given = u32(load<u64>(x + 8 * i));
    const v = correction < 0 ? given >> -correction : given << correction;
    let scaled: u32 = 0;
    if (v > 1) {
      const whole = 31 - i32(clz(v));
      const rest = v - (<u32>1 << whole);
      const part = i32(whole < 16 ? rest << (16 - whole) : rest >> (whole - 16));
      const at = t + 2 * (part >> 9);
      const low = i32(load<i16>(at));
      const log2 = (whole << 16) + part + low + (((i32(load<i16>(at, 2)) - low) * (part & 511)) >> 16);
      const natural = u32((u64(log2) * 45426 + 32768) >> 16);
      scaled = ((natural << 6) + 32768) >> 16;
    }
    store<u32>(y + 4 * i, scaled);
  }
}
