/** `compress` on small models of every task: what must be kept is the task's metric, in its own unit. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runArm } from '../../src/compress/arm.ts';
import { goalText, historyOf } from '../../src/compress/history.ts';
import { type CompressHost, type CompressOptions, type CompressResult, compress } from '../../src/compress/index.ts';
import type { JobContext } from '../../src/compress/job.ts';
import { inlinePool, type Pool } from '../../src/compress/pool.ts';
import { type Dataset, loadDataset } from '../../src/data/index.ts';
import { type Code, CompressError } from '../../src/errors.ts';
import { findTask } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { asStored } from '../../src/model.ts';
import { dataOfRecipe, parseRecipe, runPipeline, stagesOf } from '../../src/pipeline.ts';
import { parseHistory } from '../../src/report/index.ts';
import { buildNetwork } from '../../src/run/build.ts';
import type { Model } from '../../src/stage.ts';
import { finetune } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import {
  answer,
  binary,
  type Case,
  datasetOf,
  fruit,
  imbalanced,
  largest,
  multilabel,
  OFF,
  regression,
  rows,
} from '../cases/make.ts';
import { ended } from './ended.ts';

const heap = await Heap.open();
const parts = { split: [0.5, 0.25, 0.25] as [number, number, number] };
const usual = { target: 'stm32l476rg', samples: 3000, parallel: 1, seed: 1 };

async function finished(graph: Graph, data: Dataset, options: Partial<CompressOptions>, host: CompressHost = {}) {
  const model: Model = { graph, facts: {} };
  const lines: string[] = [];
  const run = compress(model, data, { ...usual, ...options }, { ...host, tell: (line) => lines.push(line) });
  return { result: await ended(run), lines, model };
}

/** The recipe makes the same bytes; the history has the metric and its values. */
async function checkWritten({ result, model }: { result: CompressResult; model: Model }, data: Dataset): Promise<void> {
  const { recipe, tflite, task, original, plain } = result;
  assert.equal(recipe.task, { task: task.name, output: task.outputName, metric: task.metric });
  const seen = dataOfRecipe(data, recipe);
  const context = { heap, data: { ...seen, test: null }, task, seed: recipe.seed, original: model };
  const again = await runPipeline(model, stagesOf(parseRecipe(JSON.stringify(recipe))), context);
  assert.equal(exportTflite(asStored(again)), tflite);
  const history = historyOf(result, model, data, { title: 'test', command: 'thumbnet', version: '0', notes: [] });
  assert.is(history.metric, task.metric);
  assert.equal(parseHistory(JSON.stringify(history)), history);
  assert.is(history.rows[0].figures.quality, original.quality);
  assert.ok(plain.quality !== null && result.result.quality !== null);
}

const ofCase = async (made: Case, options: Partial<CompressOptions>) => {
  const data = await datasetOf(made, parts);
  const done = await finished(made.graph, data, options);
  await checkWritten(done, data);
  return done.result;
};

test('classification: balanced accuracy, and the least recall of a class', async () => {
  const result = await ofCase(fruit(), { metric: 'balanced', maxDrop: 0.1, minRecall: { 1: 0.8 } });
  assert.equal([result.task.name, result.task.metric], ['classification', 'balanced']);
  assert.ok(result.original.quality! > 0.95 && result.reached, `${result.missed}`);
  assert.match(goalText(result), /balanced accuracy at most 10 points below the 9\d\.\d % .*recall of "1" at least 80\.0 %/);
  assert.ok(result.result.score! >= result.original.score! - 0.1);
});

test('binary: one sigmoid, and a logit that is stated', async () => {
  const result = await ofCase(binary(), { maxDrop: 0.05 });
  assert.equal([result.task.name, result.task.metric], ['binary', 'accuracy']);
  assert.ok(result.original.accuracy! > 0.95 && result.result.accuracy! > 0.9);
  assert.ok(result.result.weightBytes <= result.ptq.weightBytes);
  const area = await ofCase(binary(false), { task: 'binary', metric: 'auc', maxDrop: 0.05 });
  assert.equal([area.task.name, area.task.metric], ['binary', 'auc']);
  assert.ok(area.result.quality! > 0.9);
});

test('several labels: macro F1', async () => {
  const result = await ofCase(multilabel(), { maxDrop: 0.1 });
  assert.equal([result.task.name, result.task.metric], ['multilabel', 'f1']);
  assert.ok(result.original.quality! > 0.9 && result.result.quality! > 0.8);
});

