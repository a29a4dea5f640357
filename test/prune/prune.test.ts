import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { evaluatePart } from '../../src/evaluate.ts';
import { loadModel } from '../../src/model.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { solve } from '../../src/prune/solve.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const data = gestures();
const model = loadModel(await demoModel());
const context = { heap, data, seed: 0, original: model };
const accuracy = (graph: (typeof model)['graph']) => evaluatePart(heap, graph, data, 'validation').accuracy!;

test('solve: A x = b, for random positive definite A', () => {
  const random = createRandom(1, 'test/solve');
  for (const n of [1, 2, 5, 20]) {
    const root = Array.from({ length: n }, () => Float64Array.from({ length: n }, () => random.uniform() - 0.5));
    const a = root.map((r, i) => Float64Array.from(root, (c, j) => r.reduce((s, v, k) => s + v * c[k], i === j ? 1 : 0)));
    const x = Float64Array.from({ length: n }, random.uniform);
    const b = Float64Array.from(a, (row) => row.reduce((s, v, k) => s + v * x[k], 0));
    const [found] = solve(a, [b]);
    for (let i = 0; i < n; i++) assert.ok(Math.abs(found[i] - x[i]) < 1e-10);
  }
});

test('handing over to what stays keeps more accuracy than cutting alone', async () => {
  const kept = await prune({ ratio: 0.3 }).run(model, context);
  const bare = await prune({ ratio: 0.3, reconstruct: false }).run(model, context);
  assert.equal(
    kept.graph.tensors.map((t) => t.shape),
    bare.graph.tensors.map((t) => t.shape),
  );
  assert.ok(accuracy(kept.graph) > accuracy(bare.graph) + 0.05, `${accuracy(kept.graph)} against ${accuracy(bare.graph)}`);
});

test('a channel that is a sum of others goes without a trace', async () => {
  const { graph } = model;
  const conv = graph.nodes[1];
  const [w, b] = conv.inputs.slice(1).map((t) => graph.tensors[t]);
  const per = w.data!.length / w.shape[0];
  const weights = (w.data as Float32Array).slice();
  const bias = (b.data as Float32Array).slice();
  // Channel 0 becomes half of channel 1: smaller, so it is the one to go, and half of another after the ReLU as well.
  for (let i = 0; i < per; i++) weights[i] = weights[per + i] / 2;
  bias[0] = bias[1] / 2;
  const twin = {
    ...graph,
    tensors: graph.tensors.map((t) => (t === w ? { ...t, data: weights } : t === b ? { ...t, data: bias } : t)),
  };
  const name = channelGroups(twin)[1].name;
  const cut = await prune({ ratio: 0, ratios: { [name]: 1 / 48 } }).run({ ...model, graph: twin }, context);
  assert.ok(Math.abs(accuracy(cut.graph) - accuracy(twin)) <= 0.02);
});

test('groups: residual adds tie channels; inputs and outputs stay', () => {
  const net = buildNetwork('residual', [8, 8, 3], 1);
  const first = net.conv2d(net.input, 8, { kernel: [3, 3] });
  const second = net.conv2d(first, 8, { kernel: [3, 3] });
  const graph = net.finish(net.softmax(net.dense(net.globalMean(net.add(first, second)), 4)));
  const groups = channelGroups(graph);
  assert.is(groups.length, 1);
  assert.is(groups[0].units.length, 8);
});

test('unknown group names are refused with the known ones', async () => {
  await prune({ ratios: { nothing: 0.5 } })
    .run(model, context)
    .then(
      () => assert.unreachable(),
      (e) => assert.match(e.message, /relu_1/),
    );
});

test.run();
