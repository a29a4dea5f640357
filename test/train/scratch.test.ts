import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { buildModel } from '../../src/builders/index.ts';
import { type Dataset, inputsOf, loadDataset, planBatch } from '../../src/data/index.ts';
import { forEachBatch, judge } from '../../src/evaluate.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { checkOptions } from '../../src/options/index.ts';
import { createRandom, normal } from '../../src/random.ts';
import { recognizeTask, type TaskName, taskOfLabels } from '../../src/task/index.ts';
import { scratchFields, trainFromScratch } from '../../src/train/index.ts';
import { inputUnits, targetUnit } from '../../src/train/units.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const options = (over: object) => checkOptions(v.object(scratchFields), { batch: 16, ...over }, 'train');

/** Sensors in their own units: values around 1000 beside values around 0.001; the label depends on both. */
function sensors(count: number, labelOf: (a: number, b: number) => readonly number[]): Parameters<typeof loadDataset>[0] {
  const random = createRandom(3, 'sensors');
  const drawn = Array.from({ length: count }, () => [normal(random), normal(random)] as const);
  return {
    inputs: {
      pressure: { x: Float32Array.from(drawn, ([a]) => 1000 + 20 * a), shape: [count, 1] },
      light: { x: Float32Array.from(drawn.flatMap(([, b]) => [0.001 * b, 5])), shape: [count, 2] },
    },
    y: Float64Array.from(drawn.flatMap(([a, b]) => labelOf(a, b))),
  };
}

async function trainedOn(data: Dataset, stated: TaskName | undefined, over: object = {}) {
  const graph = buildModel('dense', { inputs: data.inputs, seed: 1, ...taskOfLabels(data, stated) });
  const task = recognizeTask(graph, data, { task: taskOfLabels(data, stated).task });
  const model = { graph, facts: {} };
  const { graph: trained } = await trainFromScratch(model, { heap, data, task, seed: 1, original: model }, options(over));
  return { graph: trained, task, ...judge(heap, trained, data, 'test', task) };
}

test('classes from sensors in units far apart', async () => {
  const data = await loadDataset(sensors(500, (a, b) => [(a > 0 ? 1 : 0) + (b > 0 ? 2 : 0)]));
  const { evaluation, task } = await trainedOn(data, undefined, { epochs: 20 });
  assert.is(task.name, 'classification');
  assert.ok(evaluation.accuracy! > 0.93, String(evaluation.accuracy));
});

test('values in their own unit, far from 0', async () => {
  const data = await loadDataset(sensors(500, (a, b) => [50_000 + 3000 * a * b, 7 + 100 * b]));
  const { evaluation } = await trainedOn(data, undefined, { epochs: 60, learningRate: 0.01 });
  assert.is(evaluation.task, 'regression');
  assert.ok(evaluation.metrics.r2! > 0.9, JSON.stringify(evaluation.metrics));
});

test('yes or no, and several labels', async () => {
  const yes = await trainedOn(await loadDataset(sensors(400, (a, b) => [a > b ? 1 : 0])), 'binary', { epochs: 20 });
  assert.ok(yes.evaluation.accuracy! > 0.9, String(yes.evaluation.accuracy));
  const several = await trainedOn(await loadDataset(sensors(400, (a, b) => [+(a > 0), +(b > 0), 1])), undefined, { epochs: 20 });
  assert.is(several.task.name, 'multilabel');
  assert.ok(several.evaluation.metrics.accuracy! > 0.93, String(several.evaluation.accuracy));
});

test('an autoencoder of features', async () => {
  const random = createRandom(9, 'auto');
  const x = Array.from({ length: 300 }, () => normal(random)).flatMap((a) => [a, 2 * a, -a, 0.5 * a]);
  const data = await loadDataset({ x: Float32Array.from(x), shape: [300, 4] });
  const { evaluation } = await trainedOn(data, undefined, { epochs: 20 });
  assert.is(evaluation.task, 'reconstruction');
  assert.ok(evaluation.meanSquaredError! < 0.3, String(evaluation.meanSquaredError));
});

const outputsOf = (graph: Graph, data: Dataset): number[] => {
  const found: number[] = [];
  forEachBatch(heap, graph, data.train!, planBatch(data, inputsOf(graph)), (y) => {
    found.push(...(y as Float32Array));
  });
  return found;
};

