/**
 * What post-training quantization to 8 bits costs, by job and by options: accuracy of floats and of integers on the validation part, mean of
 * three seeds (which draw the calibration examples). With `--test`: of the default options on the test part.
 *
 *     node --import tsx bench/experiments/ptq.ts resnet8 ds-cnn [--test]
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from '../../src/evaluate.ts';
import { asStored } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { decibels } from '../../src/quant/output_error.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { JOBS } from './jobs.ts';

type Options = NonNullable<Parameters<typeof quantize>[0]>;
const off = { equalize: 'off', biasCorrection: 'off' } as const;
const VARIANTS: Readonly<Record<string, Options>> = {
  default: {},
  'no remedies': off,
  'equalize on': { ...off, equalize: 'on' },
  'bias correction on': { ...off, biasCorrection: 'on' },
  'both on': { equalize: 'on', biasCorrection: 'on' },
  'min-max': { calibrator: 'min-max' },
  percentile: { calibrator: 'percentile' },
};
const SEEDS = [0, 1, 2];

const heap = await Heap.open();
const args = process.argv.slice(2);
const isTest = args.includes('--test');
const part = isTest ? 'test' : 'validation';
const percent = (share: number) => (100 * share).toFixed(2);
for (const name of args.filter((a) => !a.startsWith('--'))) {
  const { model, data } = await JOBS[name](0, join(tmpdir(), 'thumbnet-jobs'));
  const task = recognizeTask(model.graph, data);
  const accuracy = (graph: typeof model.graph) => judge(heap, graph, data, part, task).evaluation.accuracy!;
  console.log(`${name}: ${data[part]!.count} examples, floats ${percent(accuracy(model.graph))} %`);
  for (const [variant, options] of Object.entries(isTest ? { default: {} } : VARIANTS)) {
    const runs = [];
    for (const seed of SEEDS) {
      const found = await quantize(options).run(model, { heap, data, task, seed, original: model });
      runs.push({ accuracy: accuracy(asStored(found)), ...found.facts.quantization! });
    }
    const mean = runs.reduce((s, r) => s + r.accuracy, 0) / runs.length;
    const each = runs.map((r) => `${percent(r.accuracy)} (${decibels(r.outputError).toFixed(1)} dB)`).join(', ');
    console.log(`  ${variant}: ${percent(mean)} % = ${each}${runs[0].mended.map((m) => `; ${m}`).join('')}`);
  }
}
