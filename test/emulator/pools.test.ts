import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import type { Graph, Node, Tensor } from '../../src/graph/graph.ts';
import { rowOf } from '../../src/ops/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { chipOf, withTools } from './tools.ts';

const test = suite('pooling on emulated cores');
const emulated = withTools(test);
const heap = await Heap.open();
const FLAGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Werror'];

interface Pool {
  readonly x: readonly number[];
  readonly size: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly padding?: 'same' | 'valid';
  readonly activation?: 'none' | 'relu6';
}

/** Each on its own input, of either kind. */
function poolsGraph(pools: readonly Pool[]): Graph {
  const tensors: Tensor[] = [];
  const nodes: Node[] = [];
  const [inputs, outputs]: number[][] = [[], []];
  for (const op of ['avgPool2d', 'maxPool2d']) {
    for (const { x: shape, size, stride = [1, 1], padding = 'valid', activation = 'none' } of pools) {
      const attrs = { filter: size, stride, padding, dilation: [1, 1], activation };
      const quant = { bits: 8, scales: [0.05], zeros: [-7], axis: null } as const;
      const add = (dims: readonly number[], name: string) =>
        tensors.push({ name: `${name}${tensors.length}`, shape: dims, dtype: 'i8', data: null, quant }) - 1;
      const x = add(shape, 'x');
      const y = add(rowOf(op).infer([shape], attrs)[0], 'y');
      nodes.push({ name: `${op} ${shape.join('x')} by ${size.join('x')}`, op, inputs: [x], outputs: [y], attrs });
      inputs.push(x);
      outputs.push(y);
    }
  }
  return { name: 'pools', tensors, nodes, inputs, outputs };
}

const graph = poolsGraph([
  { x: [1, 8, 8, 64], size: [8, 8] },
  { x: [1, 16, 16, 8], size: [16, 16] },
  { x: [1, 17, 16, 4], size: [17, 16] },
  { x: [1, 6, 4, 12], size: [2, 4], activation: 'relu6' },
  { x: [2, 5, 7, 16], size: [3, 3], stride: [2, 2], padding: 'same' },
  { x: [1, 6, 6, 3], size: [2, 2], stride: [2, 2] },
  { x: [1, 4, 5, 20], size: [2, 2], padding: 'same' },
  { x: [1, 1, 1, 4], size: [1, 1] },
]);

for (const core of ['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m55'] as const) {
  emulated(`windows of every kind: ${core}`, async () => {
    const { difference } = await verifyGraph(heap, graph, chipOf(core), { inputs: 6, flags: FLAGS });
    assert.equal(difference, null);
  });
}

emulated(
  'an average of a whole image needs fewer instructions than CMSIS-NN (8 x 8 x 64: 26,418 on M4, 5,021 on M55)',
  async () => {
    const one = poolsGraph([{ x: [1, 8, 8, 64], size: [8, 8] }]);
    for (const [core, most] of [
      ['cortex-m0', 82_689],
      ['cortex-m4', 26_418],
      ['cortex-m55', 5021],
    ] as const) {
      const generated = await generateC(heap, one, chipOf(core), { name: 'network' });
      const { layers } = await verifyGraph(heap, one, chipOf(core), { inputs: 1, generated });
      assert.ok(layers[0].instructions < most, `${core}: ${layers[0].instructions}`);
    }
  },
);

test.run();
