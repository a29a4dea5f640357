import type { Graph } from '../../src/graph/graph.ts';
import { createRandom, type Random } from '../../src/random.ts';
import { type LayerSpec, layersGraph } from '../../test/c/layers.ts';
import { mergeGraphs } from '../../test/c/merge.ts';
import { graphOf } from '../../test/formats/row_graphs.ts';
import type { Sample } from '../../test/ops/samples.ts';

/** Networks of layers side by side, whose generated C is counted: equal in every run. */

const CHANNELS = [1, 2, 3, 4, 5, 6, 8, 8, 10, 12, 16, 16, 20, 24, 28, 32, 32, 40, 48, 64, 64, 96, 128];
const SIZES = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 20, 24, 25, 28, 32];
const WINDOWS = [
  [3, 3],
  [3, 3],
  [3, 3],
  [5, 5],
  [2, 2],
  [1, 3],
  [3, 1],
  [10, 4],
  [5, 1],
  [1, 9],
  [7, 3],
];
const LARGEST = { work: 400_000, bytes: 20_000, outputs: 40_000 };
/** Of layers as networks have them: whole vectors of channels, and more of everything. */
const USUAL = { channels: [3, 8, 16, 16, 24, 32, 32, 64, 64, 128], least: 300_000, work: 2_500_000 };
/** Each of these takes as much memory as many of the others. */
const TOGETHER_USUAL = 8;
/** Layers of one network: its inputs and outputs must fit into the memory of a board. */
const TOGETHER = 30;

const size = (s: readonly number[]) => s.reduce((a, b) => a * b, 1);

type Draw = (pick: <T>(from: readonly T[]) => T, random: Random) => LayerSpec;

const activation = (random: Random) => (random.uniform() < 0.55 ? ('relu' as const) : ('none' as const));

const convolution =
  (window: readonly (readonly number[])[], attrs: LayerSpec['attrs'] = {}): Draw =>
  (pick, random) => {
    const [kH, kW] = pick(window);
    const [h, w] =
      kW === 1 && kH > 1
        ? [pick([16, 24, 32, 64]), 1]
        : kH === 1 && kW > 1
          ? [1, pick([16, 24, 32, 64])]
          : [pick(SIZES), pick(SIZES)];
    const stride = pick([1, 1, 1, 2]);
    const padding = kH <= h && kW <= w ? pick(['same', 'same', 'valid']) : 'same';
    return {
      op: 'conv2d',
      x: [1, h, w, pick(CHANNELS)],
      w: [pick(CHANNELS), kH, kW, 0],
      attrs: { stride: [h > 1 ? stride : 1, w > 1 ? stride : 1], padding, ...attrs },
      activation: activation(random),
    };
  };

const depthwise =
  (windows: readonly (readonly number[])[], attrs: LayerSpec['attrs'] = {}): Draw =>
  (pick, random) => {
    const spec = convolution(windows, attrs)(pick, random);
    const c = spec.x[3];
    const multiplier = Number(attrs?.multiplier ?? 1);
    return { ...spec, op: 'depthwiseConv2d', w: [1, spec.w[1], spec.w[2], c * multiplier] };
  };

const dense: Draw = (pick, random) => ({
  op: 'fullyConnected',
  x: [1, pick([...CHANNELS, 12, 16, 64, 100, 128, 256, 512, 640])],
  w: [pick([2, 3, 4, 6, 8, 10, 12, 16, 32, 64, 128]), 0],
  activation: activation(random),
});

const POINT = [[1, 1]];
const KINDS: readonly (readonly [count: number, draw: Draw])[] = [
  [110, convolution(WINDOWS)],
  [90, convolution(POINT)],
  [20, convolution([[3, 3]], { dilation: [2, 2], stride: [1, 1], padding: 'same' })],
  [70, depthwise([[3, 3]])],
  [60, depthwise(WINDOWS)],
  [
    20,
    depthwise(
      [
        [3, 3],
        [5, 5],
      ],
      { multiplier: 2 },
    ),
  ],
  [80, dense],
];

function layerSpecs(): LayerSpec[] {
  return KINDS.flatMap(([count, draw], kind) => {
    const random = createRandom(11, `generated/${kind}`);
    const found: LayerSpec[] = [];
    while (found.length < count) {
      const drawn = draw((from) => from[random.below(from.length)], random);
      const depth = drawn.x[drawn.x.length - 1];
      const w = drawn.op === 'depthwiseConv2d' ? drawn.w : [...drawn.w.slice(0, -1), depth];
      const spec = { ...drawn, w };
      const pixels = drawn.x.length > 2 ? size(drawn.x.slice(1, 3)) : 1;
      if (
        pixels * size(w) > LARGEST.work ||
        size(w) > LARGEST.bytes ||
        size(drawn.x) > LARGEST.bytes ||
        pixels * w[0] > LARGEST.outputs
      )
        continue;
      found.push(spec);
    }
    return found;
  });
}

