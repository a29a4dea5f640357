// Sigmoid or tanh of int16 values by interpolation in a table.
//
//   y, x   i16 [n]; y in Q0.15
//   table  u16 [256], 65536 * sigmoid(i / 24)
//
// (x * multiplier + 2^(shift-1)) >> shift is the real input times 3 * 4096. tanh(x) = 2 * sigmoid(2x) - 1.
//
// Source: CMSIS-NN 99f736a, arm_nn_activation_s16; TFLite reference_integer_ops Logistic and Tanh (int16). Equal bit for bit.

export function activation_s16(y: usize, x: usize, n: i32, multiplier: i32, shift: i32, tanh: i32, table: usize): void {
  const half = shift > 0 ? 1 << (shift - 1) : 0;
  const fraction: u32 = tanh ? 8 : 9;
  const mask: u32 = (1 << fraction) - 1;
  for (let i = 0, at: usize = 0; i < n; i++, at += 2) {
    const v = (i32(load<i16>(x + at)) * multiplier + half) >> shift;
    const size: u32 = v > 0 ? v : -v;
    const entry = size >> fraction;
    let q: u32 = tanh ? 0xffff << 8 : 0x7fff << 10;
    if (entry < 255) {
      const from: u32 = load<u16>(table + (entry << 1)), to: u32 = load<u16>(table + (entry << 1), 2);
      q = (from << fraction) + (size & mask) * (to - from);
    }
    // Symmetric around 0 (tanh) or 1/2 (sigmoid), rounded on the way back to 16 bits.
    if (tanh) q = (v >= 0 ? q - (1 << 23) + (1 << 7) : <u32>(1 << 23) - q + (1 << 7) - 1) >> 8;
    else q = (v >= 0 ? q + (1 << 9) : <u32>(1 << 25) - q + (1 << 9) - 1) >> 10;
    store<i16>(y + at, <i16>q);
  }
}
