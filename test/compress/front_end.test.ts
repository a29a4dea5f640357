/** The choice of a front end: the same layers for other features, judged by their costs, and made again to the same bytes. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { buildModel, builtFor } from '../../src/builders/index.ts';
import { chooseFrontEnd, compress, rebuiltFor } from '../../src/compress/index.ts';
import { type Dataset, frontEndIn, loadDataset, normalizedFeatures, withFrontEndOf } from '../../src/data/index.ts';
import { findTask } from '../../src/evaluate.ts';
import { alternativesTo, makeFrontEnd } from '../../src/features/index.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { sizeOf } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { runPipeline, stagesOf } from '../../src/pipeline.ts';
import { createRandom, normal } from '../../src/random.ts';
import { MemoryStorage } from '../../src/study/index.ts';
import { scratchSchema, trainFromScratch } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { ended } from './ended.ts';

const heap = await Heap.open();

for (const [name, given, wanted] of [
  ['conv1d', [49, 10], [24, 8]],
  ['ds-cnn', [49, 10], [33, 6]],
  ['dense', [49, 10], [24, 6]],
  ['resnet', [16, 16, 3], [12, 20, 1]],
  ['conv1d', [49, 10], [5]],
] as const) {
  test(`${name} of [${given}] for [${wanted}]`, () => {
    const purpose = { task: 'classification', outputs: 3, seed: 1 } as const;
    const graph = buildModel(name, { inputs: [{ name: 'x', shape: given }], ...purpose });
    const made = builtFor(graph, given, wanted, 1);
    assert.is(sizeOf(made.tensors[made.inputs[0]].shape), sizeOf(wanted));
    assert.equal(made.tensors[made.outputs[0]].shape, [1, 3]);
    assert.equal(
      made.nodes.map((n) => n.op),
      graph.nodes.map((n) => n.op),
    );
    for (const t of made.tensors) if (t.data) assert.is(t.data.length, sizeOf(t.shape));
    exportTflite(asStored({ graph: made, facts: {} }));
  });
}

test('convolutions in time of Keras, which have an axis of 1 added before them', async () => {
  const file = readFileSync(new URL('../fixtures/keras/series3.keras', import.meta.url));
  const { graph } = await loadModel(new Uint8Array(file));
  const made = builtFor(graph, [20, 4], [13, 3], 1);
  assert.equal(made.tensors[made.outputs[0]].shape, graph.tensors[graph.outputs[0]].shape);
  exportTflite(asStored({ graph: made, facts: {} }));
});

test('a network that cannot read it is refused', () => {
  const graph = buildModel('ds-cnn', { inputs: [{ name: 'x', shape: [49, 10] }], task: 'classification', outputs: 3, seed: 1 });
  assert.throws(() => builtFor(graph, [40, 7], [20, 7], 1), /not known to be examples of \[40,7\]/);
});

test('others than a front end', () => {
  const signal = { samples: 16000, channels: 1, rate: 16000, step: -15 };
  assert.equal(alternativesTo(makeFrontEnd('mfcc', signal)).slice(0, 4), [
    'mfcc:coefficients=8',
    'mfcc:coefficients=6',
    'mfcc:hop=30ms',
    'mfcc:hop=30ms,coefficients=8',
  ]);
  for (const name of ['mfcc:bands=20', 'logmel', 'spectrogram', 'librosa-mel', 'mfe'])
    for (const other of alternativesTo(makeFrontEnd(name, signal))) makeFrontEnd(other, signal);
  const few = alternativesTo(makeFrontEnd('mfcc:coefficients=2', signal));
  assert.equal(few.slice(0, 3), ['mfcc:coefficients=1', 'mfcc:coefficients=2,hop=30ms', 'mfcc:hop=30ms,coefficients=1']);
  assert.equal(alternativesTo(makeFrontEnd('fft', { ...signal, samples: 128, rate: 100 })), ['stats', 'fft:high=25']);
});

/** Noise of three colours, as a class each. */
async function noise(features?: string): Promise<Dataset> {
  const random = createRandom(5, 'noise');
  const [count, samples] = [240, 300];
  const x = new Float32Array(count * samples);
  for (let i = 0, state = 0; i < x.length; i++) {
    const kind = Math.floor(i / samples) % 3;
    state = 0.4 * kind * state + normal(random);
    x[i] = state * 0.1;
  }
  const y = Array.from({ length: count }, (_, i) => i % 3);
  return loadDataset({ x, shape: [count, samples], y }, { rate: 1000, ...(features && { features }) });
}

