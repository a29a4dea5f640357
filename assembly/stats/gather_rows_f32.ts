// What a layer reads at single places of its output, row by row, and the constant 1 behind it.
//
//   rows   f32 [count, kH * kW * inC + one]   written; zeros where a place reads beyond the border
//   x      f32 [count / each, inH, inW, inC]
//   places i32 [count]                        y * outW + x, `each` places of one example after another

export function gather_rows_f32(
  rows: usize, x: usize, places: usize, count: i32, each: i32, inH: i32, inW: i32, inC: i32, outW: i32,
  kH: i32, kW: i32, sH: i32, sW: i32, top: i32, left: i32, dH: i32, dW: i32, one: i32,
): void {
  const pixel = inC << 2, example = inH * inW * pixel;
  for (let r = 0; r < count; r++, places += 4) {
    const place = load<i32>(places), from = x + (r / each) * example;
    const y0 = (place / outW) * sH - top, x0 = (place % outW) * sW - left;
    for (let ky = 0; ky < kH; ky++) {
      const y = y0 + ky * dH;
      for (let kx = 0; kx < kW; kx++, rows += pixel) {
        const c = x0 + kx * dW;
        if (y < 0 || y >= inH || c < 0 || c >= inW) memory.fill(rows, 0, pixel);
        else memory.copy(rows, from + (y * inW + c) * pixel, pixel);
      }
    }
    if (one) {
      store<f32>(rows, 1);
      rows += 4;
    }
  }
}
