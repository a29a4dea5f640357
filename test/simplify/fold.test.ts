import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Attrs, type Graph, sizeOf, type Tensor, type Values, withTensors } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { compile } from '../../src/run/compile.ts';
import { findProblem } from '../../src/run/verify.ts';
import { foldActivations } from '../../src/simplify/activation.ts';
import { foldNorms } from '../../src/simplify/norm.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { graphOf } from '../formats/row_graphs.ts';
import { SAMPLES, type Sample } from '../ops/samples.ts';
import { close } from '../wasm/close.ts';

const heap = await Heap.open();

/** All constants random; variances stay above 0. */
function shaken(graph: Graph, seed: number): Graph {
  const random = createRandom(seed, 'test');
  const changes = graph.tensors.flatMap((t, i) =>
    t.data
      ? [
          [
            i,
            { ...t, data: (t.data as Float32Array).map(() => random.uniform() + (t.name.endsWith('variance') ? 0.1 : -0.5)) },
          ] as const,
        ]
      : [],
  );
  return withTensors(graph, new Map(changes));
}

function run(graph: Graph, seed: number): Values {
  const random = createRandom(seed, 'input');
  const least = graph.nodes.some((n) => n.op === 'sqrt' || n.op === 'rsqrt') ? 0.1 : -0.5;
  return heap.scope(() => {
    const program = compile(heap, graph);
    for (const x of program.inputs) {
      heap.write(
        x,
        Float32Array.from({ length: sizeOf(x.shape) }, () => random.uniform() + least),
      );
    }
    program.run();
    return heap.read(program.outputs[0]);
  });
}

test('batch normalization and activations vanish into layers, answers stay', () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.boolean(), fc.boolean(), (seed, early, branch) => {
      const net = buildNetwork('n', [5, 4, 3], seed);
      let x = early ? net.activate(net.batchNorm(net.input), 'relu') : net.input;
      x = net.conv2d(x, 4, { kernel: [3, 3], norm: true, activation: 'relu' });
      const y = net.depthwiseConv2d(x, { kernel: [3, 3], norm: true, activation: 'relu6' });
      if (branch) x = net.add(net.batchNorm(y), y, { activation: 'relu' });
      else x = net.batchNorm(net.add(x, y));
      const graph = shaken(net.finish(net.batchNorm(net.dense(x, 5))), seed);
      const folded = foldActivations(foldNorms(graph));
      assert.is(findProblem(folded), null);
      assert.not.ok(folded.nodes.some((n) => n.op === 'batchNorm'));
      assert.is(folded.nodes.filter((n) => n.op.startsWith('relu')).length, 0);
      const [a, b] = [run(graph, seed), run(folded, seed)];
      // Float32 rounding of some ten layers' sums.
      for (let i = 0; i < a.length; i++)
        assert.ok(Math.abs(Number(a[i]) - Number(b[i])) <= 2e-5 * (1 + Math.abs(Number(a[i]))), `${a[i]} ${b[i]}`);
    }),
    { numRuns: 60 },
  );
});

/** One layer and behind it an operator with vectors of as many values as it has channels. */
function followed({ tensors, nodes, inputs, outputs, name }: Graph, op: string, attrs: Attrs, vectors: readonly number[]): Graph {
  const [y] = outputs;
  const { shape } = tensors[y];
  const channels = shape.at(-1)!;
  const vector = (value: number): Tensor => ({
    ...{ name: `v${value}`, shape: [channels], dtype: 'f32', quant: null },
    data: Float32Array.from({ length: channels }, (_, c) => value + c / 8),
  });
  const end = tensors.length + vectors.length;
  const node = { name: op, op, inputs: [y, ...vectors.map((_, i) => tensors.length + i)], outputs: [end], attrs };
  return {
    name,
    tensors: [...tensors, ...vectors.map(vector), { name: 'end', shape, dtype: 'f32', data: null, quant: null }],
    nodes: [...nodes, node],
    inputs,
    outputs: [end],
  };
}

const isPlain = ({ attrs: { activation } }: Sample) => activation === undefined || activation === 'none';

for (const [op, { float, tflite, fuses }] of Object.entries(OPS)) {
  const sample = float && tflite && SAMPLES[op]?.find(isPlain);
  if (!sample) continue;
  const layer = graphOf(op, sample, 'f32');
  // What gives whole numbers has neither behind it.
  if (layer.tensors[layer.outputs[0]].dtype !== 'f32') continue;
  test(`${op}: takes a ReLU behind it if its row says so, answers stay`, () => {
    const graph = followed(layer, 'relu6', {}, []);
    const folded = foldActivations(graph);
    assert.is(folded.nodes.length, fuses?.activation ? 1 : 2);
    assert.equal(run(folded, 3), run(graph, 3));
  });
  test(`${op}: takes a batch normalization behind it if its row says so, answers stay`, () => {
    const graph = followed(layer, 'batchNorm', { epsilon: 1e-3 }, [0.5, -1, 2, 0.25]);
    const folded = foldNorms(graph);
    assert.is(folded.nodes.length, fuses?.norm ? 1 : 3);
    // Float32 sums of at most 100 terms of size 1, in another order.
    close(run(folded, 3) as Float32Array, run(graph, 3) as Float32Array, 2e-5);
  });
}

test('a graph without any stays the same object', () => {
  const net = buildNetwork('n', [4, 4, 2], 1);
  const graph = net.finish(net.conv2d(net.input, 2, { kernel: [1, 1], activation: 'relu' }));
  assert.is(foldActivations(foldNorms(graph)), graph);
});

test.run();
