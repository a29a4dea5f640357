import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distill } from '../../src/distill/index.ts';
import { separable, separableOnData } from '../../src/distill/separable.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inspect } from '../../src/inspect.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { answersOf, outputError } from '../../src/quant/output_error.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { layerOf } from '../../src/run/layers.ts';
import { drawExamples } from '../../src/run/observe.ts';
import { findProblem } from '../../src/run/verify.ts';
import { contextOf, data, heap } from '../train/networks.ts';

function plain(): Graph {
  const net = buildNetwork('plain', [128, 1, 3], 2);
  const stem = net.conv2d(net.input, 12, { kernel: [7, 1], stride: [4, 1], activation: 'relu' });
  const inner = net.conv2d(stem, 12, { kernel: [3, 1], activation: 'relu' });
  const sum = net.add(net.conv2d(inner, 12, { kernel: [3, 1] }), stem, { activation: 'relu' });
  return net.finish(net.softmax(net.dense(net.globalMean(net.conv2d(sum, 16, { kernel: [3, 1], stride: [2, 1] })), 6)));
}

const examples = drawExamples(data, 64, 3, 'test/answers');
const off = (a: Graph, b: Graph) =>
  outputError(answersOf(heap, a, examples), answersOf(heap, b, examples), examples.order.length);

test('separable: convolutions of rank one are what they were', () => {
  const graph = plain();
  const tensors = graph.tensors.map((t) => {
    if (t.shape.length !== 4 || !t.data) return t;
    const [, kh, , depth] = t.shape;
    const w = (i: number) => {
      const [o, k, c] = [Math.floor(i / (kh * depth)), Math.floor(i / depth) % kh, i % depth];
      return 0.2 * (((o * 7 + c * 3) % 5) - 2) * (1 + ((k * c) % 3));
    };
    return { ...t, data: Float32Array.from({ length: t.data.length }, (_, i) => w(i)) };
  });
  const ranked = { ...graph, tensors };
  const apart = separable(ranked);
  assert.is(findProblem(apart), null);
  assert.is(apart.nodes.filter((n) => n.op === 'depthwiseConv2d').length, 4);
  assert.ok(off(apart, ranked) < 1e-8, String(off(apart, ranked)));
});

test('separable: of other convolutions the nearest, with fewer multiplications', () => {
  const graph = plain();
  const apart = separable(graph);
  const macs = (g: Graph) => inspect({ graph: g, facts: {} }).macs;
  assert.ok(macs(apart) < 0.6 * macs(graph), `${macs(apart) / macs(graph)}`);
  const fitted = separableOnData(heap, graph, data, 1);
  assert.ok(off(fitted, graph) < 0.5 * off(apart, graph), `${off(apart, graph)}, fitted ${off(fitted, graph)}`);
  const pointwise = separable(apart);
  assert.is(pointwise, apart);
});

test('students of fewer blocks, fewer channels and separable convolutions train, quantized too', async () => {
  const model = { graph: plain(), facts: {} };
  const options = { epochs: 0.2, batch: 32, teacher: 'original' } as const;
  const of = async (form: Parameters<typeof distill>[0]) =>
    runPipeline(model, [distill({ ...options, ...form })], contextOf(model));
  const fewer = await of({ depth: 0.5 });
  assert.ok(fewer.graph.nodes.filter(layerOf).length <= 3);
  const all = await of({ depth: 0.8, width: 0.5, separable: true });
  assert.is(findProblem(all.graph), null);
  const stages = [quantize({ examples: 64 }), distill({ ...options, separable: true })];
  const quantized = await runPipeline(model, stages, contextOf(model));
  assert.ok(quantized.graph.nodes.some((n) => n.op === 'depthwiseConv2d'));
  toInteger(quantized.graph);
});

test('a student wider than its teacher is refused', () => {
  assert.throws(() => distill({ width: 1.5 }), /width must be above 0 and at most 1, not 1.5/);
  assert.throws(() => distill({ depth: 0 }), /depth must be/);
});

test.run();
