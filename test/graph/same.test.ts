import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel } from '../../src/demo/model.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { NetworkMemory, sameNetwork } from '../../src/graph/same.ts';
import { loadModel } from '../../src/model.ts';

const { graph } = await loadModel(await demoModel());

/** The same network made anew, one weight moved by `by`. */
const copied = (by = 0): Graph => {
  const first = graph.tensors.findIndex((t) => t.data instanceof Float32Array);
  const moved = (data: Float32Array) => data.map((v, i) => (i === 0 ? v + by : v));
  return {
    ...graph,
    tensors: graph.tensors.map((t, i) => (i === first ? { ...t, data: moved(t.data as Float32Array) } : t)),
  };
};

test('a copy is the same network, one with another weight is not', () => {
  assert.ok(sameNetwork(graph, copied()));
  assert.not(sameNetwork(graph, copied(1)));
});

test('what is known of a network is found once: by its numbers, by what it ran on and by how', () => {
  const memory = new NetworkMemory<{ graph: Graph; seed: number; found: number }>();
  const [data, other] = [{}, {}];
  let found = 0;
  const ask = (on: object, by: number, seed = 0) =>
    memory.get(
      on,
      copied(by),
      (known) => known.seed === seed,
      () => ({ graph: copied(by), seed, found: ++found }),
    ).found;
  assert.equal([ask(data, 0), ask(data, 0), ask(data, 1), ask(data, 0, 7), ask(other, 0)], [1, 1, 2, 3, 4]);
  // Of the last four, the one that was asked for again stays.
  ask(data, 0);
  for (const by of [2, 3, 4]) ask(data, by);
  assert.is(ask(data, 0), 1);
  assert.is(ask(data, 1), 8);
});

test.run();
