/** Learning from random weights: what the scripts bench/learn_*.ts share. */
import { fileURLToPath } from 'node:url';
import type { Dataset } from '../src/data/index.ts';
import { evaluatePart } from '../src/evaluate.ts';
import type { Graph } from '../src/graph/graph.ts';
import { finetune } from '../src/train/index.ts';
import { Heap } from '../src/wasm/heap.ts';

export const sharedData = (path: string): string =>
  fileURLToPath(new URL(`../${process.env.THUMBNET_SHARED ?? '../shared'}/data/${path}`, import.meta.url));

export const SEED = 1;

interface Learning {
  readonly name: string;
  readonly graph: Graph;
  readonly data: Dataset;
  readonly options: NonNullable<Parameters<typeof finetune>[0]>;
  /** Accuracy on the test part that must be reached. */
  readonly goal: number;
}

/** Trains, judges once on the test part, says how long it took, and fails when the goal is missed. */
export async function learn({ name, graph, data, options, goal }: Learning): Promise<Graph> {
  const heap = await Heap.open();
  const model = { graph, facts: {} };
  const start = performance.now();
  const seconds = () => ((performance.now() - start) / 1000).toFixed(0);
  let shown = '';
  const trained = await finetune(options).run(model, {
    heap,
    data,
    seed: SEED,
    original: model,
    progress: ({ detail = '' }) => {
      if (detail !== shown) console.error(`${seconds()} s  ${detail}`);
      shown = detail;
    },
  });
  const took = seconds();
  const parameters = graph.tensors.reduce((n, t) => n + (t.data?.length ?? 0), 0);
  const { accuracy, correct, examples } = evaluatePart(heap, trained.graph, data, 'test');
  console.log(
    `${name}: ${(100 * accuracy!).toFixed(2)} % of the test part (${correct} of ${examples}; goal ${100 * goal} %), ` +
      `${parameters} parameters, ${options.epochs} epochs of ${data.train!.count} examples in ${took} s, one thread`,
  );
  if (accuracy! < goal) process.exitCode = 1;
  return trained.graph;
}
