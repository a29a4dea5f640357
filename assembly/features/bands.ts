// Power or magnitude of a spectrum, in bands of overlapping triangles.
//
//   y u64 [bands]          written
//   z i32 [.., 2]          real and imaginary parts
//   t u16 [high - low, 3]  for each place its lower band, and the weights of that and of the next, Q16; 0: each place is a band
//
// Power is divided by 2^12, rounded, so that sums of products fit.

import { root } from "./root";

export function bands_u64(y: usize, z: usize, t: usize, low: i32, high: i32, bands: i32, isPower: i32): void {
  for (let b = 0; b < bands; b++) store<u64>(y + 8 * b, 0);
  for (let k = low; k < high; k++) {
    const re = i64(load<i32>(z + 8 * k)), im = i64(load<i32>(z + 8 * k, 4));
    const square = u64(re * re + im * im);
    const p = isPower ? (square + 2048) >> 12 : root(square);
    if (!t) {
      store<u64>(y + 8 * (k - low), p);
      continue;
    }
    const row = t + 6 * (k - low);
    const to = y + 8 * u32(load<u16>(row));
    const lower = u64(load<u16>(row, 2)), upper = u64(load<u16>(row, 4));
    store<u64>(to, load<u64>(to) + p * lower);
    if (upper) store<u64>(to + 8, load<u64>(to + 8) + p * upper);
  }
}
