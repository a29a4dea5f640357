/** Jobs that searches are compared on: a model, its data, and what must be kept. */
import { readFileSync } from 'node:fs';
import { OBJECTIVE } from '../../src/compress/options.ts';
import { type Dataset, loadDataset, takeExamples } from '../../src/data/index.ts';
import { splitStratified } from '../../src/data/split.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { loadModel } from '../../src/model.ts';
import type { Model } from '../../src/stage.ts';
import { neededPath } from '../../test/shared.ts';

export interface Task {
  readonly model: Model;
  readonly data: Dataset;
  readonly target: string;
  /** Largest loss of accuracy. */
  readonly maxDrop: number;
}

const shared = (path: string): string => neededPath(`data/${path}`);
const modelFile = (name: string) => loadModel(new Uint8Array(readFileSync(shared(`models/${name}`))));

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

/** By name; each is made for a seed. */
export const TASKS: Readonly<Record<string, (seed: number) => Promise<Task>>> = {
  async 'ds-cnn'(seed) {
    const clips = await loadDataset(shared('kws01/test_mfcc.npz'), { whole: true });
    const model = await modelFile('kws_savedmodel_float.tflite');
    return { model, data: evenAndOdd(clips, 1 / 3, seed), target: 'stm32l476rg', maxDrop: 0.02 };
  },
  async resnet8(seed) {
    const data = await loadDataset(shared('cifar10'), { seed });
    return { model: await modelFile('pretrainedResnet.tflite'), data, target: 'stm32f746ng', maxDrop: 0.02 };
  },
  async demo() {
    return { model: await loadModel(await demoModel()), data: gestures(), target: 'stm32l476rg', maxDrop: 0.01 };
  },
};

/** The job and NAME=VALUE words of a command line. */
export function optionsIn(argv: readonly string[]): { name: string; given: Readonly<Record<string, string>> } {
  const [name, ...words] = argv.slice(2);
  if (!(name in TASKS)) throw new Error(`"${name}" is none of ${Object.keys(TASKS).join(', ')}`);
  return { name, given: Object.fromEntries(words.map((word) => word.split('='))) };
}

/** Weights of the objective named by its words; weight bytes and MACs, so that no model of a chip has a say, if there are none. */
export function objectiveOf(words = 'weights,macs') {
  const none = Object.fromEntries(Object.keys(OBJECTIVE).map((r) => [r, 0]));
  return { ...none, ...Object.fromEntries(words.split(',').map((r) => [r, 1])) };
}

export const percent = (accuracy: number | null): string => (100 * (accuracy ?? 0)).toFixed(1);
