// Scale of each index along one axis with which `top` encodes the largest magnitude. Where all is zero it is the largest scale of the
// others (steps of a bias depend on it), or 1.
//
//   scales f32 [channels]                written
//   x      f32 [outer, channels, inner]
import { roundAway } from "../math/round_away";

export function symmetric_scales_f32(scales: usize, x: usize, outer: i32, channels: i32, inner: i32, top: f32): void {
  let most: f32 = 0;
  for (let c = 0; c < channels; c++) {
    let largest: f32 = 0;
    for (let o = 0; o < outer; o++) {
      let at = x + (<usize>((o * channels + c) * inner) << 2);
      for (let i = 0; i < inner; i++, at += 4) largest = max(largest, abs(load<f32>(at)));
    }
    store<f32>(scales + (<usize>c << 2), largest / top);
    most = max(most, largest);
  }
  for (let c = 0; c < channels; c++, scales += 4) if (load<f32>(scales) == 0) store<f32>(scales, most > 0 ? most / top : 1);
}

/** Parts of the scale that spans everything which least_error_scales_f32 tries: 32/32, 31/32 .. 16/32. */
const PARTS: i32 = 32;

/**
 * Scale of each index along one axis with which rounding to qMin..qMax errs least (sum of squares), of those from half of the scale that
 * spans everything up to it. Arguments as above.
 */
export function least_error_scales_f32(scales: usize, x: usize, outer: i32, channels: i32, inner: i32, qMin: f32, qMax: f32): void {
  symmetric_scales_f32(scales, x, outer, channels, inner, qMax);
  for (let c = 0; c < channels; c++) {
    const whole = load<f32>(scales + (<usize>c << 2));
    let least: f64 = Infinity;
    for (let part = PARTS; part >= PARTS / 2; part--) {
      const scale = whole * (<f32>part / <f32>PARTS);
      let error: f64 = 0;
      for (let o = 0; o < outer; o++) {
        let at = x + (<usize>((o * channels + c) * inner) << 2);
        for (let i = 0; i < inner; i++, at += 4) {
          const v = load<f32>(at), e = <f64>(v - scale * min(max(roundAway(v / scale), qMin), qMax));
          error += e * e;
        }
      }
      if (error >= least) continue;
      least = error;
      store<f32>(scales + (<usize>c << 2), scale);
    }
  }
}
