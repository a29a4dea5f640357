// Elementwise operators of two operands with broadcasting, and strided sums.
//
//   y f32 [n0, n1, n2, n3]  written, contiguous; clamped to low..high
//   a f32, element i at a + i0 * a0 + i1 * a1 + i2 * a2 + i3 * a3 bytes; stride 0 repeats (broadcast)
//   b f32, likewise
//   op 0 a + b, 1 a - b, 2 a * b, 3 min(a, b), 4 max(a, b), 5 a / b, 6 (a - b)^2, 7 a above 0 and a * b below
import { clamp_s, clamp_v } from "../math/activation_f32";

// @ts-ignore: decorator
@inline
function apply_v(op: i32, a: v128, b: v128): v128 {
  if (op == 0) return f32x4.add(a, b);
  if (op == 1) return f32x4.sub(a, b);
  if (op == 2) return f32x4.mul(a, b);
  if (op == 5) return f32x4.div(a, b);
  if (op == 6) {
    const d = f32x4.sub(a, b);
    return f32x4.mul(d, d);
  }
  if (op == 7) return v128.bitselect(f32x4.mul(a, b), a, f32x4.lt(a, f32x4.splat(0)));
  return op == 3 ? f32x4.pmin(a, b) : f32x4.pmax(a, b);
}

// @ts-ignore: decorator
@inline
function apply_s(op: i32, a: f32, b: f32): f32 {
  if (op == 0) return a + b;
  if (op == 1) return a - b;
  if (op == 2) return a * b;
  if (op == 5) return a / b;
  if (op == 6) return (a - b) * (a - b);
  if (op == 7) return a < 0 ? a * b : a;
  return op == 3 ? (b < a ? b : a) : a < b ? b : a;
}

export function binary_f32(
  y: usize, a: usize, b: usize, op: i32, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, low: f32, high: f32,
): void {
  for (let i = 0; i < n0; i++) for (let j = 0; j < n1; j++) for (let k = 0; k < n2; k++, y += n3 << 2) {
    row(y, a + i * a0 + j * a1 + k * a2, b + i * b0 + j * b1 + k * b2, op, n3, a3, b3, low, high);
  }
}

function row(y: usize, a: usize, b: usize, op: i32, n: i32, as: i32, bs: i32, low: f32, high: f32): void {
  const l = f32x4.splat(low), h = f32x4.splat(high);
  let i = 0;
  if (as == 4 && bs == 4) {
    for (; i <= n - 4; i += 4, y += 16, a += 16, b += 16) v128.store(y, clamp_v(apply_v(op, v128.load(a), v128.load(b)), l, h));
  } else if (as == 4 && bs == 0) {
    const v = v128.load32_splat(b);
    for (; i <= n - 4; i += 4, y += 16, a += 16) v128.store(y, clamp_v(apply_v(op, v128.load(a), v), l, h));
  } else if (as == 0 && bs == 4) {
    const v = v128.load32_splat(a);
    for (; i <= n - 4; i += 4, y += 16, b += 16) v128.store(y, clamp_v(apply_v(op, v, v128.load(b)), l, h));
  }
  for (; i < n; i++, y += 4, a += as, b += bs) store<f32>(y, clamp_s(apply_s(op, load<f32>(a), load<f32>(b)), low, high));
}

/**
 * Gradient by one operand, added (`fresh`: written, of an operand that is not stretched): `d` by a (`side` 0) or by b (1), element strides
 * d0..d3 in bytes (0 sums over a broadcast).
 * dy and y are contiguous; dy counts where low < y < high. Equal operands of min and max: a gets the gradient.
 */
export function binary_grad_f32(
  d: usize, dy: usize, y: usize, a: usize, b: usize, op: i32, side: i32, n0: i32, n1: i32, n2: i32, n3: i32,
  d0: i32, d1: i32, d2: i32, d3: i32, a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, low: f32, high: f32, fresh: i32,
): void {
  const step = n3 << 2;
  for (let i = 0; i < n0; i++) for (let j = 0; j < n1; j++) for (let k = 0; k < n2; k++, y += step, dy += step) {
    const to = d + i * d0 + j * d1 + k * d2;
    if (op < 2 && d3 == 4) {
      const sign: f32 = op == 1 && side == 1 ? -1 : 1;
      if (fresh) put_masked(to, dy, y, n3, sign, low, high);
      else add_masked(to, dy, y, n3, sign, low, high);
      continue;
    }
    if (fresh) memory.fill(to, 0, step);
    row_grad(to, dy, y, a + i * a0 + j * a1 + k * a2, b + i * b0 + j * b1 + k * b2, op, side, n3, d3, a3, b3, low, high);
  }
}

