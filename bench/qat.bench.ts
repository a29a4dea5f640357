import { readFileSync } from 'node:fs';
import { type Dataset, loadDataset } from '../src/data/index.ts';
import { distill } from '../src/distill/index.ts';
import { evaluatePart } from '../src/evaluate.ts';
import type { Graph } from '../src/graph/graph.ts';
import { asStored, loadModel } from '../src/model.ts';
import { runPipeline } from '../src/pipeline.ts';
import { quantize } from '../src/quant/index.ts';
import type { Stage } from '../src/stage.ts';
import { Heap } from '../src/wasm/heap.ts';
import { sharedData } from './learning.ts';
import { cpuMillis } from './rounds.ts';
import { type Section, table } from './section.ts';

const SEEDS = [1, 2, 3];

type Training = NonNullable<Parameters<typeof distill>[0]>;
const training = { batch: 64, augment: { flip: true, shift: 2 }, teacher: 'original' } as const;
const four = { epochs: 6, learningRate: 0.0005, freezeRanges: 0.2 } as const;
const eight = { epochs: 1, learningRate: 0.0001, weight: 1 } as const;
/** Labels beside the float network's answers. */
const labels = { weight: 0.6, temperature: 2 } as const;

/** Ways to train at each number of bits; the validation part chooses one of them, and the test part judges it. */
const CHOICES: readonly {
  bits: string;
  weightBits: 4 | 8;
  outer?: boolean;
  goal: number;
  ways: Record<string, Training | null>;
}[] = [
  {
    bits: '8',
    weightBits: 8,
    goal: 0.2,
    ways: {
      'not trained': null,
      'ranges fixed': { ...eight, qat: 'fixed' },
      'steps learned': { ...eight, qat: 'learned' },
      'steps learned, 2 epochs': { ...eight, qat: 'learned', epochs: 2 },
      'steps learned, 2 epochs at twice the rate': { ...eight, qat: 'learned', epochs: 2, learningRate: 0.0002 },
    },
  },
  {
    bits: '4',
    weightBits: 4,
    goal: 1,
    ways: {
      'not trained': null,
      'ranges fixed': { ...four, qat: 'fixed', weight: 1 },
      'steps learned': { ...four, qat: 'learned', weight: 1 },
      'steps learned, labels too': { ...four, qat: 'learned', ...labels },
    },
  },
  {
    bits: '4, first and last layer 8',
    weightBits: 4,
    outer: true,
    goal: 1,
    ways: { 'not trained': null, 'steps learned, labels too': { ...four, qat: 'learned', ...labels } },
  },
];

/**
 * Quantization-aware training of MLPerf Tiny's ResNet8 on the given part of CIFAR-10, judged by the integer engine: distilled from the float
 * network with ranges that stay (fixed) and with learned step sizes (Esser et al., "Learned Step Size Quantization", 2020, who keep 8 bits in
 * the first and the last layer).
 */
export default async function qat(): Promise<Section> {
  const heap = await Heap.open();
  const model = await loadModel(readFileSync(sharedData('models/pretrainedResnet.tflite')));
  const data = await pictures();
  const correct = (graph: Graph, part: 'validation' | 'test') => evaluatePart(heap, graph, data, part).correct!;
  const share = (n: number, part: 'validation' | 'test') => ((100 * n) / data[part]!.count).toFixed(2);
  const float = { validation: correct(asStored(model), 'validation'), test: correct(asStored(model), 'test') };
  const rows: string[][] = [['float', '', share(float.validation, 'validation'), '', share(float.test, 'test'), '', '']];
  const layers = model.graph.nodes.filter((n) => n.op === 'conv2d' || n.op === 'fullyConnected').map((n) => n.name);
  for (const { bits, weightBits, outer, goal, ways } of CHOICES) {
    const layerBits = outer ? { [layers[0]]: 8, [layers[layers.length - 1]]: 8 } : undefined;
    const tried: { way: string; made: Graph[]; mean: number; row: string[] }[] = [];
    for (const [way, own] of Object.entries(ways)) {
      const begun = cpuMillis();
      const made: Graph[] = [];
      for (const seed of own ? SEEDS : SEEDS.slice(0, 1)) {
        const stages: Stage[] = [quantize({ weightBits, layerBits } as Parameters<typeof quantize>[0])];
        if (own) stages.push(distill({ ...training, ...own }));
        made.push(asStored(await runPipeline(model, stages, { heap, data: { ...data, test: null }, seed, original: model })));
      }
      const mean = meanOf(made.map((graph) => correct(graph, 'validation')));
      const seconds = ((cpuMillis() - begun) / 1000 / made.length).toFixed(0);
      console.error(`${bits} bits, ${way}: ${share(mean, 'validation')} % of the validation part, ${seconds} s each`);
      tried.push({ way, made, mean, row: [bits, way, share(mean, 'validation'), seconds] });
    }
    const best = tried.reduce((a, b) => (b.mean > a.mean ? b : a));
    for (const { row, way, made } of tried) {
      if (way !== best.way) rows.push([...row, '', '', '']);
      else {
        const mean = meanOf(made.map((graph) => correct(graph, 'test')));
        const lost = (100 * (float.test - mean)) / data.test!.count;
        rows.push([...row, `**${share(mean, 'test')}**`, lost.toFixed(2), `${lost <= goal ? 'within' : 'NOT within'} ${goal}`]);
      }
    }
  }
  const head = ['bits of weights', 'training', 'validation, %', 's each', 'test, %', 'points lost', 'goal'];
  return {
    title: 'Quantization-aware training of ResNet8 on CIFAR-10',
    text: `${data.train!.count} pictures to train on; ways are compared on ${data.validation!.count} that are not trained on, and the best way alone is judged on the ${data.test!.count} of the
test part (means of seeds ${SEEDS.join(', ')}).

${table(head, rows)}`,
  };
}

const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** The train part split for choosing; the test part of its own file. */
async function pictures(): Promise<Dataset> {
  const given = await loadDataset(sharedData('cifar10/train.npz'), { split: [0.85, 0.15, 0] });
  const { test } = await loadDataset(sharedData('cifar10/test.npz'), { whole: true });
  return { ...given, test };
}