test('pictures without an axis of channels have one channel', async () => {
  const random = createRandom(4, 'pictures');
  const x = Float32Array.from({ length: 300 * 64 }, (_, i) => (i % 8) * 30 + 10 * normal(random));
  // The label: whether the upper half was lifted. Columns are of very different sizes, and count alike.
  const y = Float64Array.from({ length: 300 }, () => random.below(2));
  x.forEach((_, i) => {
    if (i % 64 < 32) x[i] += 60 * y[Math.floor(i / 64)];
  });
  const data = await loadDataset({ inputs: { x: { x, shape: [300, 8, 8] } }, y });
  const graph = buildModel('conv2d', { inputs: data.inputs, seed: 1, ...taskOfLabels(data, 'classification') });
  assert.equal(graph.tensors[graph.inputs[0]].shape, [1, 8, 8, 1]);
  const task = recognizeTask(graph, data, { task: 'classification' });
  const model = { graph, facts: {} };
  const { graph: trained } = await trainFromScratch(
    model,
    { heap, data, task, seed: 1, original: model },
    options({ epochs: 10 }),
  );
  const { accuracy } = judge(heap, trained, data, 'test', task).evaluation;
  assert.ok(accuracy! > 0.9, String(accuracy));
});

test('layers that take up the units of the data do the same as before', async () => {
  const data = await loadDataset(sensors(60, (a, b) => [a, 300 + 40 * b]));
  const shapes = [
    [buildModel('dense', { inputs: data.inputs, task: 'regression', outputs: 2, seed: 4 }), data],
    [
      buildModel('conv2d', { inputs: [{ name: 'x', shape: [6, 5, 2] }], task: 'regression', outputs: 2, seed: 4 }),
      await loadDataset({
        x: Float32Array.from({ length: 60 * 60 }, (_, i) => (i % 2 ? 100 + (i % 7) : 0.01 * (i % 5))),
        shape: [60, 6, 5, 2],
        y: Float32Array.from({ length: 120 }, (_, i) => i / 7),
      }),
    ],
  ] as const;
  for (const [graph, given] of shapes) {
    const task = recognizeTask(graph, given);
    const [input, output] = [inputUnits(graph, given), targetUnit(graph, given, task)];
    const other = output.of(input.of(given));
    const before = outputsOf(graph, other);
    const after = outputsOf(output.into(input.into(graph)), given);
    const { y } = other.train!;
    const spread = Math.sqrt([...y!].reduce((s, t) => s + t * t, 0) / y!.length);
    assert.ok(Math.abs(spread - 1) < 1e-5);
    const targets = given.train!.y!;
    // y = spread * y' + mean, found from the targets in both units.
    const at = (k: number) => {
      const slope = (targets[k + 2] - targets[k]) / (y![k + 2] - y![k]);
      return (v: number) => slope * (v - y![k]) + targets[k];
    };
    before.forEach((value, i) => {
      const expected = at(i % 2)(value);
      assert.ok(Math.abs(after[i] - expected) < 2e-3 * (1 + Math.abs(expected)), `${after[i]} instead of ${expected}`);
    });
  }
});

const data = (y: ArrayLike<number> | null, count = 12) =>
  loadDataset({ x: new Float32Array(count * 5), shape: [count, 5], y }, { whole: true });

test('the task that labels alone tell of, or that must be stated', async () => {
  const cycle = (values: readonly number[], width = 1) => Array.from({ length: 12 * width }, (_, i) => values[i % values.length]);
  const found = async (y: number[] | null, task?: TaskName) => {
    const { task: name, outputs } = taskOfLabels(await data(y), task);
    return `${name} ${outputs}`;
  };
  assert.is(await found(cycle([0, 1, 2])), 'classification 3');
  assert.is(await found(cycle([1, 0, 0, 0, 1, 0], 3)), 'classification 3');
  assert.is(await found(cycle([1, 1, 0, 0, 1, 0], 3)), 'multilabel 3');
  assert.is(await found(cycle([0.5, 2])), 'regression 1');
  assert.is(await found(cycle([-1, 2])), 'regression 1');
  assert.is(await found(cycle([3, 4, 5], 3)), 'regression 3');
  assert.is(await found(null), 'reconstruction 5');
  assert.is(await found(cycle([0, 1]), 'binary'), 'binary 1');
  assert.is(await found(cycle([0, 1]), 'classification'), 'classification 2');
  assert.is(await found(cycle([0, 1, 2]), 'regression'), 'regression 1');
  assert.is(await found(cycle([0, 1]), 'reconstruction'), 'reconstruction 5');
  const refuses = async (y: number[] | null, message: RegExp, task?: TaskName) => {
    const given = await data(y);
    assert.throws(() => taskOfLabels(given, task), message);
  };
  await refuses(cycle([0, 1]), /--task binary \(one output\) or classification \(two\)/);
  await refuses(cycle([4, 90]), /--task classification or regression/);
  await refuses(cycle([0, 2]), /binary needs 0 or 1/, 'binary');
  await refuses(null, /no labels, but classification needs/, 'classification');
});

test.run();
