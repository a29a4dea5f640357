import type { Attrs } from '../../src/graph/graph.ts';

export interface Sample {
  readonly shapes: readonly (readonly number[] | null)[];
  readonly attrs: Attrs;
}

const square = { stride: [1, 1], padding: 'same', activation: 'none' };
const strided = { stride: [2, 2], padding: 'valid', activation: 'relu6', dilation: [1, 1] };
const pairs = [
  {
    shapes: [
      [2, 3, 5],
      [2, 3, 5],
    ],
    attrs: { activation: 'none' },
  },
  { shapes: [[2, 4, 3, 8], [8]], attrs: { activation: 'relu' } },
  { shapes: [[1], [2, 9]], attrs: { activation: 'reluN1' } },
  {
    shapes: [
      [2, 1, 3, 1],
      [1, 4, 1, 5],
    ],
    attrs: { activation: 'none' },
  },
];
const plain = [
  { shapes: [[1]], attrs: {} },
  { shapes: [[3, 7]], attrs: {} },
  { shapes: [[2, 3, 3, 4]], attrs: {} },
];
const extremes = [
  { shapes: [[2, 3, 4, 5]], attrs: { axes: [1, 2], keepDims: false } },
  { shapes: [[2, 3, 4]], attrs: { axes: [2], keepDims: true } },
  { shapes: [[2, 3, 4, 5]], attrs: { axes: [0, 1, 3], keepDims: true } },
];
const args = [
  { shapes: [[2, 9]], attrs: { axis: 1 } },
  { shapes: [[2, 3, 4, 5]], attrs: { axis: 2 } },
];
const filters = { filter: [2, 3] };

/** x, weights of four gates for [depth] and for the hidden state, and biases where there are any; without states. */
const lstmShapes = (x: readonly number[], hidden: number, biased = true) => {
  const four = (shape: readonly number[] | null) => [shape, shape, shape, shape];
  const depth = x[2];
  return [x, ...four([hidden, depth]), ...four([hidden, hidden]), null, null, null, ...four(biased ? [hidden] : null)];
};

