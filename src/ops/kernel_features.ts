import {
  type CoreKind,
  isDepthwise3x3,
  isDepthwiseAsConvolution,
  isOneByN,
  isPointwise,
  isReverseConv,
  oneByNSections,
  type WindowGeometry,
} from './buffer_sizes.ts';

/**
 * How often each part of a CMSIS-NN kernel runs for a geometry: its calls, gathers, tiles, steps along the depth and
 * remainders. What one run of a part costs on a core is fitted (scripts/fit_cost_model.ts) on counted instructions.
 *
 * Source of the structure: CMSIS-NN 99f736a.
 */
export type Features = Readonly<Record<string, number>>;

/** `path` is the branch of the kernel that runs; coefficients are looked up by `kernel/path`. */
export interface KernelFeatures {
  readonly path: string;
  readonly features: Features;
}

export type Weights = 's8' | 's4' | 's16';

const up = (n: number, by: number) => Math.ceil(n / by);
const down = (n: number, by: number) => Math.floor(n / by);

/** Each feature times `by`, named `prefix`. */
function times(by: number, prefix: string, features: Features): Record<string, number> {
  return Object.fromEntries(Object.entries(features).map(([k, v]) => [prefix + k, v * by]));
}

function sum(...all: Features[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const f of all) for (const [k, v] of Object.entries(f)) total[k] = (total[k] ?? 0) + v;
  return total;
}

/** Places of the filter that fall inside the input, summed over outputs along one axis. */
function inside(size: number, filter: number, stride: number, before: number, dilation: number, out: number): number {
  let count = 0;
  for (let o = 0; o < out; o++) {
    const start = o * stride - before;
    const from = start < 0 ? Math.ceil(-start / dilation) : 0;
    const to = Math.min(filter, Math.ceil((size - start) / dilation));
    count += Math.max(0, to - from);
  }
  return count;
}

/** `pixels` of the output, filter places inside the input (`taps`), in the padding, and rows of places inside. */
export function tapsOf({ input, filter, output, stride, padding, dilation }: WindowGeometry) {
  const y = inside(input.h, filter.h, stride.h, padding.h, dilation.h, output.h);
  const x = inside(input.w, filter.w, stride.w, padding.w, dilation.w, output.w);
  const pixels = input.n * output.h * output.w;
  const taps = input.n * y * x;
  return { pixels, taps, outside: pixels * filter.h * filter.w - taps, rows: input.n * y * output.w };
}

/** `copies` calls of memcpy for `bytes` each, the way Arm's assembler takes them: blocks of 64, 16, 4 and 1. */
function copied(copies: number, bytes: number): Features {
  return {
    block: copies * down(bytes, 64),
    mid: copies * down(bytes % 64, 16),
    word: copies * down(bytes % 16, 4),
    byte: copies * (bytes % 4),
    all: copies * bytes,
    crooked: bytes % 4 ? copies : 0,
    crookedAll: bytes % 4 ? copies * bytes : 0,
  };
}

/** A run along the depth: whole steps of 16, then of 4, then single ones. */
const depthSteps = (k: number) => ({ '': 1, big: down(k, 16), step: down(k % 16, 4), rest: k % 4, some: +(k % 4 > 0) });
const quadSteps = (k: number) => ({ '': 1, step: down(k, 4), rest: k % 4, some: +(k % 4 > 0) });
const vectorSteps = (k: number) => ({ '': 1, step: up(k, 16) });

/** Rows times transposed rows, as the kernels `mat_mult_nt_t` tile them. */
function matMul(kind: CoreKind, weights: Weights, rows: number, units: number, depth: number): Features {
  if (rows <= 0) return {};
  if (kind === 'mve') {
    const left = rows % 4;
    const steps =
      weights === 's4' ? { '': 1, step: down(depth, 16), rest: +(depth % 16 > 0), six: +(depth % 16 > 6) } : vectorSteps(depth);
    return {
      calls: 1,
      tileRows: down(rows, 4),
      ...times(down(rows, 4) * units, 'tile', steps),
      ...(weights === 's4'
        ? { ...times(+(left === 3) * units, 'three', steps), ...times(+(left === 2) * units, 'two', steps) }
        : {}),
      ...times((weights === 's4' ? +(left === 1) : left) * units, 'row', steps),
      rowTail: left * (units % 4),
      rowQuads: left * down(units, 4),
    };
  }
  const wide = weights === 's4' ? 4 : 2;
  const steps = weights === 's4' ? { ...depthSteps(depth), two: down(depth % 4, 2), odd: depth % 2 } : depthSteps(depth);
  const tiles = down(units, wide);
  const odd = units % wide;
  return {
    calls: 1,
    tiles,
    sums: weights === 's4' ? 0 : tiles * depth,
    ...times(tiles * down(rows, 2), 'tile', steps),
    ...times(tiles * (rows % 2), 'row', steps),
    odds: odd,
    oddSums: weights === 's4' ? 0 : odd * depth,
    ...times(odd * down(rows, 2), 'oddTile', steps),
    ...times(odd * (rows % 2), 'oddRow', steps),
  };
}

