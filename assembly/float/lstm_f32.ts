// The steps of a float LSTM, and their gradient. Row r is step t of example b: r = t * rowT + b * rowB.
//
//   gates  f32 [4, rows, n]  of input, forget, cell and output gate: in what the input gives to their sums, out their values
//   cells  f32 [rows, n]     written: the cell's state behind each step, within +-clip (0: any)
//   y      f32 [rows, n]     written: the hidden state
//   wi..wo f32 [n, n]        of each gate for the hidden state
//   h0, c0 f32 [batch, n]    before the first step, or 0: zeros; written: behind the last one
import { logistic_s, tanh_s } from "../math/exp_f32";

/** sum of a[k] * b[k] */
function dot(a: usize, b: usize, n: i32): f32 {
  let sums = f32x4.splat(0), k = 0;
  for (; k <= n - 4; k += 4, a += 16, b += 16) sums = f32x4.add(sums, f32x4.mul(v128.load(a), v128.load(b)));
  let sum = (f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1)) + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
  for (; k < n; k++, a += 4, b += 4) sum += load<f32>(a) * load<f32>(b);
  return sum;
}

export function lstm_f32(
  y: usize, gates: usize, cells: usize, wi: usize, wf: usize, wg: usize, wo: usize, h0: usize, c0: usize,
  time: i32, batch: i32, n: i32, rowT: i32, rowB: i32, clip: f32,
): void {
  const row = n << 2, plane = <usize>(time * batch * row);
  for (let b = 0; b < batch; b++) {
    let h = h0 ? h0 + b * row : 0, c = c0 ? c0 + b * row : 0;
    for (let t = 0; t < time; t++) {
      const at = <usize>((t * rowT + b * rowB) * row);
      const gi = gates + at, gf = gi + plane, gg = gf + plane, go = gg + plane;
      const now = cells + at, out = y + at;
      for (let k = 0; k < n; k++) {
        const o = <usize>(k << 2), w = <usize>(k * row);
        let si = load<f32>(gi + o), sf = load<f32>(gf + o), sg = load<f32>(gg + o), so = load<f32>(go + o);
        if (h) {
          si += dot(wi + w, h, n);
          sf += dot(wf + w, h, n);
          sg += dot(wg + w, h, n);
          so += dot(wo + w, h, n);
        }
        const i = logistic_s(si), f = logistic_s(sf), g = tanh_s(sg);
        let s = i * g;
        if (c) s += f * load<f32>(c + o);
        if (clip > 0) s = max(-clip, min(clip, s));
        store<f32>(gi + o, i);
        store<f32>(gf + o, f);
        store<f32>(gg + o, g);
        store<f32>(go + o, logistic_s(so));
        store<f32>(now + o, s);
      }
      for (let o: usize = 0; o < <usize>row; o += 4) store<f32>(out + o, load<f32>(go + o) * tanh_s(load<f32>(now + o)));
      h = out;
      c = now;
    }
    if (time > 0) {
      if (h0) memory.copy(h0 + b * row, h, row);
      if (c0) memory.copy(c0 + b * row, c, row);
    }
  }
}

/**
 * dgates [4, rows, n] is written: the gradient by the gates' sums; before [rows, n]: the hidden state before each step. Every example began
 * with zeros. scratch: 2 n floats.
 */
export function lstm_grad_f32(
  dgates: usize, before: usize, dy: usize, y: usize, gates: usize, cells: usize,
  wi: usize, wf: usize, wg: usize, wo: usize, scratch: usize,
  time: i32, batch: i32, n: i32, rowT: i32, rowB: i32, clip: f32,
): void {
  const row = n << 2, plane = <usize>(time * batch * row), dh = scratch, dc = scratch + row;
  for (let b = 0; b < batch; b++) {
    memory.fill(scratch, 0, 2 * row);
    for (let t = time - 1; t >= 0; t--) {
      const at = <usize>((t * rowT + b * rowB) * row), last = <usize>(((t - 1) * rowT + b * rowB) * row);
      const gi = gates + at, gf = gi + plane, gg = gf + plane, go = gg + plane;
      const di = dgates + at, df = di + plane, dg = df + plane, dout = dg + plane;
      for (let o: usize = 0; o < <usize>row; o += 4) {
        const i = load<f32>(gi + o), f = load<f32>(gf + o), g = load<f32>(gg + o), out = load<f32>(go + o);
        const c = load<f32>(cells + at + o), tc = tanh_s(c);
        const d = load<f32>(dy + at + o) + load<f32>(dh + o);
        let s = d * out * (1 - tc * tc) + load<f32>(dc + o);
        if (clip > 0 && (c <= -clip || c >= clip)) s = 0;
        store<f32>(dout + o, d * tc * out * (1 - out));
        store<f32>(di + o, s * g * i * (1 - i));
        store<f32>(df + o, t > 0 ? s * load<f32>(cells + last + o) * f * (1 - f) : 0);
        store<f32>(dg + o, s * i * (1 - g * g));
        store<f32>(dc + o, s * f);
      }
      if (t > 0) memory.copy(before + at, y + last, row);
      else memory.fill(before + at, 0, row);
      memory.fill(dh, 0, row);
      for (let k = 0; k < n; k++) {
        const o = <usize>(k << 2), w = <usize>(k * row);
        add_row(dh, wi + w, load<f32>(di + o), n);
        add_row(dh, wf + w, load<f32>(df + o), n);
        add_row(dh, wg + w, load<f32>(dg + o), n);
        add_row(dh, wo + w, load<f32>(dout + o), n);
      }
    }
  }
}

/** to[k] += by * from[k] */
function add_row(to: usize, from: usize, by: f32, n: i32): void {
  const all = f32x4.splat(by);
  let k = 0;
  for (; k <= n - 4; k += 4, to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), f32x4.mul(v128.load(from), all)));
  for (; k < n; k++, to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from) * by);
}
