import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Dataset, inputsOf, loadDataset, planBatch, takeBatch } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/gestures.ts';
import { demoModel } from '../../src/demo/model.ts';
import { forEachBatch } from '../../src/evaluate.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { type Graph, sizeOf, type Values } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize, toFloat, toInteger } from '../../src/quant/index.ts';
import { feed } from '../../src/run/feed.ts';
import { withLogits } from '../../src/run/logits.ts';
import type { Model } from '../../src/stage.ts';
import { argmax } from '../../src/task/index.ts';
import { withFakeQuantization } from '../../src/train/fake.ts';
import { finetune } from '../../src/train/index.ts';
import { compileTraining } from '../../src/train/program.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { sharedPath } from '../shared.ts';
import { sharedTest } from '../shared_test.ts';

/** What training sees is what the chip answers: argmax of the fake-quantized forward pass and of the integer engine. */
const LEAST = 0.995;
const BATCH = 50;
const heap = await Heap.open();

const answers = (values: Values, classes: number): number[] =>
  Array.from({ length: values.length / classes }, (_, i) => argmax(values, i * classes, classes));

/** Answers to the test part by the forward pass of training, logits as while training. */
function fakeAnswers(graph: Graph, data: Dataset): number[] {
  const part = data.test!;
  return heap.scope(() => {
    // The records in force, also for weights: `fixed` would take new ones from weights that a record cuts off.
    const program = compileTraining(heap, withFakeQuantization(withLogits(graph), 'learned').graph, BATCH);
    const plan = planBatch(data, inputsOf(graph));
    const found: number[] = [];
    for (let first = 0; first < part.count; first += BATCH) {
      const indices = Array.from({ length: BATCH }, (_, i) => Math.min(first + i, part.count - 1));
      feed(heap, program.inputs, takeBatch(plan, part, indices));
      program.forward(0);
      const { value } = program.outputs[0];
      found.push(...answers(heap.read(value), sizeOf(value.shape) / BATCH));
    }
    return found.slice(0, part.count);
  });
}

function integerAnswers(graph: Graph, data: Dataset): number[] {
  const final = toInteger(graph);
  const classes = sizeOf(final.tensors[final.outputs[0]].shape);
  const found: number[] = [];
  forEachBatch(heap, final, data.test!, planBatch(data, inputsOf(final)), (values) => {
    found.push(...answers(values, classes));
  });
  return found;
}

function checkAgreement({ graph }: Model, data: Dataset): void {
  const [fake, integer] = [fakeAnswers(graph, data), integerAnswers(graph, data)];
  const same = fake.filter((a, i) => a === integer[i]).length;
  assert.ok(same >= LEAST * fake.length, `${same} of ${fake.length}`);
}

interface Case {
  readonly name: string;
  readonly model: () => Promise<Model>;
  readonly data: () => Promise<Dataset>;
  readonly epochs: number;
}

const file = (path: string) => async (): Promise<Model> => ({ graph: importTflite(readFileSync(path)), facts: {} });

/** One file of examples that is calibrated, trained and judged on: agreement is asked for, not accuracy. */
const all = (path: string) => async (): Promise<Dataset> => {
  const data = await loadDataset(path, { whole: true });
  return { ...data, train: data.test };
};

function realCases(): Case[] {
  const found = [
    ['ResNet8 on CIFAR-10', 'pretrainedResnet.tflite', 'cifar10/test.npz'],
    ['DS-CNN on kws01', 'kws_savedmodel_float.tflite', 'kws01/test_mfcc.npz'],
  ].flatMap(([name, model, data]) => {
    const [modelPath, dataPath] = [sharedPath(`data/models/${model}`), sharedPath(`data/${data}`)];
    return modelPath && dataPath ? [{ name, model: file(modelPath), data: all(dataPath), epochs: 0.3 }] : [];
  });
  if (found.length < 2) console.log('models or data of ../shared are absent: agreement is shown on the demo network alone');
  return found;
}

const demo: Case = {
  name: 'the demo network',
  model: async () => ({ graph: importTflite(await demoModel()), facts: {} }),
  data: async () => gestures(),
  epochs: 0.5,
};

for (const { name, model, data, epochs } of [demo, ...realCases()]) {
  const stages = {
    'after PTQ': [],
    'after training with fixed ranges': [finetune({ epochs, batch: 64, learningRate: 0.0005 })],
    'after training with learned scales': [finetune({ epochs, batch: 64, learningRate: 0.0005, qat: 'learned' })],
  };
  for (const weightBits of [8, 4] as const) {
    for (const [when, training] of Object.entries(stages)) {
      test(`${name}, ${weightBits}-bit weights, ${when}: at least ${100 * LEAST} % of the answers are the same`, async () => {
        const [original, examples] = [await model(), await data()];
        const context = { heap, data: examples, seed: 2, original };
        checkAgreement(await runPipeline(original, [quantize({ weightBits, examples: 256 }), ...training], context), examples);
      });
    }
  }
  test(`${name}, 16-bit activations, learned scales: the same`, async () => {
    const [original, examples] = [await model(), await data()];
    const context = { heap, data: examples, seed: 2, original };
    const stages = [quantize({ activationBits: 16, examples: 256 }), finetune({ epochs: epochs / 2, batch: 64, qat: 'learned' })];
    checkAgreement(await runPipeline(original, stages, context), examples);
  });
}

/** Integer networks of other tools, as they come. */
for (const [model, examples, scale] of [
  ['pretrainedResnet_quant.tflite', 'cifar10/test.npz', 1],
  ['kws_ref_model.tflite', 'kws01/test_mfcc.npz', 1],
  ['vww_96_int8.tflite', 'vww01/test.npz', 1 / 255],
] as const) {
  sharedTest(`${model}: the same`, [`data/models/${model}`, `data/${examples}`], async (modelPath, dataPath) => {
    const graph = importTflite(readFileSync(modelPath));
    checkAgreement({ graph: toFloat(graph), facts: {} }, await loadDataset(dataPath, { whole: true, scale }));
  });
}

test.run();