/** Convolution that gathers columns first. */
function gather(kind: CoreKind, weights: Weights, g: WindowGeometry, groups: number): Features {
  const { pixels, taps, outside } = tapsOf(g);
  const k = g.filter.h * g.filter.w * g.filter.c;
  const units = g.output.c / groups;
  const perImage = g.output.h * g.output.w;
  const images = g.input.n * groups;
  const bytes = g.filter.c * (weights === 's16' ? 2 : 1);
  const copies = {
    one: 1,
    images,
    pixels: pixels * groups,
    lines: pixels * groups * g.filter.h,
    taps: taps * groups,
    outside: outside * groups,
  };
  if (kind === 'mve') {
    const calls = (rows: number) => matMul(kind, weights, rows, units, k);
    return sum(
      copies,
      {
        copySteps: taps * groups * up(bytes, 16),
        fillSteps: outside * groups * up(bytes, 16),
        slow: pixels * groups * units * Math.max(0, k - 512) * +(weights === 's16'),
      },
      times(images * down(perImage, 4), 'full/', calls(4)),
      times(images, 'last/', calls(perImage % 4)),
    );
  }
  const pairs = images * down(perImage, 2);
  const last = images * (perImage % 2) * units;
  const steps =
    weights === 's16' ? { ...quadSteps(Math.min(k, 512)), slow: Math.max(0, k - 512) } : { ...quadSteps(k), odd: k % 2 };
  return {
    ...copies,
    ...times(1, 'copy', copied(taps * groups, bytes)),
    ...times(1, 'fill', copied(outside * groups, bytes)),
    columns: pixels * groups * down(k, 4),
    columnRest: pixels * groups * (k % 4),
    pairs,
    ...times(pairs * down(units, 2), 'tile', steps),
    ...times(pairs * (units % 2), 'odd', steps),
    ...times(last, 'last', steps),
  };
}

export function convolveFeatures(kind: CoreKind, weights: Weights, g: WindowGeometry, groups: number): KernelFeatures {
  const { input, output, stride } = g;
  if (weights !== 's16' && isPointwise(g) && groups === 1) {
    const fast = stride.h === 1 && stride.w === 1;
    const calls = fast ? 1 : input.n * output.h;
    const rows = fast ? input.n * input.h * input.w : output.w;
    return { path: 'pointwise', features: { one: 1, ...times(calls, '', matMul(kind, weights, rows, output.c, input.c)) } };
  }
  if (weights !== 's16' && kind === 'mve' && groups === 1 && isOneByN(g)) {
    const { left, inner, right, fits } = oneByNSections(g);
    if (fits) {
      const part = (rows: number) => matMul(kind, weights, rows, output.c, g.filter.w * input.c);
      const copied = up(g.filter.w * input.c, 16) * (+(left > 0) + +(right > 0));
      return { path: 'row', features: times(input.n, '', sum({ one: 1, copied }, part(left), part(inner), part(right))) };
    }
  }
  return { path: groups > 1 ? 'grouped' : 'gather', features: gather(kind, weights, g, groups) };
}

/** Depthwise kernels of the MVE build: blocks of 124 channels, four pixels at a time. */
function depthwiseMve(g: WindowGeometry): Features {
  const { pixels, taps, outside } = tapsOf(g);
  const places = g.filter.h * g.filter.w;
  let blocks = 0;
  let vectors = 0;
  let quads = 0;
  for (let c = g.input.c; c > 0; c -= 124, blocks++) {
    vectors += up(Math.min(c, 124), 16);
    quads += up(Math.min(c, 124), 4);
  }
  const steps = { '': 1, taps: places };
  return {
    one: 1,
    blocks,
    pixels: pixels * blocks,
    lines: pixels * blocks * g.filter.h,
    taps: taps * blocks,
    outside: outside * blocks,
    copySteps: taps * vectors,
    fillSteps: outside * vectors,
    tiles: down(pixels, 4) * blocks,
    ...times(down(pixels, 4) * quads, 'tile', steps),
    ...times((pixels % 4) * quads, 'row', steps),
    odd: g.input.c % 2,
  };
}