export const SAMPLES: Record<string, readonly Sample[]> = {
  conv2d: [
    { shapes: [[2, 5, 6, 3], [5, 3, 3, 3], [5]], attrs: square },
    { shapes: [[1, 7, 6, 4], [9, 2, 3, 4], null], attrs: strided },
    { shapes: [[1, 6, 6, 6], [4, 3, 2, 3], [4]], attrs: { ...square, groups: 2, activation: 'relu', dilation: [2, 1] } },
    { shapes: [[2, 4, 4, 8], [8, 1, 1, 8], [8]], attrs: { ...square, stride: [2, 2], activation: 'relu' } },
    { shapes: [[1, 5, 6, 8], [8, 3, 3, 8], [8]], attrs: { ...square, activation: 'relu' } },
    { shapes: [[1, 6, 7, 8], [8, 3, 3, 8], [8]], attrs: { ...square, stride: [2, 2] } },
  ],
  depthwiseConv2d: [
    { shapes: [[2, 5, 6, 4], [1, 3, 3, 4], [4]], attrs: { ...square, multiplier: 1, activation: 'relu' } },
    { shapes: [[1, 7, 6, 3], [1, 2, 3, 6], null], attrs: { ...strided, multiplier: 2 } },
  ],
  transposeConv2d: [
    { shapes: [[2, 3, 4, 3], [5, 3, 3, 3], [5]], attrs: { ...square, stride: [2, 2], outputSize: [6, 8] } },
    { shapes: [[1, 2, 3, 4], [2, 2, 3, 4], null], attrs: { ...strided, outputSize: [4, 7] } },
    { shapes: [[1, 2, 3, 4], [2, 2, 3, 4], [2]], attrs: { ...strided, activation: 'relu', outputSize: [4, 7] } },
  ],
  fullyConnected: [
    { shapes: [[3, 7], [5, 7], [5]], attrs: { activation: 'relu' } },
    { shapes: [[2, 2, 6], [9, 6], null], attrs: { activation: 'none', keepDims: true } },
  ],
  batchMatmul: [
    {
      shapes: [
        [2, 3, 4],
        [2, 4, 5],
      ],
      attrs: { adjX: false, adjY: false },
    },
    {
      shapes: [
        [2, 1, 4, 3],
        [3, 5, 4],
      ],
      attrs: { adjX: true, adjY: true },
    },
  ],
  avgPool2d: [
    { shapes: [[2, 5, 6, 5]], attrs: { ...square, ...filters } },
    { shapes: [[1, 5, 7, 4]], attrs: { ...strided, ...filters } },
  ],
  maxPool2d: [
    { shapes: [[2, 5, 6, 5]], attrs: { ...square, ...filters } },
    { shapes: [[1, 5, 7, 4]], attrs: { ...strided, ...filters } },
  ],
  mean: [
    { shapes: [[2, 3, 4, 5]], attrs: { axes: [1, 2], keepDims: false } },
    { shapes: [[2, 3, 4, 5]], attrs: { axes: [3], keepDims: true } },
    { shapes: [[2, 3, 4, 5]], attrs: { axes: [0, 1, 3], keepDims: true } },
  ],
  sum: [
    { shapes: [[2, 3, 4, 5]], attrs: { axes: [1, 2], keepDims: false } },
    { shapes: [[2, 3, 4, 5]], attrs: { axes: [0, 1, 3], keepDims: true } },
  ],
  reduceMax: extremes,
  reduceMin: extremes,
  add: pairs,
  sub: pairs,
  mul: pairs,
  div: pairs.map((p) => ({ ...p, attrs: { activation: 'none' } })),
  squaredDifference: pairs.map((p) => ({ ...p, attrs: {} })),
  minimum: pairs.map((p) => ({ ...p, attrs: {} })),
  maximum: pairs.map((p) => ({ ...p, attrs: {} })),
  concat: [
    {
      shapes: [
        [2, 3, 4],
        [2, 3, 1],
        [2, 3, 6],
      ],
      attrs: { axis: 2, activation: 'none' },
    },
    {
      shapes: [
        [2, 3],
        [1, 3],
      ],
      attrs: { axis: 0, activation: 'relu' },
    },
  ],
  split: [
    { shapes: [[2, 3, 8]], attrs: { axis: 2, sizes: [1, 5, 2] } },
    { shapes: [[4, 3]], attrs: { axis: 0, sizes: [2, 2] } },
  ],
  pad: [
    {
      shapes: [[1, 3, 4, 5]],
      attrs: {
        paddings: [
          [0, 0],
          [1, 2],
          [2, 0],
          [0, 0],
        ],
        value: 0,
      },
    },
    {
      shapes: [[2, 3]],
      attrs: {
        paddings: [
          [1, 0],
          [0, 4],
        ],
        value: -1.5,
      },
    },
  ],
  mirrorPad: [
    {
      shapes: [[1, 3, 4, 2]],
      attrs: {
        paddings: [
          [0, 0],
          [2, 1],
          [0, 3],
          [0, 0],
        ],
        symmetric: false,
      },
    },
    {
      shapes: [[2, 3]],
      attrs: {
        paddings: [
          [2, 0],
          [0, 3],
        ],
        symmetric: true,
      },
    },
  ],
  tile: [
    { shapes: [[1, 2, 1, 3]], attrs: { multiples: [1, 1, 4, 1] } },
    { shapes: [[2, 1, 2, 3]], attrs: { multiples: [2, 3, 1, 2] } },
  ],
  gather: [
    { shapes: [[2, 5, 3]], attrs: { axis: 1, indices: [4, 0, 0, 2], shape: [4] } },
    { shapes: [[2, 3, 4]], attrs: { axis: 2, indices: [3], shape: [] } },
    { shapes: [[6, 2]], attrs: { axis: 0, indices: [5, 1, 1, 0], shape: [2, 2] } },
  ],
  depthToSpace: [
    { shapes: [[2, 2, 3, 8]], attrs: { block: 2 } },
    { shapes: [[1, 1, 2, 9]], attrs: { block: 3 } },
  ],
  spaceToDepth: [
    { shapes: [[2, 4, 6, 2]], attrs: { block: 2 } },
    { shapes: [[1, 3, 6, 1]], attrs: { block: 3 } },
  ],
  pack: [
    {
      shapes: [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
      attrs: { axis: 1 },
    },
    {
      shapes: [
        [1, 2, 4],
        [1, 2, 4],
      ],
      attrs: { axis: 3 },
    },
  ],
  unpack: [
    { shapes: [[2, 3, 4]], attrs: { axis: 1 } },
    { shapes: [[5, 2]], attrs: { axis: 1 } },
  ],
  stream: [
    {
      shapes: [
        [1, 3, 1, 4],
        [1, 2, 1, 4],
      ],
      attrs: { axis: 1 },
    },
    {
      shapes: [
        [1, 1, 5],
        [1, 4, 5],
      ],
      attrs: { axis: 1 },
    },
  ],
  reshape: [{ shapes: [[2, 3, 4]], attrs: { shape: [0, -1] } }],
  transpose: [
    { shapes: [[2, 3, 4, 5]], attrs: { perm: [0, 3, 1, 2] } },
    { shapes: [[3, 5]], attrs: { perm: [1, 0] } },
  ],
  stridedSlice: [
    { shapes: [[2, 5, 6]], attrs: { begin: [0, 1, 5], end: [2, 5, -9], strides: [1, 2, -1], shrink: [] } },
    { shapes: [[2, 5, 6]], attrs: { begin: [0, 3, 0], end: [2, 4, 6], strides: [1, 1, 1], shrink: [1] } },
  ],
  relu: plain,
  relu6: plain,
  reluN1: plain,
  leakyRelu: plain.map((p) => ({ ...p, attrs: { alpha: 0.1 } })),
  prelu: [
    { shapes: [[2, 3, 4, 5], [5]], attrs: {} },
    {
      shapes: [
        [2, 3, 4],
        [3, 4],
      ],
      attrs: {},
    },
  ],
  logSoftmax: plain,
  l2Normalize: plain,
  cast: plain,
  argMax: args,
  argMin: args,
  softmax: plain.map((p) => ({ ...p, attrs: { beta: 1.5 } })),
  logistic: plain,
  tanh: plain,
  hardSwish: plain,
  elu: plain,
  gelu: [true, false].flatMap((approximate) => plain.map((p) => ({ ...p, attrs: { approximate } }))),
  abs: plain,
  sqrt: plain,
  rsqrt: plain,
  exp: plain,
  batchNorm: [
    { shapes: [[2, 5, 13, 5], [5], [5], [5], [5]], attrs: { epsilon: 1e-3 } },
    { shapes: [[7, 4], [4], [4], [4], [4]], attrs: { epsilon: 1e-3 } },
  ],
  resizeNearest: [
    { shapes: [[1, 3, 4, 3]], attrs: { size: [7, 5], alignCorners: false, halfPixelCenters: true } },
    { shapes: [[2, 5, 4, 2]], attrs: { size: [3, 4], alignCorners: true, halfPixelCenters: false } },
  ],
  resizeBilinear: [
    { shapes: [[1, 3, 4, 3]], attrs: { size: [7, 5], alignCorners: false, halfPixelCenters: true } },
    { shapes: [[2, 5, 4, 2]], attrs: { size: [3, 7], alignCorners: true, halfPixelCenters: false } },
    { shapes: [[2, 5, 4, 2]], attrs: { size: [3, 7], alignCorners: false, halfPixelCenters: false } },
  ],
  dropout: [{ shapes: [[3, 5]], attrs: { rate: 0 } }],
  quantize: plain,
  dequantize: plain,
};

/** Recurrent operators in floats; an LSTM without states begins with zeros. In integers: test/formats/row_graphs.ts. */
export const RECURRENT: Record<string, readonly Sample[]> = {
  lstm: [
    { shapes: lstmShapes([2, 5, 3], 6), attrs: { timeMajor: false, cellClip: 0, intermediates: [] } },
    { shapes: lstmShapes([4, 3, 5], 3, false), attrs: { timeMajor: true, cellClip: 0.4, intermediates: [] } },
    { shapes: lstmShapes([1, 1, 2], 1), attrs: { timeMajor: false, cellClip: 0, intermediates: [] } },
  ],
  svdf: [
    { shapes: [[1, 6], [4, 6], [4, 5], [2], [1, 20]], attrs: { rank: 2, activation: 'relu' } },
    { shapes: [[2, 3], [3, 3], [3, 1], null, [2, 3]], attrs: { rank: 1, activation: 'none' } },
  ],
};
