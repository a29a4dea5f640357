// Fake quantization of what a layer with integer weights computes, rounded where the integer kernels round: the bias to a whole number of
// steps, the sum scaled by a multiplier of 31 bits, then shifted. Plain rounding differs from theirs in one output of a thousand, and
// what differs in one layer grows in each that follows.
//
//   factors f32 [4, channels]  by requantize_factors_f32, whenever a scale or the bias changed
//   y       f32 [count, channels]  written: yScale * (q - zero); may be x
//   x       f32 [count, channels]  the layer's output, of values and weights that are multiples of their scales
import { roundAway, roundAwayX4 } from "../math/round_away";
import { singleRounding } from "../math/rounding";

/**
 * For each channel: steps of the sum in 1, what rounding the bias to them adds, and two factors whose product is the step of the sum in
 * steps of y: the first in [0.5, 1) or more (a left shift), the second a power of two at most 1.
 * `each` is 4 where every channel has a scale of its own in wScales, 0 where all share one; bias f32 [channels] or 0.
 */
export function requantize_factors_f32(
  factors: usize, xScale: usize, wScales: usize, each: i32, yScale: usize, bias: usize, channels: i32,
): void {
  const row = <usize>channels << 2;
  for (let c = 0; c < channels; c++, factors += 4) {
    const step = <f64>load<f32>(xScale) * <f64>load<f32>(wScales + c * each), real = step / <f64>load<f32>(yScale);
    const b = bias ? <f64>load<f32>(bias + (c << 2)) / step : 0;
    // real = fraction * 2^exponent, 0.5 <= fraction < 1
    const exponent = i32(reinterpret<i64>(real) >> 52) - 1022;
    const right = singleRounding ? 0 : max(0, -exponent);
    const down = reinterpret<f64>(i64(1023 - right) << 52);
    store<f32>(factors, <f32>(1 / step));
    store<f32>(factors + row, <f32>(nearest<f64>(b) - b));
    store<f32>(factors + 2 * row, <f32>(real / down));
    store<f32>(factors + 3 * row, <f32>down);
  }
}

export function fake_requantize_f32(
  y: usize, x: usize, factors: usize, yScale: usize, count: i32, channels: i32, zero: f32, qMin: f32, qMax: f32,
): void {
  const row = <usize>channels << 2, s = load<f32>(yScale), low = qMin - zero, high = qMax - zero;
  const scale = f32x4.splat(s), l = f32x4.splat(low), h = f32x4.splat(high);
  for (let n = 0; n < count; n++) {
    let c = 0, f = factors;
    for (; c <= channels - 4; c += 4, f += 16, x += 16, y += 16) {
      const sum = f32x4.nearest(f32x4.add(f32x4.mul(v128.load(x), v128.load(f)), v128.load(f + row)));
      const product = f32x4.nearest(f32x4.mul(sum, v128.load(f + 2 * row)));
      const q = roundAwayX4(f32x4.mul(product, v128.load(f + 3 * row)));
      v128.store(y, f32x4.mul(f32x4.pmin(f32x4.pmax(q, l), h), scale));
    }
    for (; c < channels; c++, f += 4, x += 4, y += 4) {
      const sum = nearest<f32>(load<f32>(x) * load<f32>(f) + load<f32>(f + row));
      const q = roundAway(nearest<f32>(sum * load<f32>(f + 2 * row)) * load<f32>(f + 3 * row));
      store<f32>(y, min(max(q, low), high) * s);
    }
  }
}
