// Fake quantization of x [outer, channels, inner], one scale for each channel and one zero point for all.
//
//   y      f32, as x  written: scale * (q - zero), q = clamp(round(x / scale + zero), qMin, qMax); y may be x
//   scales f32 [channels], above 0
//   zero   a whole number
//
// Ties go away from zero, as where integers are made.
import { roundAway, roundAwayX4 } from "../math/round_away";

export function fake_quantize_f32(
  y: usize, x: usize, scales: usize, outer: i32, channels: i32, inner: i32, zero: f32, qMin: f32, qMax: f32,
): void {
  const z = f32x4.splat(zero), l = f32x4.splat(qMin), h = f32x4.splat(qMax);
  for (let o = 0; o < outer; o++) for (let c = 0; c < channels; c++) {
    const scale = load<f32>(scales + (c << 2)), s = f32x4.splat(scale);
    let i = 0;
    for (; i <= inner - 4; i += 4, x += 16, y += 16) {
      const q = roundAwayX4(f32x4.add(f32x4.div(v128.load(x), s), z));
      v128.store(y, f32x4.mul(f32x4.sub(f32x4.pmin(f32x4.pmax(q, l), h), z), s));
    }
    for (; i < inner; i++, x += 4, y += 4) {
      store<f32>(y, (min(max(roundAway(load<f32>(x) / scale + zero), qMin), qMax) - zero) * scale);
    }
  }
}

/** Straight-through gradient: dx += dy where rounding stays in the range. */
export function fake_quantize_grad_x_f32(
  dx: usize, dy: usize, x: usize, scales: usize, outer: i32, channels: i32, inner: i32, zero: f32, qMin: f32, qMax: f32,
): void {
  const low = qMin - zero - 0.5, high = qMax - zero + 0.5, l = f32x4.splat(low), h = f32x4.splat(high);
  for (let o = 0; o < outer; o++) for (let c = 0; c < channels; c++) {
    const scale = load<f32>(scales + (c << 2)), s = f32x4.splat(scale);
    let i = 0;
    for (; i <= inner - 4; i += 4, x += 16, dy += 16, dx += 16) {
      const t = f32x4.div(v128.load(x), s), inside = v128.and(f32x4.gt(t, l), f32x4.lt(t, h));
      v128.store(dx, f32x4.add(v128.load(dx), v128.and(v128.load(dy), inside)));
    }
    for (; i < inner; i++, x += 4, dy += 4, dx += 4) {
      const t = load<f32>(x) / scale;
      if (t > low && t < high) store<f32>(dx, load<f32>(dx) + load<f32>(dy));
    }
  }
}

/**
 * Gradient of the step size (LSQ, Esser et al. 2020, equation 3), t = x / scale:
 * dscale [channels] += gain * sum of dy * (round(t) - t), and dy * qMin - zero or dy * qMax - zero from the ends of the range on.
 */
export function fake_quantize_grad_scale_f32(
  dscale: usize, dy: usize, x: usize, scales: usize, outer: i32, channels: i32, inner: i32, zero: f32, qMin: f32, qMax: f32, gain: f32,
): void {
  const low = qMin - zero, high = qMax - zero, l = f32x4.splat(low), h = f32x4.splat(high);
  for (let o = 0; o < outer; o++) for (let c = 0; c < channels; c++) {
    const scale = load<f32>(scales + (c << 2)), s = f32x4.splat(scale);
    let a = f64x2.splat(0), b = f64x2.splat(0), i = 0;
    for (; i <= inner - 4; i += 4, x += 16, dy += 16) {
      const t = f32x4.div(v128.load(x), s), end = f32x4.pmin(f32x4.pmax(t, l), h);
      const outside = v128.or(f32x4.le(t, l), f32x4.ge(t, h));
      const g = f32x4.mul(v128.load(dy), v128.bitselect(end, f32x4.sub(f32x4.nearest(t), t), outside));
      a = f64x2.add(a, f64x2.promote_low_f32x4(g));
      b = f64x2.add(b, f64x2.promote_low_f32x4(v128.shuffle<i64>(g, g, 1, 0)));
    }
    const both = f64x2.add(a, b);
    let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
    for (; i < inner; i++, x += 4, dy += 4) {
      const t = load<f32>(x) / scale;
      sum += <f64>(load<f32>(dy) * (t <= low ? low : t >= high ? high : nearest<f32>(t) - t));
    }
    store<f32>(dscale + (c << 2), load<f32>(dscale + (c << 2)) + <f32>sum * gain);
  }
}
