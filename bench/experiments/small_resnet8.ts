/**
 * ResNet8 on CIFAR-10 by hand: cut in the currency of MACs, distilled, all weights in 4 bits by learned rounding, distilled again through fake
 * quantization. Prints MACs and weight bytes against plain int8, and accuracy on the validation part; with `--test` on the test part too.
 *
 *     node --import tsx bench/experiments/small_resnet8.ts [--ratio 0.32] [--epochs 5] [--bits 4] [--seed 0] [--test]
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distill } from '../../src/distill/index.ts';
import { judge } from '../../src/evaluate.ts';
import { inspect } from '../../src/inspect.ts';
import { asStored } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize } from '../../src/quant/index.ts';
import type { Model } from '../../src/stage.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { JOBS } from './jobs.ts';

const args = process.argv.slice(2);
const after = (flag: string, usual: number) => (args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : usual);
const [ratio, epochs, bits] = [after('--ratio', 0.32), after('--epochs', 5), after('--bits', 4) as 4 | 8];

const heap = await Heap.open();
const { model, data } = await JOBS.resnet8(0, join(tmpdir(), 'thumbnet-jobs'));
const task = recognizeTask(model.graph, data);
const context = { heap, data, task, seed: after('--seed', 0), original: model };
const plain = await runPipeline(model, [quantize()], context);
const [whole, was] = [inspect(model), inspect({ graph: asStored(plain), facts: {} })];
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

function show(what: string, { graph, facts }: Model): void {
  const stored = facts.quantize ? asStored({ graph, facts }) : graph;
  const { macs, weightBytes } = inspect({ graph: stored, facts: {} });
  const found = judge(heap, stored, data, 'validation', task).evaluation.accuracy!;
  const bytes = facts.quantize ? `, ${percent(weightBytes / was.weightBytes)} of the weight bytes` : '';
  console.log(`${what}: ${percent(macs / whole.macs)} of the MACs${bytes}, ${percent(found)} on the validation part`);
}

const training = {
  teacher: 'original',
  epochs,
  batch: 64,
  augment: { flip: true, shift: 3 },
  temperature: 4,
  weight: 0.7,
} as const;
show('as given', model);
let current = await runPipeline(model, [prune({ ratio, scope: 'global', currency: 'macs', multiple: 4 })], context);
show('cut', current);
current = await runPipeline(current, [distill({ ...training, learningRate: 0.003 })], context);
show('distilled', current);
current = await runPipeline(current, [quantize({ weightBits: bits })], context);
show(`in ${bits} bits`, current);
const aware = distill({ ...training, learningRate: 0.001, qat: 'learned', freezeRanges: 0.2, round: 1 });
current = await runPipeline(current, [aware], context);
show('distilled again', current);
if (args.includes('--test')) {
  const [before, now] = [model.graph, asStored(current)].map((graph) => judge(heap, graph, data, 'test', task));
  const differences = before.scores.map((b, i) => now.scores[i] - b);
  const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (differences.length - 1);
  const half = 1.96 * Math.sqrt(variance / differences.length);
  const { accuracy } = now.evaluation;
  console.log(`${percent(accuracy!)} on the test part, ${percent(mean)} +- ${percent(half)} against the model as given`);
}
