// Rows divided by their lengths.
//
//   y f32 [rows, n]  written: x / max(|x|, 1e-6); may be x
//   x f32 [rows, n]

const LEAST: f32 = 1e-6;

// @ts-ignore: decorator
@inline
function length(x: usize, n: i32): f32 {
  let s: f32 = 0;
  for (let i = 0; i < n; i++) s += load<f32>(x + (i << 2)) * load<f32>(x + (i << 2));
  return max(sqrt(s), LEAST);
}

export function l2_normalization_f32(y: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, x += n << 2, y += n << 2) {
    const l = length(x, n);
    for (let i = 0; i < n; i++) store<f32>(y + (i << 2), load<f32>(x + (i << 2)) / l);
  }
}

/** dx += (dy - y * sum of dy * y) / |x|. */
export function l2_normalization_grad_f32(dx: usize, dy: usize, y: usize, x: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++, dx += n << 2, dy += n << 2, y += n << 2, x += n << 2) {
    const l = length(x, n);
    let dot: f32 = 0;
    for (let i = 0; i < n; i++) dot += load<f32>(dy + (i << 2)) * load<f32>(y + (i << 2));
    for (let i = 0; i < n; i++) {
      const o = i << 2;
      store<f32>(dx + o, load<f32>(dx + o) + (load<f32>(dy + o) - load<f32>(y + o) * dot) / l);
    }
  }
}
