/** A depthwise layer over one channel as the convolution it is. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Graph, type Quantization, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { channelGroups } from '../../src/prune/groups.ts';
import { prune } from '../../src/prune/index.ts';
import { createRandom } from '../../src/random.ts';
import { compile } from '../../src/run/compile.ts';
import { findProblem } from '../../src/run/verify.ts';
import { asConvolutions } from '../../src/simplify/single_channel.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const UNITS = 5;

/** x [1, 6, 7, channels] -> depthwise 3 x 2 of UNITS outputs, stride 2 -> global average */
function depthwise(channels: number, isInteger: boolean): Graph {
  const random = createRandom(1, 'test/single');
  const activation = isInteger ? ('i8' as const) : ('f32' as const);
  const quant = (scales: number[], bits: 8 | 32 = 8, axis: number | null = null): Quantization | null =>
    isInteger ? { bits, scales, zeros: scales.map(() => (axis === null ? 2 : 0)), axis } : null;
  const steps = Array.from({ length: UNITS }, (_, i) => 0.01 * (i + 1));
  const numbers = (size: number) => Array.from({ length: size }, () => random.below(255) - 127);
  const constant = (name: string, shape: number[], q: Quantization | null): Tensor => {
    const values = numbers(sizeOf(shape));
    const data = !isInteger
      ? Float32Array.from(values, (v) => v / 64)
      : shape.length > 1
        ? Int8Array.from(values)
        : Int32Array.from(values);
    return { name, shape, dtype: !isInteger ? 'f32' : shape.length > 1 ? 'i8' : 'i32', data, quant: q };
  };
  const computed = (name: string, shape: number[], scale: number): Tensor => ({
    name,
    shape,
    dtype: activation,
    data: null,
    quant: quant([scale]),
  });
  return {
    name: 'single',
    tensors: [
      computed('x', [1, 6, 7, channels], 0.05),
      constant('w', [1, 3, 2, UNITS], quant(steps, 8, 3)),
      constant(
        'b',
        [UNITS],
        quant(
          steps.map((s) => Math.fround(0.05 * s)),
          32,
          0,
        ),
      ),
      computed('h', [1, 3, 4, UNITS], 0.3),
      computed('y', [1, UNITS], 0.3),
    ],
    nodes: [
      {
        name: 'h',
        op: 'depthwiseConv2d',
        inputs: [0, 1, 2],
        outputs: [3],
        attrs: { stride: [2, 2], padding: 'same', activation: 'relu', dilation: [1, 1], multiplier: UNITS / channels },
      },
      { name: 'y', op: 'mean', inputs: [3], outputs: [4], attrs: { axes: [1, 2], keepDims: false } },
    ],
    inputs: [0],
    outputs: [3, 4],
  };
}

function answers(graph: Graph): number[][] {
  return heap.scope(() => {
    const program = compile(heap, graph);
    const random = createRandom(2, 'test/single/x');
    const [x] = program.inputs;
    heap.write(
      x,
      Float64Array.from({ length: sizeOf(x.shape) }, () =>
        x.dtype === 'f32' ? random.uniform() - 0.5 : random.below(255) - 127,
      ),
    );
    program.run();
    return program.outputs.map((y) => Array.from(heap.read(y), Number));
  });
}

for (const isInteger of [false, true]) {
  test(`${isInteger ? 'integers' : 'real numbers'}: the same answers from a convolution`, () => {
    const graph = depthwise(1, isInteger);
    const made = asConvolutions(graph);
    assert.is(findProblem(made), null);
    assert.equal(
      made.nodes.map((n) => n.op),
      ['conv2d', 'mean'],
    );
    const [got, wanted] = [answers(made), answers(graph)];
    if (isInteger) assert.equal(got, wanted);
    // the sums of six products may be taken in another order
    else for (const [i, v] of got.flat().entries()) assert.ok(Math.abs(v - wanted.flat()[i]) < 1e-5);
  });
}

test('its channels can be cut then', () => {
  const graph = { ...depthwise(1, true), outputs: [4] };
  const reaching = (g: Graph) => channelGroups({ ...g, outputs: [] }).length;
  assert.is(reaching(graph), 0);
  assert.is(reaching(asConvolutions(graph)), 1);
});

test('a depthwise layer over several channels stays', () => {
  const graph = depthwise(5, true);
  assert.is(asConvolutions(graph), graph);
});

test('prune sees it without simplify', async () => {
  const { tensors, nodes, ...rest } = depthwise(1, false);
  const float = (name: string, shape: number[], data: Float32Array | null): Tensor => ({
    name,
    shape,
    dtype: 'f32',
    data,
    quant: null,
  });
  const weights = float(
    'w2',
    [2, UNITS],
    Float32Array.from({ length: 2 * UNITS }, (_, i) => i / 7 - 0.5),
  );
  const more = [weights, float('b2', [2], new Float32Array(2)), float('z', [1, 2], null)];
  const attrs = { activation: 'none', keepDims: false };
  const dense = { name: 'z', op: 'fullyConnected', inputs: [4, 5, 6], outputs: [7], attrs };
  const graph = { ...rest, tensors: [...tensors, ...more], nodes: [...nodes, dense], outputs: [7] } as Graph;
  const model = { graph, facts: {} };
  const context = { heap, data: null, seed: 0, original: model, warn: () => {} };
  const cut = (await prune({ ratio: 0.4 }).run(model, context)).graph;
  const shown = (g: Graph) => g.nodes.map(({ op, outputs: [t] }) => [op, ...g.tensors[t].shape]);
  assert.equal(shown(cut), [
    ['conv2d', 1, 3, 4, 3],
    ['mean', 1, 3],
    ['fullyConnected', 1, 2],
  ]);
  const outline = (await prune({ ratio: 0.4 }).outline(model, context))!;
  assert.equal(shown(outline.graph), shown(cut));
  // Where nothing is cut the model stays as it is.
  assert.is((await prune({ ratio: 0.01 }).run(model, context)).graph, graph);
});

test.run();
