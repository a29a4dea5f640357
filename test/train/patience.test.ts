import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/index.ts';
import { CompressError } from '../../src/errors.ts';
import { evaluatePart } from '../../src/evaluate.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { checkOptions } from '../../src/options/index.ts';
import { runPipeline, stagesOf } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import type { Task } from '../../src/task/index.ts';
import { finetuneSchema } from '../../src/train/index.ts';
import { train } from '../../src/train/trainer.ts';
import { autoencoder, autoencoding, constants, contextOf, data, heap, network, type Options } from './networks.ts';

/** One rate for all steps, so that a shorter training is the beginning of a longer one; it is high, so that epochs differ. */
const level: Options = { batch: 64, schedule: 'constant', warmup: 0, learningRate: 0.02 };

const run = (options: Options, graph: Graph = network(), part: Dataset = data, task?: Task) => {
  const model = { graph, facts: {} };
  return train(model, contextOf(model, { data: part, task }), checkOptions(finetuneSchema, options, 'finetune'), 'finetune');
};

const firstBest = (scores: readonly number[]) => scores.indexOf(Math.max(...scores));

test('training stops after `patience` epochs without a better one, with the weights of the best', async () => {
  const { graph, losses, scores } = await run({ ...level, epochs: 40, patience: 2 });
  const best = firstBest(scores);
  assert.ok(scores.length < 40, `${scores.length} epochs`);
  assert.is(scores.length, best + 3);
  assert.is(losses.length, scores.length);
  assert.is(evaluatePart(heap, graph, data, 'validation').accuracy, scores[best]);
  assert.equal(constants(graph), constants((await run({ ...level, epochs: best + 1 })).graph));
});

test('without the patience to run out, the best epoch still wins; a part of an epoch is judged as well', async () => {
  const { graph, scores } = await run({ ...level, epochs: 4.5, patience: 40 });
  assert.is(scores.length, 5);
  assert.is(evaluatePart(heap, graph, data, 'validation').accuracy, Math.max(...scores));
});

test('averaged weights are the ones judged', async () => {
  const { graph, scores } = await run({ ...level, epochs: 3, patience: 3, ema: 0.95 });
  assert.is(evaluatePart(heap, graph, data, 'validation').accuracy, Math.max(...scores));
  assert.not.equal(scores, (await run({ ...level, epochs: 3, patience: 3 })).scores);
});

test('autoencoders are judged by their error, quantized networks through their rounding', async () => {
  const { graph, scores } = await run({ ...level, epochs: 3, patience: 3 }, autoencoder(), data, autoencoding);
  const error = evaluatePart(heap, graph, data, 'validation', { task: 'reconstruction' }).meanSquaredError;
  assert.is(-error!, Math.max(...scores));
  const quantized = await runPipeline(
    { graph: network(), facts: {} },
    [quantize({ examples: 64 })],
    contextOf({ graph, facts: {} }),
  );
  const found = await run({ ...level, epochs: 2, patience: 2 }, quantized.graph);
  assert.is(found.scores.length, 2);
  assert.ok(found.scores.every((s) => s > 0.15 && s <= 1));
});

test('a recipe replays it', async () => {
  const model = { graph: network(), facts: {} };
  const [stage] = stagesOf({ stages: JSON.parse(JSON.stringify([{ stage: 'finetune', ...level, epochs: 40, patience: 2 }])) });
  const { graph } = await stage.run(model, contextOf(model));
  assert.equal(constants(graph), constants((await run({ ...level, epochs: 40, patience: 2 })).graph));
  assert.is(stage.options.patience, 2);
});

test('without a validation part it says so before it trains', async () => {
  const error = await run({ epochs: 1, patience: 1 }, network(), { ...data, validation: null }).catch((e) => e);
  assert.instance(error, CompressError);
  assert.is(error.code, 'bad-data');
  assert.match(error.message, /no validation part/);
});

test.run();