/** d = 0 + sign * dy where low < y < high, else 0: the bits that add_masked leaves of zeros. */
function put_masked(d: usize, dy: usize, y: usize, n: i32, sign: f32, low: f32, high: f32): void {
  const l = f32x4.splat(low), h = f32x4.splat(high), s = f32x4.splat(sign);
  let i = 0;
  for (; i <= n - 4; i += 4, d += 16, dy += 16, y += 16) {
    const v = v128.load(y);
    const g = v128.and(v128.load(dy), v128.and(f32x4.gt(v, l), f32x4.lt(v, h)));
    v128.store(d, f32x4.add(f32x4.splat(0), f32x4.mul(s, g)));
  }
  for (; i < n; i++, d += 4, dy += 4, y += 4) {
    const v = load<f32>(y);
    store<f32>(d, v > low && v < high ? <f32>0 + sign * load<f32>(dy) : 0);
  }
}

/** d += sign * dy where low < y < high. */
function add_masked(d: usize, dy: usize, y: usize, n: i32, sign: f32, low: f32, high: f32): void {
  const l = f32x4.splat(low), h = f32x4.splat(high), s = f32x4.splat(sign);
  let i = 0;
  for (; i <= n - 4; i += 4, d += 16, dy += 16, y += 16) {
    const v = v128.load(y), g = v128.and(v128.load(dy), v128.and(f32x4.gt(v, l), f32x4.lt(v, h)));
    v128.store(d, f32x4.add(v128.load(d), f32x4.mul(s, g)));
  }
  for (; i < n; i++, d += 4, dy += 4, y += 4) {
    const v = load<f32>(y);
    if (v > low && v < high) store<f32>(d, load<f32>(d) + sign * load<f32>(dy));
  }
}

function row_grad(
  d: usize, dy: usize, y: usize, a: usize, b: usize, op: i32, side: i32, n: i32, ds: i32, as: i32, bs: i32, low: f32, high: f32,
): void {
  for (let i = 0; i < n; i++, d += ds, dy += 4, y += 4, a += as, b += bs) {
    const v = load<f32>(y);
    if (!(v > low && v < high)) continue;
    const g = load<f32>(dy), p = load<f32>(a), q = load<f32>(b);
    let k: f32 = 1;
    if (op == 1) k = side ? -1 : 1;
    else if (op == 2) k = side ? p : q;
    else if (op == 5) k = side ? -p / (q * q) : <f32>1 / q;
    else if (op == 6) k = side ? <f32>2 * (q - p) : <f32>2 * (p - q);
    else if (op == 7) k = side ? min<f32>(p, 0) : p < 0 ? q : 1;
    else if (op >= 3) {
      const first = op == 3 ? !(q < p) : !(p < q);
      k = first != (side != 0) ? 1 : 0;
    }
    store<f32>(d, load<f32>(d) + k * g);
  }
}

/** y += x over [n0, n1, n2, n3], both with byte strides; stride 0 of y sums. */
export function strided_add_f32(
  y: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  y0: i32, y1: i32, y2: i32, y3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  for (let i = 0; i < n0; i++) for (let j = 0; j < n1; j++) for (let k = 0; k < n2; k++) {
    let p = y + i * y0 + j * y1 + k * y2, q = x + i * x0 + j * x1 + k * x2, c = 0;
    if (y3 == 4 && x3 == 4) {
      for (; c <= n3 - 4; c += 4, p += 16, q += 16) v128.store(p, f32x4.add(v128.load(p), v128.load(q)));
    }
    for (; c < n3; c++, p += y3, q += x3) store<f32>(p, load<f32>(p) + load<f32>(q));
  }
}

/** y = x, likewise. */
export function strided_copy_f32(
  y: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  y0: i32, y1: i32, y2: i32, y3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  for (let i = 0; i < n0; i++) for (let j = 0; j < n1; j++) for (let k = 0; k < n2; k++) {
    let p = y + i * y0 + j * y1 + k * y2, q = x + i * x0 + j * x1 + k * x2;
    for (let c = 0; c < n3; c++, p += y3, q += x3) store<f32>(p, load<f32>(q));
  }
}

/** y = value. */
export function fill_f32(y: usize, n: i32, value: f32): void {
  for (let i = 0; i < n; i++, y += 4) store<f32>(y, value);
}
