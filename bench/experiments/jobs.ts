/** Jobs that searches are compared on: a model, its data, and what must be kept. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { buildModel } from '../../src/builders/index.ts';
import { channelSpreads, type Dataset, inputsOf, loadDataset, takeExamples, withValidationOf } from '../../src/data/index.ts';
import { splitStratified } from '../../src/data/split.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { checkOptions } from '../../src/options/index.ts';
import type { Model } from '../../src/stage.ts';
import { recognizeTask, taskOfLabels } from '../../src/task/index.ts';
import { scratchFields, trainFromScratch } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { neededPath } from '../../test/shared.ts';

export interface Job {
  readonly model: Model;
  readonly data: Dataset;
  readonly target: string;
  /** Largest loss of accuracy, 0..1, or the accuracy to keep. */
  readonly goal: { readonly maxDrop: number } | { readonly goal: number };
}

const shared = (path: string): string => neededPath(`data/${path}`);
export const modelFile = (name: string) => loadModel(new Uint8Array(readFileSync(shared(`models/${name}`))));

/** All arms see the same validation part, and none enlarges it. */
const VALIDATION = 600;

/** Even places train and choose, odd ones judge. */
function evenAndOdd(data: Dataset, validation: number, seed: number): Dataset {
  const whole = data.test!;
  const places = Array.from({ length: whole.count }, (_, i) => i);
  const even = takeExamples(
    whole,
    places.filter((i) => i % 2 === 0),
  );
  const [train, chosen] = splitStratified(even, data.inputs[0].shape, [1 - validation, validation], seed);
  return {
    ...data,
    train: takeExamples(even, train),
    validation: takeExamples(even, chosen),
    test: takeExamples(
      whole,
      places.filter((i) => i % 2 === 1),
    ),
  };
}

async function keywords(seed: number): Promise<Omit<Job, 'goal'>> {
  const clips = await loadDataset(shared('kws01/test_mfcc.npz'), { whole: true });
  return {
    model: await modelFile('kws_savedmodel_float.tflite'),
    data: evenAndOdd(clips, 1 / 3, seed),
    target: 'stm32l476rg',
  };
}

async function pictures(seed: number): Promise<Omit<Job, 'goal'>> {
  const data = await loadDataset(shared('cifar10'), { seed });
  return { model: await modelFile('pretrainedResnet.tflite'), data, target: 'stm32f746ng' };
}

/** No public model of this data is at hand: `train` makes one, kept in `folder`. */
async function fashion(folder: string): Promise<Omit<Job, 'goal'>> {
  const read = await loadDataset(shared('fashion-mnist-part'), { scale: 1 / 255, seed: 0 });
  const data = withValidationOf(read, VALIDATION, 0);
  const path = join(folder, 'fashion.tflite');
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const graph = buildModel('conv2d', { inputs: data.inputs, seed: 0, ...taskOfLabels(data) });
    const heap = await Heap.open();
    const model = { graph, facts: {} };
    const context = { heap, data, task: recognizeTask(graph, data), seed: 0, original: model };
    const options = checkOptions(v.object(scratchFields), { epochs: 40, augment: { shift: 2, flip: true } }, 'train');
    const trained = await trainFromScratch(model, context, options);
    writeFileSync(`${path}.new`, exportTflite(asStored(trained)));
    renameSync(`${path}.new`, path);
  }
  return { model: await loadModel(new Uint8Array(readFileSync(path))), data, target: 'stm32g071rb' };
}

async function activities(seed: number): Promise<Omit<Job, 'goal'>> {
  const path = shared('uci-har-part');
  const model = await modelFile('HAR-CNN.onnx');
  const [spreads] = channelSpreads(await loadDataset(path, { seed }), inputsOf(model.graph));
  const [mean, std] = [spreads.map((s) => s.mean), spreads.map((s) => s.spread)];
  const data = withValidationOf(await loadDataset(path, { seed, mean, std }), VALIDATION, seed);
  return { model, data, target: 'stm32l476rg' };
}

async function digits(seed: number): Promise<Omit<Job, 'goal'>> {
  return { model: await modelFile('mnist-8.onnx'), data: await loadDataset(shared('mnist'), { seed }), target: 'stm32g071rb' };
}

const withGoal = (goal: Job['goal'], of: (seed: number, folder: string) => Promise<Omit<Job, 'goal'>>) => {
  return async (seed: number, folder: string): Promise<Job> => ({ ...(await of(seed, folder)), goal });
};

/** By name; each is made for a seed. A folder keeps what is made for all seeds. */
export const JOBS: Readonly<Record<string, (seed: number, folder: string) => Promise<Job>>> = {
  demo: withGoal({ maxDrop: 0.01 }, async () => ({
    model: await loadModel(await demoModel()),
    data: gestures(),
    target: 'stm32l476rg',
  })),
  har: withGoal({ maxDrop: 0.02 }, activities),
  fashion: withGoal({ maxDrop: 0.02 }, (_, folder) => fashion(folder)),
  mnist: withGoal({ maxDrop: 0.01 }, digits),
  'ds-cnn': withGoal({ maxDrop: 0.02 }, keywords),
  resnet8: withGoal({ maxDrop: 0.02 }, pictures),
  'ds-cnn-90': withGoal({ goal: 0.9 }, keywords),
  'resnet8-85': withGoal({ goal: 0.85 }, pictures),
};

/** Jobs of the comparison; the others show what can be reached. */
export const COMPARED = Object.keys(JOBS).filter((name) => !/-\d+$/.test(name));
