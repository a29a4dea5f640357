// Logarithm of sums of energy.
//
//   y i32 [n]   written: unit * (log2(x + floor) + offset), 16 bits behind the point
//   x u64 [n]
//   t i32 [65]  log2(1 + i / 64), 16 bits behind the point; straight lines between
//   offset      16 bits behind the point; unit 14
export function log_u64(y: usize, x: usize, t: usize, n: i32, floor: u64, offset: i32, unit: i32): void {
  for (let i = 0; i < n; i++) {
    const v = load<u64>(x + 8 * i) + floor;
    const zeros = i32(clz(v));
    const part = u32((v << u64(zeros)) >> 32) & 0x7fffffff;
    const at = t + 4 * (part >> 25);
    const rest = i32((part >> 9) & 0xffff);
    const low = load<i32>(at);
    const log2 = ((63 - zeros) << 16) + low + (((load<i32>(at, 4) - low) * rest) >> 16) + offset;
    store<i32>(y + 4 * i, i32((i64(log2) * i64(unit) + 8192) >> 14));
  }
}
