// A frame of micro_speech: a window of 12 bits, then doubled until 16 bits are full.
//
//   y i32 [size + 3]        written: size numbers, pairs in the order that radix 4 begins with; last: how often they were doubled
//   x i16 [length * stride] every stride-th
//   w i16 [length]          Q12
import { digitsOf } from "./digits";

export function raised_s16(y: usize, x: usize, w: usize, length: i32, stride: i32, size: i32): void {
  let greatest: i32 = 0;
  for (let i = 0; i < size; i++) {
    const at = 2 * digitsOf(i >> 1, size >> 1) + (i & 1);
    const v = i < length ? (i32(load<i16>(x + 2 * i * stride)) * i32(load<i16>(w + 2 * i))) >> 12 : 0;
    greatest = max(greatest, abs(v));
    store<i32>(y + 4 * at, v);
  }
  const shift = max(0, clz(greatest) - 17);
  for (let i = 0; i < size; i++) store<i32>(y + 4 * i, load<i32>(y + 4 * i) << shift);
  store<i32>(y + 4 * size, shift, 8);
}