/** Depthwise kernels of the DSP build (and of s4 without it): a column is gathered for all channels of a pixel. */
function depthwiseColumns(g: WindowGeometry): Features {
  const { pixels, taps, outside, rows } = tapsOf(g);
  const c = g.input.c;
  const places = g.filter.h * g.filter.w;
  const steps = { '': 1, step: down(places, 2), rest: places % 2 };
  const odd = c % 2;
  return {
    one: 1,
    pixels,
    lines: rows,
    taps,
    outside,
    quads: taps * down(c, 4),
    singles: taps * (c % 4),
    fillRows: (pixels * g.filter.h - rows) * g.filter.w * c,
    fillTaps: rows * g.filter.w - taps,
    fillAll: (rows * g.filter.w - taps) * c,
    ...times((1 - odd) * pixels * down(c, 4), 'tile', steps),
    ...times((1 - odd) * pixels * (c % 4), 'row', steps),
    ...times(odd * pixels * down(c, 4), 'oddTile', steps),
    ...times(odd * pixels * (c % 4), 'oddRow', steps),
  };
}

/** Loops over every place of every output; `at` outputs in one round. */
const depthwisePlain = (g: WindowGeometry, at = 1): Features => {
  const { pixels, taps, rows } = tapsOf(g);
  const rounds = up(g.output.c, at);
  const dilated = +(g.dilation.w > 1) + +(g.dilation.h > 1);
  return {
    one: 1,
    pixels,
    inputs: pixels * g.input.c,
    rounds: pixels * rounds,
    divisions: pixels * rounds * dilated,
    rows: rows * rounds,
    taps: taps * rounds,
  };
};

/** s4 off the fast path: pairs of channels where nibbles pair up, single ones elsewhere. */
function depthwiseNibbles(g: WindowGeometry): KernelFeatures {
  const multiplier = g.output.c / g.input.c;
  if (g.input.c % 2) return { path: 'plain_single', features: depthwisePlain(g) };
  if (multiplier === 1) return { path: 'plain_pairs', features: depthwisePlain(g, 2) };
  return multiplier % 2
    ? { path: 'plain_odd', features: depthwisePlain(g) }
    : { path: 'plain_even', features: depthwisePlain(g, 2) };
}

export function depthwiseConvFeatures(kind: CoreKind, weights: Weights, g: WindowGeometry): KernelFeatures {
  const { input, output, filter, dilation } = g;
  const dense = dilation.h === 1 && dilation.w === 1;
  const multiplier = output.c / input.c;
  if (weights === 's8' && kind === 'mve' && isDepthwiseAsConvolution(g)) {
    const { path, features } = convolveFeatures(kind, 's8', { ...g, filter: { ...filter, c: 1 } }, 1);
    return { path: `as_convolution_${path}`, features: { ...features, weights: filter.h * filter.w * output.c } };
  }
  if (weights === 's8' && kind !== 'mve' && isDepthwise3x3(g)) {
    const { pixels, taps, rows } = tapsOf(g);
    const steps = { '': pixels, rows, taps };
    return {
      path: '3x3',
      features: { one: 1, pixels, ...times(down(input.c, 4), 'tile', steps), ...times(input.c % 4, 'row', steps) },
    };
  }
  const gathered = multiplier === 1 && dense && (weights === 's16' ? filter.h * filter.w < 512 : input.n === 1);
  if (gathered && kind === 'mve') return { path: 'gather', features: depthwiseMve(g) };
  if (gathered && (kind === 'dsp' || weights === 's4')) return { path: 'gather', features: depthwiseColumns(g) };
  if (weights === 's8' && multiplier % 4 === 0 && input.n === 1 && dense) {
    const { pixels, taps, rows } = tapsOf(g);
    const steps = { '': pixels, rows, taps };
    return { path: 'times4', features: { one: 1, pixels, channels: pixels * input.c, ...times(output.c / 4, 'tile', steps) } };
  }
  return weights === 's4' ? depthwiseNibbles(g) : { path: 'plain', features: depthwisePlain(g) };
}

/** One dense layer: rows of weights in tiles, whole steps of a vector, then single products. */
export function fullyConnectedFeatures(
  kind: CoreKind,
  weights: Weights,
  batch: number,
  depth: number,
  units: number,
): KernelFeatures {
  const tile = weights === 's4' ? 4 : { c: weights === 's16' ? 1 : 3, dsp: 2, mve: 4 }[kind];
  const fast = weights === 's16' ? Math.min(depth, 512) : depth;
  const steps: Features =
    kind === 'mve'
      ? {
          '': 1,
          step: weights === 's4' ? down(depth, 16) : up(fast, weights === 's16' ? 8 : 16),
          rest: weights === 's4' ? +(depth % 16 > 0) : 0,
          six: weights === 's4' ? +(depth % 16 > 6) : 0,
          slow: depth - fast,
        }
      : {
          ...quadSteps(fast),
          slow: depth - fast,
          two: weights === 's4' ? down(depth % 4, 2) : 0,
          odd: weights === 's4' ? depth % 2 : 0,
        };
  return {
    path: '',
    features: times(batch, '', { one: 1, ...times(down(units, tile), 'tile', steps), ...times(units % tile, 'row', steps) }),
  };
}

