/** What the instructions of generated C depend on: how often each part of a layer's code runs, by the geometry alone. */
import { type Geometry, geometryOf } from '../c/geometry.ts';
import type { Call, NamedText, Placed, Variant } from '../c/parts.ts';
import { sizeOf } from '../graph/graph.ts';
import type { CallOf } from '../ops/kernel_call.ts';
import { baseOf } from './generated_code.ts';

export type Features = Readonly<Record<string, number>>;

/** What one run of each part of a layer executes. */
export type Coefficients = Readonly<Record<string, number>>;

export const predicted = (coefficients: Coefficients, features: Features): number =>
  Object.entries(coefficients).reduce((sum, [name, each]) => sum + each * (features[name] ?? 0), 0);

/** Bytes that one step of a product takes. */
const STEP: Readonly<Record<Variant, number>> = { thumb1: 4, plain: 4, dsp: 4, mve: 16 };
/** Pixels that a convolution computes together, and channels. */
const PIXELS: Readonly<Record<Variant, number>> = { thumb1: 4, plain: 4, dsp: 3, mve: 4 };
const CHANNELS: Readonly<Record<Variant, number>> = { thumb1: 1, plain: 1, dsp: 2, mve: 2 };
/** Steps of one turn of an unrolled loop. */
const TURN = 8;

const up = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;

/**
 * Which code runs: a layer's kernel and the functions that it calls, whatever their numbers, with what compilers make other code of; then
 * the same in fewer words, for what was seldom counted: the kernel, and the family for forms that were not counted.
 */
export function pathsOf(call: Call, functions: readonly NamedText[]): string[] {
  const bases = [...new Set(functions.map(baseOf))].sort().join('+');
  const paths = [[call.kernel, bases, ...shapeOf(call)].join(':'), `${call.kernel}:${bases}`, call.kernel, call.family];
  return [...new Set(paths)];
}

/** Whether every window lies inside the image. */
const isInside = (g: Geometry): boolean =>
  g.top === 0 &&
  g.left === 0 &&
  (g.outH - 1) * g.sH + (g.kH - 1) * g.dH < g.inH &&
  (g.outW - 1) * g.sW + (g.kW - 1) * g.dW < g.inW;

/** What compilers make other code of. */
function shapeOf(call: Call): string[] {
  if (call.family === 'depthwise_conv') {
    const g = geometryOf(call as CallOf<'depthwise_conv', Placed>);
    const window = g.kH === 3 && g.kW === 3 && g.outC === g.inC ? `3x3s${g.sH}` : g.outC === g.inC ? 'other' : 'multiplied';
    return [window, isInside(g) ? 'inside' : 'padded'];
  }
  if (call.family === 'convolve') {
    const g = geometryOf(call as CallOf<'convolve', Placed>);
    return [g.kH * g.kW === 1 ? 'point' : isInside(g) ? 'inside' : 'padded', g.inC % 4 === 0 ? 'words' : 'bytes'];
  }
  if (call.family === 'avg_pool' || call.family === 'max_pool') {
    const [kH, kW] = (call as CallOf<'avg_pool', Placed>).parameters.filter;
    return [kH * kW <= 4 ? 'small' : kH * kW <= 9 ? 'middle' : 'large'];
  }
  if (call.family === 'take') return [call.parameters.places.at(-1) ? 'listed' : 'runs'];
  return [];
}

export function generatedFeatures(call: Call, variant: Variant): Features {
  switch (call.family) {
    case 'convolve':
      return convolution(geometryOf(call as CallOf<'convolve', Placed>), variant);
    case 'depthwise_conv':
      return depthwise(geometryOf(call as CallOf<'depthwise_conv', Placed>), variant);
    case 'fully_connected':
      return dense(call as CallOf<'fully_connected', Placed>, variant);
    case 'avg_pool':
    case 'max_pool':
      return pool(call as CallOf<'avg_pool', Placed>);
    default:
      return { ...elements(call), ...productsOf(call) };
  }
}

/** Multiply-accumulates of the families that gather products in plain C. */
function productsOf(call: Call): Features {
  switch (call.family) {
    case 'transpose_conv': {
      const { x, y, w } = (call as CallOf<'transpose_conv', Placed>).operands;
      const windows = (sizeOf(y.shape) / w.shape[0]) * sizeOf(w.shape.slice(0, 3));
      return { windows, macs: (sizeOf(x.shape) / x.shape[3]) * sizeOf(w.shape) };
    }
    case 'batch_matmul': {
      const { operands, parameters } = call as CallOf<'batch_matmul', Placed>;
      const depth = operands.x1.shape.at(parameters.adjX ? -2 : -1)!;
      return { macs: depth * sizeOf(operands.y.shape) };
    }
    case 'svdf': {
      const { x, wFeature, wTime } = (call as CallOf<'svdf', Placed>).operands;
      const batch = x.shape[0];
      return { filters: batch * wTime.shape[0], times: batch * sizeOf(wTime.shape), macs: batch * sizeOf(wFeature.shape) };
    }
    case 'lstm_unidirectional': {
      const { x, inputX } = (call as CallOf<'lstm_unidirectional', Placed>).operands;
      const [hidden, input] = inputX.shape;
      const rows = x.shape[0] * x.shape[1];
      return { states: rows * hidden, macs: 4 * rows * hidden * (input + hidden) };
    }
    default:
      return {};
  }
}

