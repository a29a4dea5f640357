import { CompressError } from '../../src/errors.ts';
import type { DType, Graph, Tensor } from '../../src/graph/graph.ts';
import { generated } from '../../src/mcu/generated.ts';
import { onChip } from '../../src/mcu/graph_cost.ts';
import { graphOf } from '../../test/formats/row_graphs.ts';
import type { Sample } from '../../test/ops/samples.ts';

/** Operators beside layers, as networks of one node. */

type Shape = readonly number[];

export const IMAGES: readonly Shape[] = [
  [1, 4, 4, 8],
  [1, 8, 8, 16],
  [1, 7, 9, 5],
  [1, 16, 16, 4],
  [1, 12, 12, 32],
  [1, 3, 3, 64],
  [1, 6, 10, 12],
  [1, 25, 5, 24],
  [1, 10, 10, 3],
  [1, 6, 6, 16],
  [1, 5, 3, 24],
  [1, 13, 7, 8],
  [1, 3, 16, 12],
  [1, 4, 9, 10],
  [1, 20, 15, 2],
  [1, 5, 5, 40],
  [1, 11, 4, 1],
];
/** Of networks that no fit sees. */
export const KEPT_IMAGES: readonly Shape[] = [
  [1, 5, 11, 8],
  [1, 14, 9, 20],
  [1, 9, 4, 6],
];

type Make = (image: Shape) => readonly Sample[];

const one =
  (attrs: Sample['attrs'] = {}): Make =>
  (image) => [{ shapes: [image], attrs }];
const pair =
  (attrs: Sample['attrs'] = {}): Make =>
  (image) => [{ shapes: [image, image], attrs }];
const window = (filter: Shape, stride: Shape) => ({ filter, stride, padding: 'valid', activation: 'none' });
const fits = (image: Shape, size: number) => image[1] >= size && image[2] >= size;
const pools: Make = (image) => [
  ...(fits(image, 2) ? [{ shapes: [image], attrs: window([2, 2], [2, 2]) }] : []),
  ...(fits(image, 3) ? [{ shapes: [image], attrs: window([3, 3], [1, 1]) }] : []),
  { shapes: [image], attrs: window(image.slice(1, 3), [1, 1]) },
];
/** As networks have them, with windows that leave the image. */
const padded: Make = (image) =>
  [
    [
      [2, 2],
      [1, 1],
    ],
    [
      [3, 3],
      [2, 2],
    ],
    [
      [3, 2],
      [1, 2],
    ],
  ].map(([filter, stride]) => ({ shapes: [image], attrs: { ...window(filter, stride), padding: 'same' } }));
const rows: Make = ([, h, w, c]) => [
  { shapes: [[h, c]], attrs: {} },
  { shapes: [[1, w * c]], attrs: {} },
];
const none = { activation: 'none' };
const around = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
];
const resized: Make = (image) => [
  {
    shapes: [image],
    attrs: { size: [2 * image[1], image[2] + 3], alignCorners: false, halfPixelCenters: true },
  },
];
const reduced = one({ axes: [1, 2], keepDims: false });

