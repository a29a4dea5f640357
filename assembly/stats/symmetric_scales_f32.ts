// Scale of each index along one axis that lets `top` stand for the largest magnitude; 1 where all is zero.
//
//   scales f32 [channels]                written
//   x      f32 [outer, channels, inner]
export function symmetric_scales_f32(scales: usize, x: usize, outer: i32, channels: i32, inner: i32, top: f32): void {
  for (let c = 0; c < channels; c++) {
    let largest: f32 = 0;
    for (let o = 0; o < outer; o++) {
      let at = x + (<usize>((o * channels + c) * inner) << 2);
      for (let i = 0; i < inner; i++, at += 4) largest = max(largest, abs(load<f32>(at)));
    }
    store<f32>(scales + (<usize>c << 2), largest > 0 ? largest / top : 1);
  }
}
