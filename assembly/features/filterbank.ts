// Power of a spectrum in overlapping triangles, its root rounded, and the doublings of the frame undone.
//
//   y u64 [bands]           written, below 2^32
//   z i32 [size + 3]        real and imaginary parts of 16 bits; last: how often the frame was doubled
//   t u16 [to - from, 3]    for each place its band, and the weights in that and in the next, Q12
//
// A root of 65535 is not rounded up, as the original's of 32 bits is not.
import { root } from "./root";

export function filterbank_u64(y: usize, z: usize, t: usize, from: i32, to: i32, bands: i32, size: i32): void {
  for (let b = 0; b < bands; b++) store<u64>(y + 8 * b, 0);
  for (let k = from; k < to; k++) {
    const re = load<i32>(z + 8 * k), im = load<i32>(z + 8 * k, 4);
    const power = u64(u32(re * re) + u32(im * im));
    const row = t + 6 * (k - from);
    const at = y + 8 * u32(load<u16>(row));
    const next = u64(load<u16>(row, 4));
    store<u64>(at, load<u64>(at) + power * u64(load<u16>(row, 2)));
    if (next) store<u64>(at + 8, load<u64>(at + 8) + power * next);
  }
  const shift = u64(load<i32>(z + 4 * size, 8));
  for (let b = 0; b < bands; b++) {
    const sum = load<u64>(y + 8 * b);
    let r = root(sum);
    if (sum - r * r > r && r != 65535) r++;
    store<u64>(y + 8 * b, r >> shift);
  }
}
