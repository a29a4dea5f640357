// Per-channel automatic gain: a signal times a gain that falls with the noise of its band, low values squared.
//
//   y        u64 [n]     below 2^32; written in place, 6 bits behind the point
//   estimate u32 [n]
//   t        i16 [125]   gains of 0 and 1, then start, slope and bend from each power of two on
//   shift                leaves 12 bits behind the point of signal times gain
export function pcan_u64(y: usize, estimate: usize, t: usize, n: i32, shift: i32): void {
  for (let b = 0; b < n; b++) {
    const noise = load<u32>(estimate + 4 * b);
    let gain = i32(load<i16>(t + 2 * (noise & 1)));
    if (noise > 1) {
      const bits = 32 - i32(clz(noise));
      const at = t + 2 * (4 * bits - 6);
      const part = i32((bits < 11 ? noise << (11 - bits) : noise >> (bits - 11)) & 0x3ff);
      const bent = (((i32(load<i16>(at, 4)) * part) >> 5) + (i32(load<i16>(at, 2)) << 5)) * part + 16384;
      gain = i32(load<i16>(at)) + (bent >> 15);
    }
    const snr = u32((load<u64>(y + 8 * b) * u64(u32(gain))) >> shift);
    store<u64>(y + 8 * b, u64(snr < 8192 ? (snr * snr) >> 20 : (snr >> 6) - 64));
  }
}