test('the front end that costs least and keeps the goal, and the same model again by the recipe', async () => {
  const data = normalizedFeatures(await noise('logmel:frame=64,hop=16,fft=64,low=0,high=500,bands=12'));
  const built = buildModel('conv1d', { inputs: data.inputs, task: 'classification', outputs: 3, seed: 1 }, { width: 0.5 });
  const training = v.parse(scratchSchema, { epochs: 12 });
  const task = findTask(heap, built, data, {});
  const begun = { graph: built, facts: {} };
  const trained = await trainFromScratch(begun, { heap, data, task, seed: 0, original: begun }, training);
  const model = { graph: withFrontEndOf(asStored(trained), data), facts: {} };
  const options = { target: 'stm32f446re', samples: 300, maxDrop: 0.05 };
  const names = ['logmel:frame=64,hop=32,fft=64,low=0,high=500,bands=8', 'logmel:frame=64,hop=16,fft=32', 'stats'];
  const choice = await chooseFrontEnd(model, data, await noise(), names, training, options);
  assert.equal(
    choice.trials.map((t) => [t.features, t.figures !== null]),
    [
      [data.frontEnd!.name, true],
      [names[0], true],
      [names[1], false],
      ['stats', true],
    ],
  );
  const tight = { ...options, maxLatencyMs: 0.99 * choice.trials[0].figures!.latencyMs };
  const longer = 'logmel:frame=64,hop=8,fft=64,low=0,high=500,bands=12';
  const { trials } = await chooseFrontEnd(model, data, await noise(), [longer], { epochs: 1 }, tight);
  assert.equal(
    trials.map((t) => [t.holds, t.why]),
    [
      [false, 'over the limit of latency'],
      [false, 'over the limit of latency'],
    ],
  );
  // What is small enough already weighs alike in all: the rest decides.
  const enough = { ...options, enough: { flash: 2 * choice.trials[0].figures!.flashBytes } };
  const rest = await chooseFrontEnd(model, data, await noise(), [choice.features], training, enough);
  assert.ok(rest.trials[0].cost! > 1);
  assert.is(rest.features, choice.features);
  assert.match(choice.trials[2].why!, /a transform of 32 for frames of 64/);
  const chosen = choice.trials.find((t) => t.features === choice.features)!;
  assert.ok(choice.before);
  assert.ok(chosen.holds && chosen.cost! < 1);
  const shuffled = { ...data.validation!, y: data.validation!.y!.map((label) => (label + 1) % 3) };
  await chooseFrontEnd(model, { ...data, validation: shuffled }, await noise(), names, training, options).then(
    () => assert.unreachable(),
    (e: Error) => assert.match(e.message, /no better than chance/),
  );
  assert.ok(choice.trials.every((t) => !t.holds || t.cost! >= chosen.cost!));

  const storage = new MemoryStorage();
  const search = compress(choice.model, choice.data, choice.options, { before: choice.before, storage });
  const { recipe, tflite, original, result } = await ended(search);
  const without = compress(choice.model, choice.data, choice.options, { storage, resume: true }).next();
  await without.then(
    () => assert.unreachable(),
    (e: Error) => assert.match(e.message, /begun with frontEnds ".*", and is now given none/),
  );
  assert.is(frontEndIn(importTflite(tflite))!.facts.features, choice.features);
  assert.ok(result.latencyMs < original.latencyMs);
  assert.equal(recipe.rebuilt, choice.before!.rebuilt);
  const again = { heap, data: { ...choice.data, test: null }, task, seed: recipe.seed, original: model };
  const rebuilt = await rebuiltFor(model, recipe.rebuilt!, again);
  assert.equal(exportTflite(rebuilt.graph), exportTflite(choice.model.graph));
  const stages = stagesOf(recipe);
  if (recipe.validation === undefined) {
    const made = await runPipeline(rebuilt, stages, { ...again, original: rebuilt });
    assert.equal(exportTflite(withFrontEndOf(asStored(made), choice.data)), tflite);
  }
});

test.run();
