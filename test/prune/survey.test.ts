import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { type Graph, withTensors } from '../../src/graph/graph.ts';
import { loadModel } from '../../src/model.ts';
import { channelGroups } from '../../src/prune/index.ts';
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

test.run();
