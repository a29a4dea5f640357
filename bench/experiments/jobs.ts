/** Jobs that searches are compared on: a model, its data, and what must be kept. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { buildModel, reinitialized } from '../../src/builders/index.ts';
import { channelSpreads, type Dataset, inputsOf, loadDataset, takeExamples, withValidationOf } from '../../src/data/index.ts';
import { readNpy } from '../../src/data/npy.ts';
import { splitStratified } from '../../src/data/split.ts';
import { unzip } from '../../src/data/zip.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { loadModel } from '../../src/model.ts';
import { checkOptions } from '../../src/options/index.ts';
import type { Model } from '../../src/stage.ts';
import { recognizeTask, taskOfLabels } from '../../src/task/index.ts';
import { scratchFields, trainFromScratch } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { neededPath } from '../../test/shared.ts';
import { kept } from './kept.ts';

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

/** Some places judge, the others train and choose. */
function apartBy(data: Dataset, judges: (place: number) => boolean, validation: number, seed: number): Dataset {
  const whole = data.test!;
  const places = Array.from({ length: whole.count }, (_, i) => i);
  const own = takeExamples(
    whole,
    places.filter((i) => !judges(i)),
  );
  const [train, chosen] = splitStratified(own, data.inputs[0].shape, [1 - validation, validation], seed);
  return {
    ...data,
    train: takeExamples(own, train),
    validation: takeExamples(own, chosen),
    test: takeExamples(whole, places.filter(judges)),
  };
}

async function keywords(seed: number): Promise<Omit<Job, 'goal'>> {
  const clips = await loadDataset(shared('kws01/test_mfcc.npz'), { whole: true });
  return {
    model: await modelFile('kws_savedmodel_float.tflite'),
    data: apartBy(clips, (i) => i % 2 === 1, 1 / 3, seed),
    target: 'stm32l476rg',
  };
}

async function pictures(seed: number): Promise<Omit<Job, 'goal'>> {
  const data = await loadDataset(shared('cifar10'), { seed });
  return { model: await modelFile('pretrainedResnet.tflite'), data, target: 'stm32f746ng' };
}

/** A network from random weights, made as `train` makes it, kept in `folder`. */
const trained = (
  folder: string,
  name: string,
  graph: Graph,
  data: Dataset,
  how: Readonly<Record<string, unknown>>,
): Promise<Model> =>
  kept(folder, name, async () => {
    const heap = await Heap.open();
    const model = { graph, facts: {} };
    const context = { heap, data, task: recognizeTask(graph, data), seed: 0, original: model };
    return trainFromScratch(model, context, checkOptions(v.object(scratchFields), how, 'train'));
  });

/** No public model of this data is at hand. */
async function fashion(folder: string): Promise<Omit<Job, 'goal'>> {
  const read = await loadDataset(shared('fashion-mnist-part'), { scale: 1 / 255, seed: 0 });
  const data = withValidationOf(read, VALIDATION, 0);
  const graph = buildModel('conv2d', { inputs: data.inputs, seed: 0, ...taskOfLabels(data) });
  const model = await trained(folder, 'fashion', graph, data, { epochs: 40, augment: { shift: 2, flip: true } });
  return { model, data, target: 'stm32g071rb' };
}

async function activities(seed: number): Promise<Omit<Job, 'goal'>> {
  const path = shared('uci-har-part');
  const model = await modelFile('HAR-CNN.onnx');
  const [spreads] = channelSpreads(await loadDataset(path, { seed }), inputsOf(model.graph));
  const [mean, std] = [spreads.map((s) => s.mean), spreads.map((s) => s.spread)];
  const data = withValidationOf(await loadDataset(path, { seed, mean, std }), VALIDATION, seed);
  return { model, data, target: 'stm32l476rg' };
}

/** Pictures with even COCO ids train and choose, those with odd ones judge. */
async function persons(seed: number): Promise<Omit<Job, 'goal'>> {
  const path = shared('vww01/test.npz');
  const model = await modelFile('vww_96_float.tflite');
  const ids = readNpy(unzip(new Uint8Array(readFileSync(path)), path, (name) => name === 'id.npy').get('id.npy')!, path).data;
  const data = await loadDataset(path, { model, whole: true, scale: 1 / 255 });
  return { model, data: apartBy(data, (i) => Number(ids[i]) % 2 === 1, 0.4, seed), target: 'stm32f746ng' };
}

async function digits(seed: number): Promise<Omit<Job, 'goal'>> {
  return { model: await modelFile('mnist-8.onnx'), data: await loadDataset(shared('mnist'), { seed }), target: 'stm32g071rb' };
}

/** As `thumbnet train mnist-8.onnx` makes it: of the file, the network alone. */
async function ownDigits(seed: number, folder: string): Promise<Omit<Job, 'goal'>> {
  const data = await loadDataset(shared('mnist'), { scale: 1 / 255, seed });
  const graph = reinitialized((await modelFile('mnist-8.onnx')).graph, 0);
  const model = await trained(folder, 'digits', graph, data, { epochs: 8, batch: 64, augment: { shift: 1 } });
  return { model, data, target: 'stm32g071rb' };
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
  digits: withGoal({ maxDrop: 0.01 }, ownDigits),
  vww: withGoal({ maxDrop: 0.02 }, persons),
  'ds-cnn-90': withGoal({ goal: 0.9 }, keywords),
  'resnet8-85': withGoal({ goal: 0.85 }, pictures),
};

/** Jobs of the comparison; the others show what can be reached. */
export const COMPARED = ['demo', 'har', 'fashion', 'mnist', 'ds-cnn', 'resnet8'];
