/** A small network that keeps state, and examples of several calls. */
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { createRandom } from '../../src/random.ts';

export const CALLS = 5;
const random = createRandom(3, 'test/unrolled');
export const noise = (size: number) => Float32Array.from({ length: size }, () => 2 * random.uniform() - 1);

/** x [1, 2, 1, 3] -> stream of 3 more rows -> convolution over all 5 -> SVDF of 4 steps, rank 2 -> dense 2 */
export function streaming(): Graph {
  const tensor = (name: string, shape: number[], data: boolean, more = {}) => ({
    ...{ name, shape, dtype: 'f32' as const, data: data ? noise(sizeOf(shape)) : null, quant: null, ...more },
  });
  const conv = { stride: [1, 1], padding: 'valid', activation: 'none', dilation: [1, 1], groups: 1 };
  return {
    name: 'streaming',
    tensors: [
      tensor('x', [1, 2, 1, 3], false),
      tensor('kept', [1, 3, 1, 3], false, { variable: true }),
      tensor('all', [1, 5, 1, 3], false),
      tensor('w1', [6, 5, 1, 3], true),
      tensor('b1', [6], true),
      tensor('h', [1, 1, 1, 6], false),
      tensor('flat', [1, 6], false),
      tensor('features', [8, 6], true),
      tensor('time', [8, 4], true),
      tensor('b2', [4], true),
      tensor('state', [1, 32], false, { variable: true }),
      tensor('s', [1, 4], false),
      tensor('w3', [2, 4], true),
      tensor('logits', [1, 2], false),
      tensor('y', [1, 2], false),
    ],
    nodes: [
      { name: 'all', op: 'stream', inputs: [0, 1], outputs: [2], attrs: { axis: 1 } },
      { name: 'h', op: 'conv2d', inputs: [2, 3, 4], outputs: [5], attrs: conv },
      { name: 'flat', op: 'reshape', inputs: [5], outputs: [6], attrs: { shape: [-1, 6] } },
      { name: 's', op: 'svdf', inputs: [6, 7, 8, 9, 10], outputs: [11], attrs: { rank: 2, activation: 'relu' } },
      {
        ...{ name: 'logits', op: 'fullyConnected', inputs: [11, 12, -1], outputs: [13] },
        attrs: { activation: 'none', keepDims: false },
      },
      { name: 'y', op: 'softmax', inputs: [13], outputs: [14], attrs: { beta: 1 } },
    ],
    inputs: [0],
    outputs: [14],
  };
}

/** Inputs of all calls [CALLS * 2, 1, 3]; the label says whether the third and the fourth call sum to more than 0, which only state can tell. */
export function examplesOf(count: number): { readonly x: Float32Array; readonly y: Uint8Array } {
  const x = noise(count * CALLS * 6);
  const sum = (i: number, call: number) =>
    x.subarray((i * CALLS + call) * 6, (i * CALLS + call + 1) * 6).reduce((a, b) => a + b, 0);
  return { x, y: Uint8Array.from({ length: count }, (_, i) => Number(sum(i, 2) + sum(i, 3) > 0)) };
}
