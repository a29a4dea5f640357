// Samples of one channel as a frame: the mean taken away, high frequencies raised, multiplied by a window, filled with zeros.
//
//   y i32 [size]            written: v * 2^(15 - shift)
//   x i16 [length * stride] every stride-th
//   w i16 [length] or 0     Q15; 0: no window
//   emphasis                Q15: v[n] - emphasis * v[n - 1], v[-1] = 0
//
// 64-bit products: v has up to 18 bits.
export function frame_s16(
  y: usize, x: usize, w: usize, length: i32, stride: i32, size: i32, shift: i32, emphasis: i32, centred: i32,
): void {
  let mean: i32 = 0;
  if (centred) {
    let sum: i64 = 0;
    for (let i = 0; i < length; i++) sum += i64(load<i16>(x + 2 * i * stride));
    mean = i32(sum / i64(length));
  }
  let before: i32 = 0;
  for (let i = 0; i < length; i++) {
    const v = i32(load<i16>(x + 2 * i * stride)) - mean;
    const raised = v - i32((i64(emphasis) * i64(before)) >> 15);
    before = v;
    const weight = w ? i64(load<i16>(w + 2 * i)) : 32768;
    store<i32>(y + 4 * i, i32((i64(raised) * weight) >> i64(shift)));
  }
  for (let i = length; i < size; i++) store<i32>(y + 4 * i, 0);
}