test('regression: an error may grow by a share of itself, or up to a value', async () => {
  const result = await ofCase(regression(2), { maxDrop: 0.3 });
  assert.equal([result.task.name, result.task.metric, result.result.accuracy], ['regression', 'rmse', null]);
  assert.ok(Math.abs(result.original.quality! - OFF) < 0.01, `${result.original.quality}`);
  assert.ok(Math.abs(result.floor / result.before - 1.3) < 1e-9);
  assert.is(result.reached, result.result.quality! <= 1.3 * result.original.quality!);
  assert.match(goalText(result), /\(RMSE\) at most 30 % above the 0\.25/);
  const kept = await ofCase(regression(1), { metric: 'mae', goal: 0.4 });
  assert.is(kept.floor, 0.4);
  assert.ok(kept.reached && kept.result.quality! <= 0.4, `${kept.missed}`);
  assert.is(goalText(kept), 'mean absolute error (MAE) at most 0.4');
});

/** Six values that hang on two, and where the labels say so, some of them bent. */
async function machine(): Promise<{ graph: Graph; data: Dataset; labelled: Dataset }> {
  const count = 600;
  const hidden = rows(count, 2, 'machine');
  const x = (bent: (i: number) => boolean) =>
    Float32Array.from(
      Array.from({ length: count }, (_, i) => {
        const [a, b] = [hidden[2 * i], hidden[2 * i + 1]];
        return [a, b, a + b, a - b, 2 * a, bent(i) ? 3 + b : -b];
      }).flat(),
    );
  const odd = (i: number) => i % 4 === 0;
  const data = await loadDataset({ x: x(() => false), shape: [count, 6] }, parts);
  const judged = await loadDataset({ x: x(odd), y: Array.from({ length: count }, (_, i) => +odd(i)), shape: [count, 6] }, parts);
  const net = buildNetwork('machine', [6], 4, 'x');
  const made = net.finish(net.dense(net.dense(net.dense(net.input, 12, { activation: 'relu' }), 4), 6));
  const model = { graph: made, facts: {} };
  const task = findTask(heap, made, data, { task: 'reconstruction' });
  const context = { heap, data: { ...data, test: null }, task, seed: 0, original: model };
  const { graph } = await runPipeline(model, [finetune({ epochs: 40, learningRate: 0.02 })], context);
  return { graph, data, labelled: { ...judged, train: data.train } };
}

test('reconstruction: the error, and where labels tell anomalies the area under their curve', async () => {
  const { graph, data, labelled } = await machine();
  const done = await finished(graph, data, { maxDrop: 0.5 });
  await checkWritten(done, data);
  const { result } = done;
  assert.equal([result.task.name, result.task.metric], ['reconstruction', 'mse']);
  assert.ok(result.original.quality! > 0 && result.original.quality! < 0.2, `${result.original.quality}`);
  assert.match(goalText(result), /mean squared error at most 50 % above/);
  const area = await finished(graph, labelled, { task: 'reconstruction', maxDrop: 0.05 });
  assert.is(area.result.task.metric, 'auc');
  assert.ok(area.result.result.quality! > 0.85, `${area.result.result.quality}`);
  // Examples without labels cannot judge anomalies.
  assert.is(area.result.moved, 0);
  assert.match(area.result.unchecked!, /no labels as the validation part has them/);
});

/** A candidate holds where no more examples are lost than may be. */
function checksHold({ checks, chosen, examples }: CompressResult, most: number): void {
  assert.ok(checks.length > 0 && checks.some((c) => c.trial === chosen));
  for (const { trial, chance, holds, quality, given } of checks) {
    assert.is(holds, chance >= 0.5 && Math.round((given! - quality!) * examples.check) <= most, `${trial}`);
  }
}