const OPERATORS: Readonly<Record<string, Make>> = {
  add: pair(none),
  sub: pair(none),
  mul: pair(none),
  squaredDifference: pair(),
  maximum: pair(),
  minimum: pair(),
  prelu: (image) => [{ shapes: [image, image.slice(3)], attrs: {} }],
  maxPool2d: pools,
  avgPool2d: pools,
  mean: reduced,
  sum: reduced,
  reduceMax: reduced,
  reduceMin: reduced,
  softmax: (image) => rows(image).map((s) => ({ ...s, attrs: { beta: 1 } })),
  logSoftmax: rows,
  l2Normalize: rows,
  argMax: one({ axis: 3 }),
  argMin: one({ axis: 3 }),
  cast: one(),
  relu: one(),
  relu6: one(),
  leakyRelu: one({ alpha: 0.1 }),
  logistic: one(),
  tanh: one(),
  hardSwish: one(),
  elu: one(),
  quantize: one(),
  dequantize: one(),
  reshape: one({ shape: [0, -1] }),
  transpose: one({ perm: [0, 2, 1, 3] }),
  concat: pair({ axis: 3, activation: 'none' }),
  split: (image) => [{ shapes: [image], attrs: { axis: 1, sizes: [1, image[1] - 1] } }],
  pad: one({ paddings: around, value: 0 }),
  mirrorPad: one({ paddings: around, symmetric: false }),
  tile: one({ multiples: [1, 2, 1, 2] }),
  gather: (image) => [
    { shapes: [image], attrs: { axis: 1, indices: image[1] > 4 ? [3, 0, 4, 1] : [2, 0, 1], shape: [image[1] > 4 ? 4 : 3] } },
  ],
  stridedSlice: (image) => [{ shapes: [image], attrs: { begin: [0, 1, 0, 0], end: image, strides: [1, 1, 2, 1], shrink: [] } }],
  stream: ([n, h, w, c]) => [
    {
      shapes: [
        [n, 1, w, c],
        [n, h, w, c],
      ],
      attrs: { axis: 1 },
    },
  ],
  resizeNearest: resized,
  resizeBilinear: resized,
  batchMatmul: ([, h, w, c]) =>
    [
      [false, false],
      [false, true],
      [true, false],
    ].map(([adjX, adjY]) => ({
      shapes: [
        [2, ...(adjX ? [c, h] : [h, c])],
        [2, ...(adjY ? [w, c] : [c, w])],
      ],
      attrs: { adjX, adjY },
    })),
  transposeConv2d: ([, h, w, c]) =>
    [3, 2].map((k) => ({
      shapes: [[1, Math.min(h, 8), Math.min(w, 8), c], [6, k, k, c], [6]],
      attrs: { stride: [2, 2], padding: 'same', activation: 'none', outputSize: [2 * Math.min(h, 8), 2 * Math.min(w, 8)] },
    })),
  svdf: ([, h, w, c]) => [
    { shapes: [[1, c], [2 * w, c], [2 * w, h], [w], [1, 2 * w * h]], attrs: { rank: 2, activation: 'relu' } },
  ],
  lstm: ([, h, w, c]) => {
    const q = (bits: 8 | 16) => ({ bits, scales: [bits === 8 ? 0.0625 : 0.03125], zeros: [0], axis: null });
    const four = (shape: Shape) => [shape, shape, shape, shape];
    const state = [1, w];
    const weights = [...four([w, c]), ...four([w, w]), null, null, null, ...four([w])];
    return [
      {
        shapes: [[1, Math.min(h, 6), c], ...weights, null, null, state, state],
        attrs: { timeMajor: false, cellClip: 10, intermediates: [q(16), q(16), q(16), q(16), q(8)] },
      },
    ];
  },
};

/** The hidden state of an LSTM is of its output's type. */
const typed = (graph: Graph, dtype: DType): Graph => ({
  ...graph,
  tensors: graph.tensors.map((t) => (t.variable && t.dtype === 'i8' ? { ...t, dtype } : t)),
});

/** Whether the operator has C on these types. */
function isWritten(graph: Graph): boolean {
  try {
    return generated(onChip(graph), { variant: 'plain', trade: 'balanced' }) !== null;
  } catch (e) {
    if (e instanceof CompressError) return false;
    throw e;
  }
}

type Numbers = readonly number[];

/** Sums as networks have them: each operand with a scale of its own. */
function withScales(graph: Graph, scales: Numbers = [0.0235, 0.0412, 0.0473], zeros: Numbers = [-128, 4, -128]): Graph {
  return withTensors(graph, (t, i) => ({ ...t, quant: { bits: 8, scales: [scales[i]], zeros: [zeros[i]], axis: null } }));
}

const withTensors = (graph: Graph, change: (t: Tensor, i: number) => Tensor): Graph => ({
  ...graph,
  tensors: graph.tensors.map(change),
});

/** From one type to another. */
function converted(image: Shape, from: DType, to: DType): Graph {
  const bits = { i8: 8, u8: 8, i16: 16, i32: 32 } as const;
  return withTensors(graphOf('quantize', { shapes: [image], attrs: {} }, 'i8'), (t, i) => {
    const dtype = i ? to : from;
    const quant = dtype === 'f32' ? null : { ...t.quant!, bits: bits[dtype as 'i8'], zeros: [0] };
    return { ...t, dtype, quant };
  });
}

const CONVERSIONS: readonly (readonly [DType, DType])[] = [
  ['f32', 'i8'],
  ['f32', 'i16'],
  ['i8', 'i16'],
  ['i16', 'i8'],
];

const paddedPools = (): Graph[] =>
  ['maxPool2d', 'avgPool2d'].flatMap((op) =>
    BOTH.flatMap((dtype) => IMAGES.flatMap(padded).map((sample) => graphOf(op, sample, dtype))),
  );

