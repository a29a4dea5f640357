import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset, Part } from '../src/data/index.ts';
import { CompressError } from '../src/errors.ts';
import { evaluatePart } from '../src/evaluate.ts';
import type { Graph } from '../src/graph/graph.ts';
import { createRandom } from '../src/random.ts';
import { areaUnderCurve } from '../src/task/index.ts';
import { Heap } from '../src/wasm/heap.ts';

const heap = await Heap.open();

/** Gives back its input times a factor for each channel. */
function scaling(factors: readonly number[]): Graph {
  const n = factors.length;
  const tensor = (name: string, data: Float32Array | null) => ({ name, shape: [1, n], dtype: 'f32' as const, data, quant: null });
  return {
    name: 'scaling',
    tensors: [tensor('x', null), tensor('factors', Float32Array.from(factors)), tensor('y', null)],
    nodes: [{ name: 'y', op: 'mul', inputs: [0, 1], outputs: [2], attrs: { activation: 'none' } }],
    inputs: [0],
    outputs: [2],
  };
}

/** Its features, and a 0 for every class beyond them. */
function classifier(features: number, classes: number): Graph {
  const weights = Float32Array.from({ length: classes * features }, (_, i) =>
    Math.floor(i / features) === i % features ? 1 : 0,
  );
  const tensor = (name: string, shape: number[], data: Float32Array | null) => ({
    name,
    shape,
    dtype: 'f32' as const,
    data,
    quant: null,
  });
  return {
    name: 'classifier',
    tensors: [tensor('x', [1, features], null), tensor('w', [classes, features], weights), tensor('y', [1, classes], null)],
    nodes: [{ name: 'y', op: 'fullyConnected', inputs: [0, 1], outputs: [2], attrs: { activation: 'none' } }],
    inputs: [0],
    outputs: [2],
  };
}

function dataset(rows: readonly (readonly number[])[], y: readonly number[] | null): Dataset {
  const part: Part = { inputs: [Float32Array.from(rows.flat())], y: y && Int32Array.from(y), count: rows.length };
  const common = {
    name: 'made',
    inputs: [{ name: 'x', shape: [rows[0].length] }],
    classes: y ? Math.max(...y) + 1 : 0,
    train: null,
    validation: null,
    test: part,
  };
  return { ...common, normalization: { scale: 1, mean: [0], std: [1] }, layout: 'nhwc', sourceFiles: [], notes: [] };
}

test('the label among the k largest outputs, of equals the first', () => {
  const rows = [
    [4, 3, 2, 1],
    [4, 3, 2, 1],
    [1, 4, 4, 4],
    [0, 0, 0, 0],
    [-3, -2, -1, -4],
  ];
  const data = dataset(rows, [0, 2, 3, 1, 4]);
  const of = (top?: number) => evaluatePart(heap, classifier(4, 5), data, 'test', { top });
  // Places of the labels in falling order: 0, 2, 2, 1 (all five outputs are 0), 0 (the fifth output is 0).
  assert.is(of().topK, null);
  assert.equal(of(1).topK, { k: 1, accuracy: 0.4, correct: 2 });
  assert.is(of(1).correct, 2);
  assert.equal(of(2).topK, { k: 2, accuracy: 0.6, correct: 3 });
  assert.equal(of(3).topK, { k: 3, accuracy: 1, correct: 5 });
  for (const top of [0, 6, 1.5]) {
    assert.throws(
      () => of(top),
      (e: CompressError) => e instanceof CompressError && e.code === 'bad-option' && /from 1 to 5/.test(e.message),
    );
  }
});

test('area under the curve: all right, all wrong, ties by half, and nothing to compare', () => {
  assert.is(areaUnderCurve([1, 2, 3, 4], [0, 0, 1, 1]), 1);
  assert.is(areaUnderCurve([4, 3, 2, 1], [0, 0, 1, 1]), 0);
  assert.is(areaUnderCurve([5, 5, 5], [0, 1, 1]), 0.5);
  assert.is(areaUnderCurve([1, 2, 2, 3], [0, 0, 1, 1]), 0.875);
  assert.is(areaUnderCurve([1, 2], [1, 1]), null);
  assert.is(areaUnderCurve([], []), null);
});

test('area under the curve is the share of pairs in the right order', () => {
  const random = createRandom(1, 'auc');
  for (const values of [3, 10, 1000]) {
    const scores = Array.from({ length: 60 }, () => random.below(values));
    const labels = scores.map(() => random.below(2));
    let [wins, pairs] = [0, 0];
    for (let i = 0; i < scores.length; i++) {
      for (let j = 0; j < scores.length; j++) {
        if (!(labels[i] === 1 && labels[j] === 0)) continue;
        wins += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0;
        pairs++;
      }
    }
    assert.is(areaUnderCurve(scores, labels), wins / pairs);
  }
});

test('an autoencoder: the error of each example ranks anomalies; without such labels there is no curve', () => {
  // The second channel is lost: an example's error is half of its square there.
  const graph = scaling([1, 0]);
  const rows = [
    [9, 1],
    [0, 2],
    [5, 3],
    [1, 2],
  ];
  const of = (y: readonly number[] | null) => evaluatePart(heap, graph, dataset(rows, y), 'test', { task: 'reconstruction' });
  const found = of([0, 0, 1, 1]);
  assert.is(found.meanSquaredError, (1 + 4 + 9 + 4) / 8);
  assert.is(found.auc, 0.875);
  assert.equal([found.accuracy, found.topK, found.examples], [null, null, 4]);
  assert.equal([of(null).auc, of([0, 0, 0, 0]).auc, of([0, 1, 2, 0]).auc], [null, null, null]);
});

test('answers that are not a number are refused, with the example', () => {
  const data = dataset(
    [
      [1, 1],
      [1, 0],
      [1, 1],
    ],
    null,
  );
  assert.throws(
    () => evaluatePart(heap, scaling([1, Number.POSITIVE_INFINITY]), data, 'test'),
    (e: CompressError) => e.code === 'bad-data' && /answer to example 1 is not a number/.test(e.message),
  );
});

test.run();