/** How many places of a window lie inside, over all outputs along one axis. */
function insideOf(out: number, size: number, k: number, stride: number, before: number, dilation: number): number {
  let inside = 0;
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < k; i++) {
      const at = o * stride - before + i * dilation;
      if (at >= 0 && at < size) inside++;
    }
  }
  return inside;
}

function tapsOf(g: Geometry) {
  const rows = insideOf(g.outH, g.inH, g.kH, g.sH, g.top, g.dH);
  const taps = g.images * rows * insideOf(g.outW, g.inW, g.kW, g.sW, g.left, g.dW);
  return { rows: g.images * rows * g.outW, taps, outside: g.images * g.outH * g.outW * g.kH * g.kW - taps };
}

function convolution(g: Geometry, variant: Variant): Features {
  const pixels = g.images * g.outH * g.outW;
  const depth = (g.kH * g.kW * g.inC) / g.groups;
  const steps = Math.ceil(depth / STEP[variant]);
  const { rows, taps, outside } = tapsOf(g);
  const block = Math.min(PIXELS[variant], g.outH * g.outW);
  const all = up(pixels, block);
  const channels = up(g.outC, CHANNELS[variant]);
  return {
    one: 1,
    pixels,
    blocks: all / block,
    rows,
    taps,
    outside,
    tapBytes: taps * g.inC,
    tapWords: taps * Math.ceil(g.inC / 4),
    outsideBytes: outside * g.inC,
    outputs: all * channels,
    steps: all * channels * steps,
    turns: all * channels * Math.ceil(steps / TURN),
    pixelSteps: all * steps,
    plainOutputs: pixels * g.outC,
    windowRows: pixels * g.outC * g.kH,
    windows: pixels * g.outC * g.kH * g.kW,
    channelTaps: taps * g.outC,
    macs: (taps * g.inC * g.outC) / g.groups,
  };
}

function depthwise(g: Geometry, variant: Variant): Features {
  const pixels = g.images * g.outH * g.outW;
  const { rows, taps, outside } = tapsOf(g);
  const columns = g.images * g.outH * g.kH * ((g.outW - 1) * g.sW + g.kW);
  const groups = Math.ceil(g.outC / 4);
  return {
    one: 1,
    channels: g.outC,
    channelRows: g.outC * g.outH,
    outputs: g.outC * pixels,
    channelTaps: g.outC * taps,
    channelOutside: g.outC * outside,
    windowRows: g.outC * pixels * g.kH,
    inputs: g.inC * g.inH * g.inW,
    pixels,
    rows,
    taps,
    ...(variant === 'mve' && {
      groups,
      filled: columns * groups,
      groupRows: groups * g.outH,
      vectors: groups * 4 * g.outH * Math.ceil(g.outW / 4),
      steps: g.outC * pixels * Math.ceil((g.kH * g.kW) / 16),
    }),
  };
}

function dense({ operands: { x, w } }: CallOf<'fully_connected', Placed>, variant: Variant): Features {
  const [units, depth] = w.shape;
  const batch = sizeOf(x.shape) / depth;
  const steps = Math.ceil(depth / STEP[variant]);
  return {
    one: 1,
    rows: batch,
    outputs: batch * units,
    groups: batch * Math.ceil(units / 4),
    steps: batch * units * steps,
    groupSteps: batch * Math.ceil(units / 4) * steps,
    turns: batch * units * Math.ceil(steps / TURN),
    inputs: batch * depth,
    macs: batch * units * depth,
    rest: batch * units * (depth % STEP[variant]),
  };
}

function pool({ operands: { x, y }, parameters: { filter, stride, padding } }: CallOf<'avg_pool', Placed>): Features {
  const [, inH, inW, c] = x.shape;
  const [images, outH, outW] = y.shape;
  const rows = insideOf(outH, inH, filter[0], stride[0], padding[0], 1);
  const taps = images * rows * insideOf(outW, inW, filter[1], stride[1], padding[1], 1);
  return {
    one: 1,
    pixels: images * outH * outW,
    rows: images * rows * outW * c,
    outputs: sizeOf(y.shape),
    taps,
    channelTaps: taps * c,
  };
}

function elements(call: Call): Features {
  const all = Object.values(call.operands).flatMap((o) => (Array.isArray(o) ? o : [o])) as (Placed | null)[];
  const { y } = call.operands as { y: Placed | readonly Placed[] };
  const ys = Array.isArray(y) ? y : [y];
  const inputs = all.reduce((n, o) => n + (o && !o.data && !ys.includes(o) ? sizeOf(o.shape) : 0), 0);
  const constants = all.reduce((n, o) => n + (o?.data ? sizeOf(o.shape) : 0), 0);
  const outputs = ys.reduce((n, o) => n + sizeOf(o.shape), 0);
  const rows = ys.reduce((n, o) => n + sizeOf(o.shape) / Math.max(1, o.shape.at(-1) ?? 1), 0);
  return { one: 1, outputs, inputs, rows, products: (constants * outputs) / Math.max(1, ys[0].shape.at(-1) ?? 1) };
}
