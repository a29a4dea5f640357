// Mean, standard deviation, least, greatest and mean step of the samples of one channel.
//
//   y i32 [5]               written, in steps of the samples
//   x i16 [length * stride] every stride-th
export function stats_s16(y: usize, x: usize, length: i32, stride: i32): void {
  let sum: i64 = 0, steps: i64 = 0;
  let least: i32 = 32767, greatest: i32 = -32768, before = i32(load<i16>(x));
  for (let i = 0; i < length; i++) {
    const v = i32(load<i16>(x + 2 * i * stride));
    sum += i64(v);
    steps += i64(abs(v - before));
    before = v;
    least = min(least, v);
    greatest = max(greatest, v);
  }
  const mean = i32(sum / i64(length));
  let squares: i64 = 0;
  for (let i = 0; i < length; i++) {
    const v = i64(i32(load<i16>(x + 2 * i * stride)) - mean);
    squares += v * v;
  }
  const variance = squares / i64(length);
  // below 2^33: exact
  store<i32>(y, mean);
  store<i32>(y, i32(Math.sqrt(f64(variance))), 4);
  store<i32>(y, least, 8);
  store<i32>(y, greatest, 12);
  store<i32>(y, i32(steps / i64(max(1, length - 1))), 16);
}