const window = (filter: readonly number[], stride: readonly number[]) => ({
  filter,
  stride,
  padding: 'valid',
  activation: 'none',
});
const images = [
  [1, 4, 4, 8],
  [1, 8, 8, 16],
  [1, 7, 9, 5],
  [1, 16, 16, 4],
  [1, 12, 12, 32],
  [1, 3, 3, 64],
  [1, 6, 10, 12],
  [1, 25, 5, 24],
  [1, 10, 10, 3],
];
const plain = images.map((shape): Sample => ({ shapes: [shape], attrs: {} }));
const pairs = images.map((shape): Sample => ({ shapes: [shape, shape], attrs: { activation: 'none' } }));
const pools = images.flatMap((shape): Sample[] => [
  { shapes: [shape], attrs: window([2, 2], [2, 2]) },
  { shapes: [shape], attrs: window([3, 3], [1, 1]) },
  { shapes: [shape], attrs: window(shape.slice(1, 3), [1, 1]) },
]);

/** Operators beside layers, by the samples that are counted. */
const OPERATORS: Readonly<Record<string, readonly Sample[]>> = {
  add: pairs,
  sub: pairs,
  mul: pairs,
  maximum: pairs,
  minimum: pairs,
  maxPool2d: pools,
  avgPool2d: pools,
  mean: images.map((shape) => ({ shapes: [shape], attrs: { axes: [1, 2], keepDims: false } })),
  softmax: [
    [1, 2],
    [1, 4],
    [1, 10],
    [1, 35],
    [8, 6],
    [3, 100],
  ].map((shape) => ({ shapes: [shape], attrs: {} })),
  relu: plain,
  relu6: plain,
  logistic: plain,
  tanh: plain,
  hardSwish: plain,
  transpose: images.map((shape) => ({ shapes: [shape], attrs: { perm: [0, 2, 1, 3] } })),
  concat: pairs.map((s) => ({ ...s, attrs: { axis: 3, activation: 'none' } })),
  pad: images.map((shape) => ({
    shapes: [shape],
    attrs: {
      paddings: [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ],
      value: 0,
    },
  })),
  transposeConv2d: [
    [4, 4, 8, 8],
    [6, 5, 16, 4],
    [3, 8, 4, 12],
  ].map(([h, w, c, units]) => ({
    shapes: [[1, h, w, c], [units, 3, 3, c], [units]],
    attrs: { stride: [2, 2], padding: 'same', activation: 'none', outputSize: [2 * h, 2 * w] },
  })),
};

/** Layers of usual sizes. */
function usualSpecs(): LayerSpec[] {
  const kinds = [
    convolution([
      [3, 3],
      [3, 3],
      [5, 5],
      [10, 4],
    ]),
    convolution(POINT),
    depthwise([[3, 3]]),
  ];
  return kinds.flatMap((draw, kind) => {
    const random = createRandom(12, `generated/usual/${kind}`);
    const found: LayerSpec[] = [];
    while (found.length < 16) {
      const spec = draw((from) => from[random.below(from.length)], random);
      const [h, w] = [random.below(3) ? 16 : 32, random.below(3) ? 16 : 24];
      const depth = USUAL.channels[random.below(USUAL.channels.length)];
      const units = spec.op === 'depthwiseConv2d' ? depth : USUAL.channels[1 + random.below(USUAL.channels.length - 1)];
      const dims = spec.op === 'depthwiseConv2d' ? [1, spec.w[1], spec.w[2], depth] : [units, spec.w[1], spec.w[2], depth];
      const work = h * w * size(dims);
      const least = spec.op === 'depthwiseConv2d' ? USUAL.least / 8 : USUAL.least;
      if (work < least || work > USUAL.work || h * w * Math.max(depth, units) > LARGEST.outputs) continue;
      found.push({ ...spec, x: [1, h, w, depth], w: dims });
    }
    return found;
  });
}

/** Sums as networks have them: each operand with a scale of its own. */
function withScales(graph: Graph): Graph {
  const scales = [0.0235, 0.0412, 0.0473];
  const zeros = [-128, 4, -128];
  const tensors = graph.tensors.map((t, i) => ({
    ...t,
    quant: { bits: 8 as const, scales: [scales[i]], zeros: [zeros[i]], axis: null },
  }));
  return { ...graph, tensors };
}

/** Networks to be counted. `fails` is told of a sample that has no C. */
export function generatedCases(skip: (op: string, error: unknown) => void = () => {}): Graph[] {
  const specs = layerSpecs();
  const layers: Graph[] = [];
  for (let at = 0; at < specs.length; at += TOGETHER) layers.push(layersGraph(specs.slice(at, at + TOGETHER), at));
  const others = Object.entries(OPERATORS).flatMap(([op, samples]) =>
    samples.flatMap((sample) => {
      try {
        return [graphOf(op, sample, 'i8')];
      } catch (e) {
        skip(op, e);
        return [];
      }
    }),
  );
  const usual = usualSpecs();
  for (let at = 0; at < usual.length; at += TOGETHER_USUAL)
    layers.push(layersGraph(usual.slice(at, at + TOGETHER_USUAL), 1000 + at));
  const sums = [
    ...pairs,
    {
      shapes: [
        [1, 16, 16, 32],
        [1, 16, 16, 32],
      ],
      attrs: { activation: 'none' },
    },
  ];
  others.push(...sums.map((sample) => withScales(graphOf('add', sample, 'i8'))));
  const merged: Graph[] = [];
  for (let at = 0; at < others.length; at += TOGETHER) merged.push(mergeGraphs(others.slice(at, at + TOGETHER)));
  return [...layers, ...merged];
}

/** What was counted of them on a core. */
export interface GeneratedCounts {
  /** Executed instructions by network and layer. */
  readonly instructions: number[][];
  /** Bytes of the code file of each network, and of its stack. */
  readonly code: number[];
  readonly stack: number[];
}