test('few examples: told what they show, checked on other folds, plain int8 at the worst', async () => {
  const { graph, ...made } = fruit();
  const few = 90;
  const data = await loadDataset({ x: made.x.x.x.slice(0, 3 * few), y: made.y.slice(0, few), shape: [few, 3] }, parts);
  let context: JobContext;
  const pool: CompressHost['pool'] = (c) => {
    context = c;
    return inlinePool(c);
  };
  const { result, lines } = await finished(graph, data, { maxDrop: 0.02 }, { pool });
  assert.match(lines.join('\n'), /the validation part has \d+ examples: one is [\d.]+ points, so no example may be lost/);
  // Two hundredths of 44 are less than one, and one of so few says nothing.
  checksHold(result, 0);
  // What was trained on a fold is not trained there again, and nothing changes by that.
  const train = { stage: 'distill', epochs: 2, batch: 8 };
  const recipe = [train, { stage: 'prune', ratio: 0.3 }, { ...train, round: 1 }, { stage: 'quantize' }];
  const whole = await runArm(context!, { recipe, fold: 0 });
  assert.equal(
    whole.way.map(({ stages }) => stages.length),
    [1, 3],
  );
  for (const from of whole.way) {
    const rest = await runArm(context!, { recipe, fold: 0, from });
    assert.equal(rest.candidate.tflite, whole.candidate.tflite);
    assert.ok(rest.samples < whole.samples);
  }
  const { result: looser } = await finished(graph, data, { maxDrop: 0.1 });
  checksHold(looser, Math.round(0.1 * looser.examples.check));
});

test('a file that is gone ends the search; what a stage cannot do is a trial that failed', async () => {
  const { graph, ...made } = fruit();
  const data = await loadDataset({ x: made.x.x.x.slice(0, 270), y: made.y.slice(0, 90), shape: [90, 3] }, parts);
  const failingOnce =
    (code: Code): CompressHost['pool'] =>
    (context) => {
      const pool = inlinePool(context);
      let isFirst = true;
      const run: Pool['run'] = async (job, progress) => {
        const fails = isFirst;
        isFirst = false;
        if (fails) throw new CompressError(code, 'x.npz cannot be read any more', 'bring it back');
        return pool.run(job, progress);
      };
      return { ...pool, run };
    };
  const options = { trials: 1, maxDrop: 0.5 };
  const { result } = await finished(graph, data, options, { pool: failingOnce('shape-mismatch') });
  assert.is(result.trials[0].state, 'failed');
  assert.is(result.chosen, null);
  await finished(graph, data, options, { pool: failingOnce('bad-file') }).then(
    () => assert.unreachable(),
    (e: Error) => assert.match(e.message, /cannot be read any more/),
  );
});

test('few examples, most of one class: of those that check none may be lost where two would be too many', async () => {
  const { graph, data } = await imbalanced();
  const { result, lines } = await finished(graph, data, { maxDrop: 0.01 });
  assert.match(lines.join('\n'), /one is 1\.96 points, so no example may be lost of the 1 points allowed/);
  assert.match(lines.join('\n'), /warning: 9\d\.\d % of the examples are of class \d, .* --metric balanced/);
  assert.is(result.examples.check, 102);
  checksHold(result, 0);
  assert.is(result.checks[0].least, result.checks[0].given);
});

test('few examples: what folds accepted is made again from train and validation together', async () => {
  const { graph, ...made } = fruit();
  const few = 120;
  const data = await loadDataset({ x: made.x.x.x.slice(0, 3 * few), y: made.y.slice(0, few), shape: [few, 3] }, parts);
  const recipe = [{ stage: 'distill', epochs: 2, batch: 8 }, { stage: 'prune', ratio: 0.2 }, { stage: 'quantize' }];
  const { result, model, lines } = await finished(graph, data, {
    recipe,
    trials: 1,
    maxDrop: 0.6,
    objective: { flash: 0, ram: 0, latency: 0, macs: 1 },
  });
  assert.ok(result.together && result.recipe.together && result.chosen === 0, lines.join('\n'));
  await checkWritten({ result, model }, data);
  const { train, validation } = result.examples;
  assert.is(dataOfRecipe(data, result.recipe).train!.count, train + validation);
});

test('a recipe whose training ends by the validation part: of a large one it saw two thirds', async () => {
  const made = fruit();
  const x = rows(4800, 3, 'many');
  const y = Int32Array.from({ length: 4800 }, (_, i) => largest(answer(made.graph, [[...x.subarray(3 * i, 3 * i + 3)]])[0]));
  const data = await loadDataset({ x, y, shape: [4800, 3] }, parts);
  const train = { stage: 'finetune', epochs: 4, patience: 1, learningRate: 0.02 };
  const { result, model } = await finished(made.graph, data, { recipe: [train, { stage: 'quantize' }], trials: 1, maxDrop: 0.2 });
  assert.is(result.recipe.apart, 1 / 3);
  assert.is(result.examples.validation, 800);
  const recipe = { ...result.recipe, stages: [train, { stage: 'quantize' }] };
  const seen = dataOfRecipe(data, recipe);
  assert.is(seen.validation!.count, 800);
  await checkWritten({ result, model }, data);
});

test.run();
