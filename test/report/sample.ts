import { createRandom } from '../../src/random.ts';
import type { History, LayerRow, ModelMetrics, TrialRow } from '../../src/report/history.ts';

/** By products: hosts differ in the last bit of `**`. */
const power = (x: number, n: number): number => (n === 0 ? 1 : x * power(x, n - 1));

/** A made-up history with every kind of trial, for tests of the page. The numbers mean nothing. */
export function sampleHistory(): History {
  const random = createRandom(7, 'report sample');
  const figures = (share: number, accuracy: number | null, weightBits = 8): ModelMetrics => ({
    flashBytes: Math.round(18000 + share * 96000),
    ramBytes: Math.round(9000 + share * 42000),
    latencyMs: 6 + share * 140,
    energyUj: 200 + share * 5200,
    accuracy,
    macs: Math.round(12501632 * share),
    weightBytes: Math.round((77360 * share * weightBits) / 8),
  });
  const orders = [
    ['quantize'],
    ['prune', 'quantize'],
    ['prune', 'distill', 'quantize'],
    ['distill', 'prune', 'quantize'],
    ['quantize', 'prune', 'distill'],
  ];
  const trials = Array.from({ length: 60 }, (_, number): TrialRow => {
    const stages = number === 0 ? orders[0] : orders[1 + Math.floor(random.uniform() * 4)];
    const share = number === 0 ? 1 : 0.12 + 0.8 * power(random.uniform(), 1 + Math.floor(number / 30));
    const state = number && random.uniform() < 0.15 ? 'failed' : 'complete';
    const lost = 0.035 * power(1 - share, 3) + 0.05 * power(random.uniform(), 3) + (number === 20 ? 0.3 : 0);
    const accuracy = state === 'failed' ? null : 0.879 - lost;
    const objective = accuracy === null ? null : share + 20 * Math.max(0, 0.86 - accuracy);
    const feasible = accuracy !== null && accuracy >= 0.862;
    return { number, state, stages, figures: accuracy === null ? null : figures(share, accuracy), objective, feasible };
  });
  const complete = trials.filter((t) => t.feasible);
  const best = complete.reduce((a, b) => (b.objective! < a.objective! ? b : a));
  const layers = (keep: number, bits: number | null): LayerRow[] =>
    [16, 16, 16, 32, 32, 32, 64, 64, 64].map((channels, i) => {
      const side = 32 >> Math.floor(i / 3);
      const c = Math.max(4, Math.round((channels * keep) / 4) * 4);
      const weights = 9 * c * (i ? c : 3);
      return {
        name: `block${1 + Math.floor(i / 3)}/conv${1 + (i % 3)}`,
        op: 'conv2d',
        shape: [side, side, c],
        macs: weights * side * side,
        weightBytes: (weights * (bits ?? 32)) / 8,
        weightBits: bits,
        activationBits: bits,
        latencyMs: (weights * side * side) / 1e5,
        ramBytes: side * side * c * (bits === null ? 8 : 2),
      };
    });
  return {
    version: 2,
    title: 'resnet8 <CIFAR-10> for stm32f446re',
    command: 'thumbnet compress resnet8.tflite --data cifar10 --target stm32f446re --max-drop 0.02 --trials 60 --seed 1',
    versions: { thumbnet: '0.1.0' },
    seed: 1,
    target: { name: 'stm32f446re', core: 'Cortex-M4', clockMhz: 180, flashBytes: 524288, ramBytes: 131072, runtime: 'CMSIS-NN' },
    goal: {
      text: 'At most 2 points of accuracy below the float model.',
      floor: 0.86,
      budgets: { flashBytes: 65536 },
      reached: true,
      objective: { flash: 1, ram: 1, latency: 1, energy: 0 },
    },
    data: { name: 'cifar10', train: 5592, validation: 800, test: 1468 },
    rows: [
      {
        label: 'float model',
        figures: { ...figures(1, 0.8788, 32), flashBytes: 330000, ramBytes: 204000, latencyMs: 720, energyUj: 27000 },
      },
      { label: 'plain int8 PTQ', figures: figures(1, 0.8767) },
      { label: 'result', figures: { ...best.figures!, accuracy: best.figures!.accuracy! - 0.004 } },
    ],
    plain: { figures: figures(1, 0.877), misses: ['it needs 111.3 KiB of flash, and 64.0 KiB is the limit'] },
    trials,
    chosen: { trial: best.number, figures: best.figures! },
    layersBefore: layers(1, null),
    layersAfter: layers(0.6, 8),
    recipe: {
      stages: [
        {
          name: 'prune',
          parameters: { criterion: 'taylor', ratio: 0.42, groups: { 'block1/conv1': 0.25, 'block3/conv2': 0.5 } },
        },
        { name: 'distill', parameters: { teacher: 'original', temperature: 4, epochs: 12, learningRate: 0.001 } },
        { name: 'quantize', parameters: { weightBits: 8, calibrator: 'mse', scheme: 'asymmetric' } },
      ],
    },
    memory: {
      before: { flash: { weights: 310000, biases: 1300, code: 12000, runtime: 2100 }, ram: { arena: 202000, stack: 2048 } },
      after: {
        flash: { weights: 28000, biases: 900, tables: 1800, code: 14000, runtime: 2100 },
        ram: { arena: 17000, stack: 1024 },
      },
    },
    classes: { names: ['ship', 'frog', 'cat'], before: [0.93, 0.88, null], after: [0.92, 0.9, null] },
    losses: {
      examples: 32,
      answersDb: 31.2,
      layers: [
        { name: 'input', bits: 8, outputDb: 48.1, outputAloneDb: 44.5, weightsAloneDb: null, cause: null },
        {
          name: 'block1/conv1',
          bits: 8,
          outputDb: 33.4,
          outputAloneDb: 35.9,
          weightsAloneDb: 36.2,
          cause: 'a few large values take most of the range; what may help: --calibrator percentile',
        },
      ],
    },
    importance: { 'prune.ratio': 0.61, order: 0.3, epochs: 0.09 },
    deploy: [
      { what: 'Write C for the chip:', command: 'thumbnet export model.tflite --format c --target stm32f446re --out firmware' },
    ],
    digests: { 'model.tflite': '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
    files: { model: 'model.tflite', recipe: 'recipe.json' },
    notes: ['Latency is modelled; on layers left out of the fit the model was 6 % off at the median.'],
  };
}