/** Over time, and over a whole small image: sizes of which compilers make code of their own. */
export function smallPools(): Graph[] {
  const lines: Sample[] = [
    [1, 64, 1, 8],
    [1, 32, 1, 16],
    [1, 20, 1, 32],
    [1, 100, 1, 12],
    [1, 48, 1, 20],
    [1, 16, 1, 64],
  ].flatMap((image) => [2, 3, 4].map((k) => ({ shapes: [image], attrs: window([k, 1], [k === 3 ? 1 : k, 1]) })));
  const whole: Sample[] = [
    [1, 3, 3, 128],
    [1, 4, 4, 96],
    [1, 7, 7, 64],
    [1, 2, 2, 32],
    [1, 3, 3, 48],
    [1, 2, 3, 40],
    [1, 12, 5, 32],
    [1, 6, 6, 100],
  ].map((image) => ({ shapes: [image], attrs: window(image.slice(1, 3), image.slice(1, 3)) }));
  return ['maxPool2d', 'avgPool2d'].flatMap((op) => [...lines, ...whole].map((sample) => graphOf(op, sample, 'i8')));
}

const SUMS: readonly (readonly [scales: Numbers, zeros: Numbers])[] = [
  [
    [0.05, 0.033, 0.071],
    [-128, -128, -128],
  ],
  [
    [0.0131, 0.0312, 0.0401],
    [-128, 17, -128],
  ],
  [
    [0.112, 0.0371, 0.123],
    [5, -9, 3],
  ],
  [
    [0.0274, 0.0905, 0.0952],
    [-21, -128, -30],
  ],
];
const SUMMED = IMAGES.slice(0, 6);

/** Pools of windows side by side and sums, as networks have them. */
export function usualOperators(): Graph[] {
  const images = [
    [1, 40, 1, 24],
    [1, 24, 24, 12],
    [1, 12, 12, 24],
    [1, 10, 10, 40],
    [1, 26, 26, 6],
  ];
  const windows = [
    [
      [2, 1],
      [2, 1],
    ],
    [
      [2, 2],
      [2, 2],
    ],
    [
      [3, 3],
      [3, 3],
    ],
    [
      [3, 3],
      [2, 2],
    ],
  ];
  const samples = images.flatMap((image) =>
    windows.filter(([[h, w]]) => h <= image[1] && w <= image[2]).map((w) => ({ shapes: [image], attrs: window(w[0], w[1]) })),
  );
  return [
    ...['maxPool2d', 'avgPool2d'].flatMap((op) => samples.map((sample) => graphOf(op, sample, 'i8'))),
    ...SUMS.flatMap(([scales, zeros]) =>
      SUMMED.map((shape) => withScales(graphOf('add', { shapes: [shape, shape], attrs: none }, 'i8'), scales, zeros)),
    ),
  ];
}

/** One input, the other or both have the scale of the result: what they are multiplied by is a power of two, which is a form of its own. */
const SAME_SCALES: readonly Numbers[] = [
  [0.0412, 0.251, 0.251],
  [0.251, 0.0412, 0.251],
  [0.0735, 0.0735, 0.0735],
];

/** Sums and differences of such scales. */
export const sameScales = (): Graph[] =>
  ['add', 'sub'].flatMap((op) =>
    SAME_SCALES.flatMap((scales) =>
      SUMMED.map((shape) => withScales(graphOf(op, { shapes: [shape, shape], attrs: none }, 'i8'), scales, [-128, -128, -128])),
    ),
  );

const BOTH = ['i8', 'i16'] as const;

/** Operators on types, where they have such a form. */
const graphsOn = (types: readonly (typeof BOTH)[number][], images: readonly Shape[]): Graph[] =>
  Object.entries(OPERATORS)
    .flatMap(([op, make]) =>
      types.flatMap((dtype) => images.flatMap(make).map((sample) => typed(graphOf(op, sample, dtype), dtype))),
    )
    .filter(isWritten);

const ZERO_IMAGES = IMAGES.slice(0, 4);

/** Zero points of 0: the text of C has no additions of them. */
export const operatorsWithoutZeros = (): Graph[] =>
  graphsOn(['i8'], ZERO_IMAGES).map((graph) =>
    withTensors(graph, (t) => ({ ...t, quant: t.quant && { ...t.quant, zeros: t.quant.zeros.map(() => 0) } })),
  );

/** All operators on 8 and on 16 bits. */
export const operatorGraphs = (images: readonly Shape[]): Graph[] => [
  ...graphsOn(BOTH, images),
  ...(images === IMAGES ? paddedPools() : []),
  ...images.map((shape) => withScales(graphOf('add', { shapes: [shape, shape], attrs: none }, 'i8'))),
  ...CONVERSIONS.flatMap(([from, to]) => images.map((shape) => converted(shape, from, to))),
];