export const elementwiseFeatures = (elements: number): KernelFeatures => ({
  path: '',
  features: { one: 1, elements, quads: down(elements, 4) },
});

export function poolFeatures(g: WindowGeometry): KernelFeatures {
  const { pixels, taps, rows } = tapsOf(g);
  const c = g.input.c;
  const channels = { '': 1, single: c % 4, quads: down(c, 4), vectors: up(c, 16), halves: up(c, 8) };
  return {
    path: '',
    features: {
      one: 1,
      ...times(pixels, 'pixel', channels),
      ...times(taps, 'tap', channels),
      ...times(rows, 'row', { '': 1, all: c }),
      places: pixels * g.filter.h * g.filter.w * c,
    },
  };
}

export const softmaxFeatures = (rows: number, size: number): KernelFeatures => ({
  path: '',
  features: { one: 1, rows, elements: rows * size },
});

/** `pieces` blocks of `bytes` copied one after another. */
export const copyFeatures = (pieces: number, bytes: number): KernelFeatures => ({
  path: '',
  features: { one: 1, pieces, vectors: pieces * up(bytes, 16), ...copied(pieces, bytes) },
});

export function transposeConvFeatures(g: WindowGeometry): KernelFeatures {
  const { input, filter, output } = g;
  const inputs = input.n * input.h * input.w;
  const outputs = input.n * output.h * output.w;
  const places = filter.h * filter.w;
  if (isReverseConv(g)) {
    return {
      path: 'reverse',
      features: {
        one: 1,
        pixels: outputs,
        places: outputs * places,
        gathered: outputs * places * input.c,
        outputs: outputs * output.c,
        macs: outputs * places * input.c * output.c,
        weights: places * input.c * output.c,
      },
    };
  }
  const columns = (input.w - 1) * g.stride.w + Math.max(filter.w, g.stride.h);
  return {
    path: 'scatter',
    features: {
      one: 1,
      inputs,
      places: inputs * places,
      units: inputs * places * output.c,
      outputs: outputs * output.c,
      outputQuads: outputs * up(output.c, 4),
      buffer: columns * Math.max(filter.h, g.stride.h),
      bufferAll: columns * Math.max(filter.h, g.stride.h) * output.c,
      resets: output.h * columns,
      resetAll: output.h * columns * output.c,
      steps: inputs * places * output.c * down(input.c, 4),
      rest: inputs * places * output.c * (input.c % 4),
      vectors: inputs * places * output.c * up(input.c, 16),
    },
  };
}

export const svdfFeatures = (batch: number, input: number, features: number, memory: number): KernelFeatures => ({
  path: '',
  features: times(batch, '', {
    one: 1,
    state: features * memory,
    features,
    steps: features * down(input, 4),
    rest: features * (input % 4),
    vectors: features * up(input, 16),
    time: features * down(memory, 4),
    timeRest: features * (memory % 4),
  }),
});

/** Zero rows above and below, zero pieces left and right of each of `rows` rows of `bytes`. */
export const padFeatures = (outRows: number, rows: number, bytes: number, outBytes: number): KernelFeatures => ({
  path: '',
  features: {
    one: 1,
    rows,
    vectors: rows * up(bytes, 16),
    sides: rows * (outBytes - bytes),
    sideWords: rows * down(outBytes - bytes, 4),
    empty: (outRows - rows) * outBytes,
    ...copied(rows, bytes),
  },
});

/** `matrices` products of [rows, depth] with [columns, depth]. */
export function batchMatmulFeatures(
  kind: CoreKind,
  matrices: number,
  rows: number,
  depth: number,
  columns: number,
): KernelFeatures {
  const { features } = fullyConnectedFeatures(kind, 's8', matrices * rows, depth, columns);
  return {
    path: '',
    features: { ...features, call: 1, matrices, sums: matrices * columns, sumSteps: matrices * columns * up(depth, 16) },
  };
}

/** Plain float code. */
export const floatFeatures = (macs: number, outputs: number): KernelFeatures => ({
  path: '',
  features: { one: 1, macs, outputs },
});

/** Rows and columns exchanged, `slices` of them. */
export const transposeFeatures = (slices: number, rows: number, elements: number): KernelFeatures => ({
  path: '',
  features: { one: 1, slices, rows, elements },
});
