// Dropout: while training a value is 0 with probability `rate`, else it grows by 1 / (1 - rate). Which ones follows from the layer's seed, the
// number of the step and the place alone, so the backward pass finds the same again and nothing is stored.
//
//   y, x  f32 [n]
//   step  u32 [1]  how many steps there were

// @ts-ignore: decorator
@inline
function hash(i: u32, key: u32): u32 {
  let z = i * 0x9e3779b9 + key;
  z = (z ^ (z >> 16)) * 0x21f0aaad;
  z = (z ^ (z >> 15)) * 0x735a2d97;
  return z ^ (z >> 15);
}

export function dropout_f32(y: usize, x: usize, n: i32, rate: f32, seed: u32, step: usize): void {
  const key = hash(load<u32>(step), seed), limit = <u32>(<f64>rate * 4294967296.0), k = <f32>1 / (<f32>1 - rate);
  for (let i = 0; i < n; i++, x += 4, y += 4) store<f32>(y, hash(i, key) < limit ? 0 : load<f32>(x) * k);
}

/** dx += the gradient of the forward pass of the same step. */
export function dropout_grad_f32(dx: usize, dy: usize, n: i32, rate: f32, seed: u32, step: usize): void {
  const key = hash(load<u32>(step), seed), limit = <u32>(<f64>rate * 4294967296.0), k = <f32>1 / (<f32>1 - rate);
  for (let i = 0; i < n; i++, dx += 4, dy += 4) if (hash(i, key) >= limit) store<f32>(dx, load<f32>(dx) + load<f32>(dy) * k);
}
