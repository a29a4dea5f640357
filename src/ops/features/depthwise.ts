import { type CoreKind, isDepthwise3x3, isDepthwiseAsConvolution, type WindowGeometry } from '../buffer_sizes.ts';
import { convolveFeatures } from './convolve.ts';
import { down, type Features, type KernelFeatures, tapsOf, times, up, type Weights } from './parts.ts';

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
  if (g.input.c % 2) return { paths: ['plain_single', 'plain', 'gather'], features: depthwisePlain(g) };
  if (multiplier === 1) return { paths: ['plain_pairs', 'plain', 'gather'], features: depthwisePlain(g, 2) };
  return multiplier % 2
    ? { paths: ['plain_odd', 'plain', 'gather'], features: depthwisePlain(g) }
    : { paths: ['plain_even', 'plain', 'gather'], features: depthwisePlain(g, 2) };
}

export function depthwiseConvFeatures(kind: CoreKind, weights: Weights, g: WindowGeometry): KernelFeatures {
  const { input, output, filter, dilation } = g;
  const dense = dilation.h === 1 && dilation.w === 1;
  const multiplier = output.c / input.c;
  if (weights === 's8' && kind === 'mve' && isDepthwiseAsConvolution(g)) {
    const { paths, features } = convolveFeatures(kind, 's8', { ...g, filter: { ...filter, c: 1 } }, 1);
    return {
      paths: paths.map((path) => `as_convolution_${path}`),
      features: { ...features, weights: filter.h * filter.w * output.c },
    };
  }
  if (weights === 's8' && kind !== 'mve' && isDepthwise3x3(g)) {
    const { pixels, taps, rows } = tapsOf(g);
    const steps = { '': pixels, rows, taps };
    return {
      paths: ['3x3', 'gather'],
      features: { one: 1, pixels, ...times(down(input.c, 4), 'tile', steps), ...times(input.c % 4, 'row', steps) },
    };
  }
  const gathered = multiplier === 1 && dense && (weights === 's16' ? filter.h * filter.w < 512 : input.n === 1);
  if (gathered && kind === 'mve') return { paths: ['gather'], features: depthwiseMve(g) };
  if (gathered && (kind === 'dsp' || weights === 's4')) return { paths: ['gather'], features: depthwiseColumns(g) };
  if (weights === 's8' && multiplier % 4 === 0 && input.n === 1 && dense) {
    const { pixels, taps, rows } = tapsOf(g);
    const steps = { '': pixels, rows, taps };
    return {
      paths: ['times4', 'gather'],
      features: { one: 1, pixels, channels: pixels * input.c, ...times(output.c / 4, 'tile', steps) },
    };
  }
  return weights === 's4' ? depthwiseNibbles(g) : { paths: ['plain', 'gather'], features: depthwisePlain(g) };
}
