/** Learning from random weights: what the scripts bench/learn_*.ts share. */
import { writeFileSync } from 'node:fs';
import type { Dataset } from '../src/data/index.ts';
import { evaluatePart } from '../src/evaluate.ts';
import { exportTflite } from '../src/formats/tflite/export.ts';
import type { Graph } from '../src/graph/graph.ts';
import { foldActivations } from '../src/simplify/activation.ts';
import { foldNorms } from '../src/simplify/norm.ts';
import type { Model, Progress } from '../src/stage.ts';
import { finetune } from '../src/train/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import { neededPath } from '../test/shared.ts';

export const sharedData = (path: string): string => neededPath(`data/${path}`);

export const SEED = 1;

type Options = NonNullable<Parameters<typeof finetune>[0]>;

interface Learning {
  readonly name: string;
  readonly graph: Graph;
  /** One after another, each on its own training part; the test part of the last one judges. */
  readonly stages: readonly { readonly data: Dataset; readonly options: Options }[];
  /** Accuracy on the test part that must be reached. */
  readonly goal: number;
}

/**
 * Trains, judges once on the test part, says how long it took, and fails when the goal is missed.
 * A path on the command line is where the network is written as `.tflite`.
 */
export async function learn({ name, graph, stages, goal }: Learning): Promise<void> {
  const heap = await Heap.open();
  let model: Model = { graph, facts: {} };
  const start = performance.now();
  const seconds = () => ((performance.now() - start) / 1000).toFixed(0);
  for (const { data, options } of stages) {
    let shown = '';
    const progress = ({ detail = '' }: Progress) => {
      if (detail !== shown) console.error(`${seconds()} s  ${detail}`);
      shown = detail;
    };
    model = await finetune(options).run(model, { heap, data, seed: SEED, original: model, progress });
  }
  const took = seconds();
  const parameters = graph.tensors.reduce((n, t) => n + (t.data?.length ?? 0), 0);
  const { accuracy, correct, examples } = evaluatePart(heap, model.graph, stages.at(-1)!.data, 'test');
  const epochs = stages.map(({ data, options }) => `${options.epochs} epochs of ${data.train!.count} examples`).join(' and ');
  console.log(
    `${name}: ${(100 * accuracy!).toFixed(2)} % of the test part (${correct} of ${examples}; goal ${100 * goal} %), ` +
      `${parameters} parameters, ${epochs} in ${took} s, one thread`,
  );
  if (accuracy! < goal) process.exitCode = 1;
  const [path] = process.argv.slice(2);
  if (path) writeFileSync(path, exportTflite(foldActivations(foldNorms(model.graph))));
}
