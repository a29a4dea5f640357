import { sizeOf } from '../../src/graph/graph.ts';
import { CLAMPS } from '../clamps.ts';
import {
  before,
  binary,
  clamp,
  type Definition,
  each,
  get,
  get4,
  indices,
  placeOf,
  placesTaken,
  pool,
  reduced,
  resize,
  rows,
  unary,
  window,
} from './float64.ts';

/** The operators as their definitions say, slowly and in float64: what kernels and gradients are held against. */
export const DEFINITIONS: Record<string, Definition> = {
  conv2d: ([x, w, bias], a, [shape]) =>
    each(shape, ([n, oy, ox, o]) => {
      const depth = w.shape[3];
      const from = Math.floor(o / (w.shape[0] / (a.groups ?? 1))) * depth;
      let sum = bias ? bias.data[o] : 0;
      window(a, x.shape, [w.shape[1], w.shape[2]], oy, ox, (ky, kx, iy, ix) => {
        for (let c = 0; c < depth; c++) sum += get(x, [n, iy, ix, from + c]) * get4(w, o, ky, kx, c);
      });
      return clamp(sum, a.activation);
    }),
  depthwiseConv2d: ([x, w, bias], a, [shape]) =>
    each(shape, ([n, oy, ox, o]) => {
      let sum = bias ? bias.data[o] : 0;
      window(a, x.shape, [w.shape[1], w.shape[2]], oy, ox, (ky, kx, iy, ix) => {
        sum += get(x, [n, iy, ix, Math.floor(o / a.multiplier)]) * get4(w, 0, ky, kx, o);
      });
      return clamp(sum, a.activation);
    }),
  transposeConv2d([x, w, bias], a, [shape]) {
    const y = new Float64Array(sizeOf(shape));
    const [, kh, kw, depth] = w.shape;
    const [top, left] = [before(a, shape, [kh, kw], 0), before(a, shape, [kh, kw], 1)];
    for (const [n, iy, ix, c] of indices(x.shape)) {
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          const [oy, ox] = [iy * a.stride[0] - top + ky, ix * a.stride[1] - left + kx];
          if (oy < 0 || oy >= shape[1] || ox < 0 || ox >= shape[2]) continue;
          for (let o = 0; o < shape[3]; o++) {
            y[((n * shape[1] + oy) * shape[2] + ox) * shape[3] + o] +=
              get4(x, n, iy, ix, c) * w.data[((o * kh + ky) * kw + kx) * depth + c];
          }
        }
      }
    }
    return [y.map((v, i) => clamp(v + (bias ? bias.data[i % shape[3]] : 0), a.activation))];
  },
  fullyConnected([x, w, bias], a, [shape]) {
    const [units, depth] = w.shape;
    const y = new Float64Array(sizeOf(shape)).map((_, i) => {
      const [b, u] = [Math.floor(i / units), i % units];
      let sum = bias ? bias.data[u] : 0;
      for (let d = 0; d < depth; d++) sum += x.data[b * depth + d] * w.data[u * depth + d];
      return clamp(sum, a.activation);
    });
    return [y];
  },
  batchMatmul: ([p, q], a, [shape]) =>
    each(shape, (at) => {
      const [lead, [i, j]] = [at.slice(0, -2), at.slice(-2)];
      const depth = p.shape[p.shape.length - (a.adjX ? 2 : 1)];
      let sum = 0;
      for (let k = 0; k < depth; k++) {
        sum += get(p, [...lead, ...(a.adjX ? [k, i] : [i, k])]) * get(q, [...lead, ...(a.adjY ? [j, k] : [k, j])]);
      }
      return sum;
    }),
  avgPool2d: ([x], a, [shape]) => pool(x, a, shape, (v) => v.reduce((s, n) => s + n, 0) / v.length),
  maxPool2d: ([x], a, [shape]) => pool(x, a, shape, (v) => Math.max(...v)),
  mean: ([x], { axes }, [shape]) => reduced(x, axes, shape, (values) => values.reduce((s, v) => s + v, 0) / values.length),
  sum: ([x], { axes }, [shape]) => reduced(x, axes, shape, (values) => values.reduce((s, v) => s + v, 0)),
  reduceMax: ([x], { axes }, [shape]) => reduced(x, axes, shape, (values) => Math.max(...values)),
  reduceMin: ([x], { axes }, [shape]) => reduced(x, axes, shape, (values) => Math.min(...values)),
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  squaredDifference: binary((a, b) => (a - b) ** 2),
  minimum: binary(Math.min),
  maximum: binary(Math.max),
  concat: (x, a, [shape]) =>
    each(shape, (at) => {
      let k = 0;
      let place = at[a.axis];
      while (place >= x[k].shape[a.axis]) place -= x[k++].shape[a.axis];
      return clamp(get(x[k], at.with(a.axis, place)), a.activation);
    }),
  split([x], { axis }, shapes) {
    let begin = 0;
    return shapes.flatMap((shape) => {
      const part = each(shape, (at) => get(x, at.with(axis, at[axis] + begin)));
      begin += shape[axis];
      return part;
    });
  },
  pad: ([x], a, [shape]) =>
    each(shape, (at) => {
      const from = at.map((p, i) => p - a.paddings[i][0]);
      return from.some((p, i) => p < 0 || p >= x.shape[i]) ? a.value : get4(x, ...(from as [number]));
    }),
  mirrorPad: ([x], { paddings, symmetric }, [shape]) =>
    each(shape, (at) => {
      const walk = at.map((p, i) => {
        let [place, step] = [0, 1];
        // walk back and forth over the axis from its first place, `paddings[i][0]` places backwards first
        const moves = p - paddings[i][0];
        if (moves < 0) return symmetric ? -moves - 1 : -moves;
        for (let m = 0; m < moves; m++) {
          if (place + step >= x.shape[i]) {
            step = -1;
            if (symmetric) continue;
          }
          place += step;
        }
        return place;
      });
      return get4(x, ...(walk as [number]));
    }),
  tile: ([x], _, [shape]) => each(shape, (at) => get4(x, ...(at.map((p, i) => p % x.shape[i]) as [number]))),
  gather: ([x], { axis, indices, shape: own }, [shape]) =>
    each(shape, (at) => {
      const place = at.slice(axis, axis + own.length).reduce((n, p, i) => n * own[i] + p, 0);
      return get4(x, ...([...at.slice(0, axis), indices[place], ...at.slice(axis + own.length)] as [number]));
    }),
  depthToSpace: ([x], { block }, [shape]) =>
    each(shape, ([n, h, w, c]) => {
      const inside = (h % block) * block + (w % block);
      return get4(x, n, Math.floor(h / block), Math.floor(w / block), inside * shape[3] + c);
    }),
  spaceToDepth: ([x], { block }, [shape]) =>
    each(shape, ([n, h, w, c]) => {
      const inside = Math.floor(c / x.shape[3]);
      return get4(x, n, h * block + Math.floor(inside / block), w * block + (inside % block), c % x.shape[3]);
    }),
  pack: (x, { axis }, [shape]) => each(shape, (at) => get4(x[at[axis]], ...(at.toSpliced(axis, 1) as [number]))),
  unpack: ([x], { axis }, shapes) =>
    shapes.flatMap((shape, i) => each(shape, (at) => get4(x, ...(at.toSpliced(axis, 0, i) as [number])))),
  lstm: (x, { timeMajor, cellClip }, [shape]) => {
    const [first, second, hidden] = shape;
    const [time, batch] = timeMajor ? [first, second] : [second, first];
    const depth = x[0].shape[2];
    const y = new Float64Array(sizeOf(shape));
    const row = (t: number, b: number) => (timeMajor ? t * batch + b : b * time + t);
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    for (let b = 0; b < batch; b++) {
      let [h, c] = [new Array<number>(hidden).fill(0), new Array<number>(hidden).fill(0)];
      for (let t = 0; t < time; t++) {
        const [i, f, g, o] = [0, 1, 2, 3].map((gate) =>
          h.map((_, u) => {
            let sum = x[12 + gate]?.data[u] ?? 0;
            for (let d = 0; d < depth; d++) sum += x[1 + gate].data[u * depth + d] * x[0].data[row(t, b) * depth + d];
            for (let d = 0; d < hidden; d++) sum += x[5 + gate].data[u * hidden + d] * h[d];
            return sum;
          }),
        );
        c = c.map((v, u) => sigmoid(f[u]) * v + sigmoid(i[u]) * Math.tanh(g[u]));
        if (cellClip) c = c.map((v) => Math.max(-cellClip, Math.min(cellClip, v)));
        h = c.map((v, u) => sigmoid(o[u]) * Math.tanh(v));
        y.set(h, row(t, b) * hidden);
      }
    }
    return [y];
  },
  svdf: ([x, features, times, bias, state], { rank, activation }, [shape]) => {
    const [filters, steps] = times.shape;
    const size = x.shape[1];
    return each(shape, ([b, u]) => {
      let sum = bias?.data[u] ?? 0;
      for (let f = u * rank; f < (u + 1) * rank; f++) {
        let fresh = 0;
        for (let d = 0; d < size; d++) fresh += features.data[f * size + d] * x.data[b * size + d];
        for (let t = 0; t < steps; t++) {
          const kept = t + 1 < steps ? state.data[(b * filters + f) * steps + t + 1] : fresh;
          sum += times.data[f * steps + t] * kept;
        }
      }
      const [low, high] = CLAMPS[activation];
      return Math.max(low, Math.min(high, sum));
    });
  },
  stream: ([x, state], { axis }, [shape]) =>
    each(shape, (at) => {
      const place = at[axis] - state.shape[axis];
      return place < 0 ? get4(state, ...(at as [number])) : get4(x, ...(at.with(axis, place) as [number]));
    }),
  reshape: ([x]) => [x.data],
  quantize: ([x]) => [x.data],
  dequantize: ([x]) => [x.data],
  transpose: ([x], { perm }, [shape]) =>
    each(shape, (at) => {
      const from = [...at];
      perm.forEach((axis: number, i: number) => {
        from[axis] = at[i];
      });
      return get4(x, ...(from as [number]));
    }),
  stridedSlice([x], a, [shape]) {
    const taken = x.shape.map((d, i) => placesTaken(d, a.begin[i], a.end[i], a.strides[i]));
    const [y] = each(
      taken.map((places) => places.length),
      (at) => get4(x, ...at.map((p, i) => taken[i][p])),
    );
    return [y.subarray(0, sizeOf(shape))];
  },
  relu: unary((v) => Math.max(v, 0)),
  relu6: unary((v) => Math.min(Math.max(v, 0), 6)),
  reluN1: unary((v) => Math.min(Math.max(v, -1), 1)),
  leakyRelu: unary((v, { alpha }) => (v > 0 ? v : alpha * v)),
  logistic: unary((v) => 1 / (1 + Math.exp(-v))),
  tanh: unary(Math.tanh),
  elu: unary((v) => (v < 0 ? Math.expm1(v) : v)),
  gelu: unary((v, { approximate }) => {
    if (approximate) return 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
    // the normal distribution's density from 0 to v, by Simpson's rule
    const [steps, density] = [2000, (t: number) => Math.exp(-t * t * 0.5) / Math.sqrt(2 * Math.PI)];
    let share = density(0) + density(v);
    for (let i = 1; i < steps; i++) share += (i % 2 ? 4 : 2) * density((v * i) / steps);
    return v * (0.5 + (share * v) / steps / 3);
  }),
  abs: unary(Math.abs),
  sqrt: unary(Math.sqrt),
  rsqrt: unary((v) => 1 / Math.sqrt(v)),
  exp: unary(Math.exp),
  hardSwish: unary((v) => (v * Math.min(Math.max(v + 3, 0), 6)) / 6),
  softmax([x], { beta }) {
    const n = x.shape[x.shape.length - 1];
    const y = new Float64Array(x.data.length);
    for (let r = 0; r < y.length; r += n) {
      const row = x.data.subarray(r, r + n);
      const top = Math.max(...row);
      const sum = row.reduce((s, v) => s + Math.exp(beta * (v - top)), 0);
      row.forEach((v, i) => {
        y[r + i] = Math.exp(beta * (v - top)) / sum;
      });
    }
    return [y];
  },
  prelu: binary((v, slope) => (v < 0 ? v * slope : v)),
  logSoftmax: ([x]) => [rows(x, (row) => row.map((v) => v - Math.log(row.reduce((s, w) => s + Math.exp(w), 0))))],
  l2Normalize: ([x]) => [rows(x, (row) => row.map((v) => v / Math.max(Math.hypot(...row), 1e-6)))],
  cast: ([x]) => [x.data],
  argMax: ([x], { axis }, [shape]) => each(shape, (at) => placeOf(x, axis, at, (a, b) => a > b)),
  argMin: ([x], { axis }, [shape]) => each(shape, (at) => placeOf(x, axis, at, (a, b) => a < b)),
  batchNorm: ([x, gamma, beta, mean, variance], { epsilon, training }) => {
    const c = gamma.shape[0];
    const rows = x.data.length / c;
    const [m, v] = [Float64Array.from(mean.data), Float64Array.from(variance.data)];
    if (training) {
      m.fill(0);
      v.fill(0);
      x.data.forEach((d, i) => {
        m[i % c] += d / rows;
      });
      x.data.forEach((d, i) => {
        v[i % c] += (d - m[i % c]) ** 2 / rows;
      });
    }
    return [x.data.map((d, i) => ((d - m[i % c]) / Math.sqrt(v[i % c] + epsilon)) * gamma.data[i % c] + beta.data[i % c])];
  },
  dropout: ([x]) => [x.data],
  resizeNearest: ([x], a, [shape]) =>
    resize(x, { ...a, nearest: true }, shape, (at, size) => {
      const place = Math.floor(at + (a.alignCorners ? 0.5 : 0));
      return [[Math.max(0, Math.min(place, size - 1)), 1]];
    }),
  resizeBilinear: ([x], a, [shape]) =>
    resize(x, a, shape, (at, size) => {
      const [low, high] = [Math.max(Math.floor(at), 0), Math.min(Math.ceil(at), size - 1)];
      return [
        [low, 1 - (at - low)],
        [high, at - low],
      ];
    }),
};
