// An estimate of each band's noise, followed over the frames, is taken away; a share of the signal stays.
//
//   y        u64 [n]  below 2^32; written in place
//   estimate u32 [n]  10 bits finer; kept from frame to frame
//   even, odd, remain Q14
export function noise_u64(y: usize, estimate: usize, n: i32, even: i32, odd: i32, remain: i32): void {
  for (let b = 0; b < n; b++) {
    const pace = u64(b & 1 ? odd : even);
    const signal = load<u64>(y + 8 * b);
    const up = u32(signal << 10);
    const noise = u32((u64(up) * pace + u64(load<u32>(estimate + 4 * b)) * (16384 - pace)) >> 14);
    const rest = (noise < up ? up - noise : 0) >> 10;
    const least = u32((signal * u64(remain)) >> 14);
    store<u32>(estimate + 4 * b, noise);
    store<u64>(y + 8 * b, u64(max(rest, least)));
  }
}
