import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { evaluatePart } from '../../src/evaluate.ts';
import { withTensors } from '../../src/graph/graph.ts';
import { loadModel } from '../../src/model.ts';
import { rowsOf } from '../../src/prune/consumers.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { reconstruct } from '../../src/prune/reconstruct.ts';
import { ridged } from '../../src/prune/ridge.ts';
import { surveyOf } from '../../src/prune/survey.ts';
import { createRandom } from '../../src/random.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const data = gestures();
const model = await loadModel(await demoModel());
const context = { heap, data, seed: 0, original: model };
const accuracy = (graph: (typeof model)['graph']) => evaluatePart(heap, graph, data, 'validation').accuracy!;

test('handing over to what stays keeps more accuracy than cutting alone', async () => {
  const kept = await prune({ ratio: 0.3 }).run(model, context);
  const bare = await prune({ ratio: 0.3, reconstruct: 'none' }).run(model, context);
  assert.equal(
    kept.graph.tensors.map((t) => t.shape),
    bare.graph.tensors.map((t) => t.shape),
  );
  assert.ok(accuracy(kept.graph) > accuracy(bare.graph) + 0.05, `${accuracy(kept.graph)} against ${accuracy(bare.graph)}`);
});

test('the score of a cut is what it changes in the layers that read it', () => {
  const net = buildNetwork('scores', [12, 10, 3], 2);
  const x = net.conv2d(net.input, 6, { kernel: [3, 3], activation: 'relu' });
  const y = net.conv2d(x, 5, { kernel: [3, 3], stride: [2, 2] });
  const graph = net.finish(
    net.softmax(net.dense(net.globalMean(net.add(y, net.conv2d(x, 5, { kernel: [1, 1], stride: [2, 2] }))), 4)),
  );
  const random = createRandom(3, 'test/scores');
  const x0 = Float32Array.from({ length: 64 * 360 }, () => random.uniform() - 0.3);
  const part = { count: 64, inputs: [x0], y: new Int32Array(64) };
  const inputs = [{ name: 'x', shape: [12, 10, 3] }];
  const small = { ...data, inputs, classes: 4, train: part, validation: null, test: null };
  const survey = surveyOf(heap, graph, small, 1);
  const [group] = channelGroups(graph);
  const scores = survey.scoresOf(group);
  const order = [...group.units.keys()].sort((a, b) => scores[a] - scores[b]);
  for (const count of [1, 3, 5]) {
    const goes = new Uint8Array(6);
    for (const u of order.slice(0, count))
      for (const s of group.units[u]) if (s.tensor === graph.nodes[0].outputs[0]) goes[s.channel] = 1;
    const after = withTensors(graph, reconstruct(heap, graph, new Map([[graph.nodes[0].outputs[0], goes]]), survey));
    let change = 0;
    for (const [i, consumer] of survey.consumers.entries()) {
      if (consumer.x !== graph.nodes[0].outputs[0]) continue;
      const gram = survey.grams[i];
      const { n } = gram;
      const h = ridged(gram, consumer);
      const [was, is] = [rowsOf(graph, consumer), rowsOf(after, consumer)];
      let [moved, energy] = [0, 0];
      const mean = (i: number) => h[consumer.columns * n + i];
      for (let o = 0; o < was.out; o++) {
        const gone = (i: number) => (i < consumer.columns && goes[i % 6] ? 0 : 1);
        const d = (i: number) => is.rows[o * n + i] * gone(i) - was.rows[o * n + i];
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            moved += d(i) * d(j) * h[i * n + j];
            const bare = gram.means[i * n + j];
            if (i < consumer.columns && j < consumer.columns)
              energy += was.rows[o * n + i] * was.rows[o * n + j] * (bare - mean(i) * mean(j));
          }
        }
      }
      change += moved / energy;
    }
    const score = scores[order[count - 1]];
    assert.ok(score > 0 && Math.abs(change / score - 1) < 1e-3, `${count}: ${change} against ${score}`);
  }
});

const SHARES = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

/** Accuracy of one way to prune less that of the usual one, at each of six shares, for each of two seeds. */
async function losses(how: Parameters<typeof prune>[0]): Promise<number[]> {
  const found: number[] = [];
  for (const [seed, usual] of (await USUAL).entries()) {
    for (const [i, ratio] of SHARES.entries()) found.push(usual[i] - (await keptBy({ ratio, ...how }, seed)));
  }
  return found;
}

const keptBy = async (how: Parameters<typeof prune>[0], seed: number) =>
  accuracy((await prune(how).run(model, { ...context, seed })).graph);

const USUAL = (async () => {
  const found: number[][] = [[], []];
  for (const [seed, row] of found.entries()) for (const ratio of SHARES) row.push(await keptBy({ ratio }, seed));
  return found;
})();

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
/** Three standard errors of a difference on 1,500 examples of which some 60 change sides. */
const NOISE = 0.015;

test('fitting all layers after a cut again keeps more accuracy than only those that read it: a little, more the more is cut', async () => {
  const found = await losses({ reconstruct: 'consumers' });
  assert.ok(Math.min(...found) > -NOISE, `${found}`);
  assert.ok(mean(found) > 0.01, `${mean(found)}`);
  assert.ok(mean(found.filter((_, i) => i % 6 > 3)) > 0.04, `${found}`);
});

test('channels chosen by what their loss changes keep more accuracy than by the norm of their filters, at every share', async () => {
  const found = await losses({ criterion: 'l2' });
  assert.ok(Math.min(...found) > -NOISE, `${found}`);
  assert.ok(mean(found) > 0.05, `${mean(found)}`);
});

test('a channel that is a sum of others is cut without a change', async () => {
  const { graph } = model;
  const conv = graph.nodes[1];
  const [w, b] = conv.inputs.slice(1).map((t) => graph.tensors[t]);
  const per = w.data!.length / w.shape[0];
  const weights = (w.data as Float32Array).slice();
  const bias = (b.data as Float32Array).slice();
  // Channel 0 becomes half of channel 1: smaller, so it is the one to be cut, and half of another after the ReLU as well.
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

test('a prune that cut nothing says so, unless nothing was to be cut', async () => {
  const told: string[] = [];
  const warn = (line: string) => void told.push(line);
  assert.is(await prune({ multiple: 1000 }).run(model, { ...context, warn }), model);
  assert.match(told.join(), /^prune cut nothing: .*0.5.*a multiple of 1000$/);
  await prune({ ratio: 0 }).run(model, { ...context, warn });
  assert.is(told.length, 1);
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
