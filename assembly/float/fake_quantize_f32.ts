// Fake quantization of x [outer, channels, inner], one scale and zero point for each channel.
//
//   y      f32, as x  written: scale * (q - zero), q = clamp(round(x / scale) + zero, qMin, qMax), ties to even; y may be x
//   scales f32 [channels], above 0
//   zeros  f32 [channels], whole numbers

export function fake_quantize_f32(
  y: usize, x: usize, scales: usize, zeros: usize, outer: i32, channels: i32, inner: i32, qMin: f32, qMax: f32,
): void {
  for (let o = 0; o < outer; o++) for (let c = 0; c < channels; c++) {
    const scale = load<f32>(scales + (c << 2)), zero = load<f32>(zeros + (c << 2)), low = qMin - zero, high = qMax - zero;
    const s = f32x4.splat(scale), l = f32x4.splat(low), h = f32x4.splat(high);
    let i = 0;
    for (; i <= inner - 4; i += 4, x += 16, y += 16) {
      v128.store(y, f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.nearest(f32x4.div(v128.load(x), s)), l), h), s));
    }
    for (; i < inner; i++, x += 4, y += 4) store<f32>(y, min(max(nearest<f32>(load<f32>(x) / scale), low), high) * scale);
  }
}

/**
 * Straight-through gradients: dx += dy inside the range. Learned steps (LSQ, Esser et al. 2020):
 * dscale [channels] += gain * sum of dy * (round(x / scale) - x / scale), outside the range dy * (qMin - zero) or (qMax - zero).
 * LSQ+ (Bhalgat et al. 2020): dzero [channels] += gain * sum of -scale * dy outside the range. Each may be 0.
 */
export function fake_quantize_grad_f32(
  dx: usize, dscale: usize, dzero: usize, dy: usize, x: usize, scales: usize, zeros: usize,
  outer: i32, channels: i32, inner: i32, qMin: f32, qMax: f32, gain: f32,
): void {
  for (let o = 0; o < outer; o++) for (let c = 0; c < channels; c++) {
    const scale = load<f32>(scales + (c << 2)), zero = load<f32>(zeros + (c << 2)), low = qMin - zero, high = qMax - zero;
    let ds: f64 = 0, dz: f64 = 0;
    for (let i = 0; i < inner; i++, x += 4, dy += 4) {
      const g = load<f32>(dy), t = load<f32>(x) / scale, q = nearest<f32>(t);
      if (q < low) {
        ds += <f64>(g * low);
        dz -= <f64>(g * scale);
      } else if (q > high) {
        ds += <f64>(g * high);
        dz -= <f64>(g * scale);
      } else {
        ds += <f64>(g * (q - t));
        if (dx) store<f32>(dx, load<f32>(dx) + g);
      }
      if (dx) dx += 4;
    }
    if (dscale) store<f32>(dscale + (c << 2), load<f32>(dscale + (c << 2)) + <f32>ds * gain);
    if (dzero) store<f32>(dzero + (c << 2), load<f32>(dzero + (c << 2)) + <f32>dz * gain);
  }
}
