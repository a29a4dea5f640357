import { type CoreKind, isOneByN, isPointwise, isReverseConv, oneByNSections, type WindowGeometry } from '../buffer_sizes.ts';
import {
  copied,
  depthSteps,
  down,
  type Features,
  type KernelFeatures,
  quadSteps,
  sum,
  tapsOf,
  times,
  up,
  vectorSteps,
  type Weights,
} from './parts.ts';

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

/** Convolution that gathers columns first: what the gathering costs, however the kernel multiplies. */
function gathering(weights: Weights, g: WindowGeometry, groups: number) {
  const { pixels, taps, outside } = tapsOf(g);
  return {
    k: g.filter.h * g.filter.w * g.filter.c,
    units: g.output.c / groups,
    perImage: g.output.h * g.output.w,
    images: g.input.n * groups,
    bytes: g.filter.c * (weights === 's16' ? 2 : 1),
    pixels: pixels * groups,
    taps: taps * groups,
    outside: outside * groups,
    lines: pixels * groups * g.filter.h,
  };
}

/** Four columns at a time, multiplied as matrices. */
function gatherMve(weights: Weights, g: WindowGeometry, groups: number): Features {
  const { k, units, perImage, images, bytes, pixels, taps, outside, lines } = gathering(weights, g, groups);
  const calls = (rows: number) => matMul('mve', weights, rows, units, k);
  const copies = { one: 1, images, pixels, lines, taps, outside };
  const steps = {
    copySteps: taps * up(bytes, 16),
    fillSteps: outside * up(bytes, 16),
    slow: pixels * units * Math.max(0, k - 512) * +(weights === 's16'),
  };
  return sum(copies, steps, times(images * down(perImage, 4), 'full/', calls(4)), times(images, 'last/', calls(perImage % 4)));
}

/** Two columns at a time, the last one of an image alone. */
function gatherPairs(weights: Weights, g: WindowGeometry, groups: number): Features {
  const { k, units, perImage, images, bytes, pixels, taps, outside, lines } = gathering(weights, g, groups);
  const pairs = images * down(perImage, 2);
  const last = images * (perImage % 2) * units;
  const steps =
    weights === 's16' ? { ...quadSteps(Math.min(k, 512)), slow: Math.max(0, k - 512) } : { ...quadSteps(k), odd: k % 2 };
  return {
    ...{ one: 1, images, pixels, lines, taps, outside },
    ...times(1, 'copy', copied(taps, bytes)),
    ...times(1, 'fill', copied(outside, bytes)),
    columns: pixels * down(k, 4),
    columnRest: pixels * (k % 4),
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
    return {
      paths: ['pointwise', 'gather'],
      features: { one: 1, ...times(calls, '', matMul(kind, weights, rows, output.c, input.c)) },
    };
  }
  if (weights !== 's16' && kind === 'mve' && groups === 1 && isOneByN(g)) {
    const { left, inner, right, fits } = oneByNSections(g);
    if (fits) {
      const part = (rows: number) => matMul(kind, weights, rows, output.c, g.filter.w * input.c);
      const copied = up(g.filter.w * input.c, 16) * (+(left > 0) + +(right > 0));
      return {
        paths: ['row', 'gather'],
        features: times(input.n, '', sum({ one: 1, copied }, part(left), part(inner), part(right))),
      };
    }
  }
  const features = kind === 'mve' ? gatherMve(weights, g, groups) : gatherPairs(weights, g, groups);
  return { paths: groups > 1 ? ['grouped', 'gather'] : ['gather'], features };
}

export function transposeConvFeatures(g: WindowGeometry): KernelFeatures {
  const { input, filter, output } = g;
  const inputs = input.n * input.h * input.w;
  const outputs = input.n * output.h * output.w;
  const places = filter.h * filter.w;
  if (isReverseConv(g)) {
    return {
      paths: ['reverse'],
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
    paths: ['scatter'],
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
