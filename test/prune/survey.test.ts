import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { type Graph, withTensors } from '../../src/graph/graph.ts';
import { loadModel } from '../../src/model.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { remember, remembered, surveyOf } from '../../src/prune/survey.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const { graph } = await loadModel(await demoModel());

/** The same network with one weight a little off. */
function moved(place: number): Graph {
  const tensor = graph.tensors[graph.nodes[1].inputs[1]];
  const data = (tensor.data as Float32Array).map((w, i) => (i === place ? w + 0.001 : w));
  return withTensors(graph, new Map([[graph.nodes[1].inputs[1], { ...tensor, data }]]));
}

test('a network is measured once, with ranges beside it too; another network, seed or dataset anew', async () => {
  const data = gestures();
  const first = surveyOf(heap, graph, data, 0);
  assert.is(surveyOf(heap, { ...graph }, data, 0).grams, first.grams);
  const quantized = await quantize({ examples: 32 }).run(
    { graph, facts: {} },
    { heap, data, seed: 0, original: { graph, facts: {} } },
  );
  assert.is(surveyOf(heap, quantized.graph, data, 0).grams, first.grams);
  assert.is(remembered(data).length, 1);
  for (const other of [
    surveyOf(heap, graph, data, 1),
    surveyOf(heap, moved(7), data, 0),
    surveyOf(heap, graph, { ...data }, 0),
  ]) {
    assert.is.not(other.grams, first.grams);
  }
  const nodes = graph.nodes.map((n, i) => (i === 1 ? { ...n, attrs: { ...n.attrs, activation: 'none' } } : n));
  assert.is.not(surveyOf(heap, { ...graph, nodes }, data, 0).grams, first.grams);
});

test('only the last few networks are remembered', () => {
  const data = { ...gestures() };
  const first = surveyOf(heap, graph, data, 0);
  for (let i = 0; i < 4; i++) surveyOf(heap, moved(i), data, 0);
  assert.is(remembered(data).length, 4);
  assert.is.not(surveyOf(heap, graph, data, 0).grams, first.grams);
  assert.equal(surveyOf(heap, graph, data, 0).grams, first.grams);
});

test('what one thread has found serves another', () => {
  const [here, there] = [gestures(), { ...gestures() }];
  const [group] = channelGroups(graph);
  const scores = surveyOf(heap, graph, here, 0).scoresOf(group);
  remember(there, structuredClone(remembered(here)));
  const [{ grams }] = remembered(there);
  const survey = surveyOf(heap, graph, there, 0);
  assert.is(survey.grams, grams);
  assert.equal(survey.scoresOf(group), scores);
  assert.is.not(survey.scoresOf(group), scores);
});

/** x [1, 4] -> dense 6 -> SVDF 3 -> dense 2; the dense layers' channels differ in size, and all grow by `factor`. */
function keeping(factor: number): Graph {
  const tensor = (name: string, shape: number[], make?: (i: number) => number, more = {}) => ({
    ...{ name, shape, dtype: 'f32' as const, quant: null, ...more },
    data: make ? Float32Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => make(i)) : null,
  });
  const wave = (i: number) => (((i * 37) % 101) - 50) / 50;
  return {
    name: 'keeping',
    tensors: [
      tensor('x', [1, 4]),
      tensor('w1', [6, 4], (i) => factor * wave(i) * (6 - Math.floor(i / 4))),
      tensor('h', [1, 6]),
      tensor('features', [3, 6], (i) => factor * wave(i + 5) * (1 + Math.floor(i / 6))),
      tensor('time', [3, 2], wave),
      tensor('state', [1, 6], undefined, { variable: true }),
      tensor('s', [1, 3]),
      tensor('w2', [2, 3], (i) => factor * wave(i)),
      tensor('y', [1, 2]),
    ],
    nodes: [
      { name: 'h', op: 'fullyConnected', inputs: [0, 1, -1], outputs: [2], attrs: { activation: 'none', keepDims: false } },
      { name: 's', op: 'svdf', inputs: [2, 3, 4, -1, 5], outputs: [6], attrs: { rank: 1, activation: 'none' } },
      { name: 'y', op: 'fullyConnected', inputs: [6, 7, -1], outputs: [8], attrs: { activation: 'none', keepDims: false } },
    ],
    inputs: [0],
    outputs: [8],
  };
}

const data = await loadDataset({
  train: { x: Float32Array.from({ length: 128 }, (_, i) => Math.fround(((i * 29) % 31) / 31 - 0.5)), shape: [32, 4] },
});

test('channels that no layer reads which could be fitted go by their share of what is there', async () => {
  const graph = keeping(1);
  const [read, group] = channelGroups(graph).map((g) => surveyOf(heap, graph, data, 0).scoresOf(g));
  assert.is(read.length, 6);
  assert.ok(Math.abs(Math.max(...read) - 1) < 1e-9);
  assert.is([...read].indexOf(Math.min(...read)), 5); // the smallest filter
  assert.is(group.length, 3);
});

test('where squares are beyond float32 channels go by the norms of their weights, and nothing is fitted', async () => {
  const given = { graph: keeping(1e14), facts: {} };
  const { graph } = await prune({ ratio: 0.5 }).run(given, { heap, data, seed: 0, original: given });
  assert.equal(graph.tensors[2].shape, [1, 3]);
  for (const { data } of graph.tensors) assert.ok(!data || (data as Float32Array).every(Number.isFinite));
  assert.is((graph.tensors[1].data as Float32Array)[0], (given.graph.tensors[1].data as Float32Array)[0]);
});

test.run();
