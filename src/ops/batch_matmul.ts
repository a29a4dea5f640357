import { showShape, sizeOf } from '../graph/graph.ts';
import { batchMatmulF32, batchMatmulGradF32 } from '../wasm/batch_matmul_f32.ts';
import type { Shape } from './dims.ts';
import { plainForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { unsupported } from './onnx_cells.ts';
import { defineOp } from './op.ts';
import { clampOf, denseMultipliers, perTensor } from './requant.ts';
import { broadcast, mismatch } from './shapes.ts';
import { products } from './work.ts';

export interface BatchMatmul {
  /** The left operand comes as [.., depth, rows]. */
  readonly adjX: boolean;
  /** The right operand comes as [.., columns, depth]. */
  readonly adjY: boolean;
}

const matrix = (shape: Shape, swap: boolean): number[] => (swap ? [...shape.slice(-2)].reverse() : [...shape.slice(-2)]);

/** x [.., rows, depth], y [.., depth, columns]; leading dimensions broadcast. */
export const batchMatmul = defineOp<BatchMatmul>({
  operands: 2,
  infer([x, y], a) {
    const [rows, depth] = matrix(x!, a.adjX);
    const [expected, columns] = matrix(y!, a.adjY);
    if (depth !== expected) {
      throw mismatch(`matrices of ${showShape(x!)} and ${showShape(y!)} cannot be multiplied`, `make both depths ${depth}`);
    }
    return [[...broadcast(x!.slice(0, -2), y!.slice(0, -2)), rows, columns]];
  },
  float: {
    forward: (heap, { x: [a, b], y: [y], attrs }) => batchMatmulF32(heap, y, a!, b!, attrs),
    backward: (heap, { x: [a, b], dy: [dy], dx: [da, db], attrs }) =>
      batchMatmulGradF32(heap, dy, { a: a!, b: b! }, { da, db }, attrs),
    saves: null,
  },
  lower: ({ x: [a, b], y: [y], attrs }) =>
    kernelCall(
      'batch_matmul',
      plainForm('a matrix product', a!, b!, y),
      { x1: a!, x2: b!, y },
      {
        ...attrs,
        aOffset: -perTensor(a!).zero,
        bOffset: -perTensor(b!).zero,
        yOffset: perTensor(y).zero,
        ...denseMultipliers(a!, b!, y)[0],
        ...clampOf('none', y),
      },
    ),
  layer: null,
  trainable: [],
  memory: 'fresh',
  outputRange: 'measured',
  fuses: null,
  channels: () => ({ kind: 'fixed' }),
  work: ([x], [y], { adjX }) => products(sizeOf(y) * x![x!.length - (adjX ? 2 : 1)]),
  tflite: {
    codes: [126],
    read: (from) => ({ attrs: { adjX: Boolean(from.options.adj_x), adjY: Boolean(from.options.adj_y) }, inputs: from.inputs }),
    write: ({ attrs, inputs }) => ({ code: 126, options: { adj_x: attrs.adjX, adj_y: attrs.adjY }, inputs }),
  },
  axes: null, // rows and columns have their places
  onnx: {
    types: ['MatMul'],
    read: (from) =>
      from.shape(0).length >= 2 && from.shape(1).length >= 2
        ? { attrs: { adjX: false, adjY: false }, inputs: from.inputs }
        : null,
    write({ attrs, inputs }) {
      if (attrs.adjX || attrs.adjY) throw unsupported('a product of turned matrices', 'put a transpose before it');
      return { type: 'MatMul', inputs };
    },
  },
});
