import { type BatchPlan, batchInto, blend, type Dataset, makeAugment, type Part, planBatch } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { type Graph, withTensors } from '../graph/graph.ts';
import type { Random } from '../random.ts';
import { isBatchable } from '../run/compile.ts';
import { withoutSoftmax } from '../run/logits.ts';
import type { Context, Model } from '../stage.ts';
import type { Heap } from '../wasm/heap.ts';
import { withFakeQuantization } from './fake.ts';
import { type Run, runSteps } from './loop.ts';
import { type Loss, lossesOf, type Teacher } from './losses.ts';
import { foldedValues, withNorms } from './norm.ts';
import type { TrainOptions } from './options.ts';
import { compileTraining, type Source, type TrainingProgram } from './program.ts';
import { updateOf } from './updates.ts';

/** What one training did. */
export interface Trained {
  readonly graph: Graph;
  /** Mean loss of each epoch. */
  readonly losses: readonly number[];
}

/**
 * Trains the weights of a float graph; with quantization records on it, through fake quantization (straight-through estimator),
 * so that it stays quantized.
 *
 * @param purpose names the random numbers of this training, so that two stages of one pipeline draw different ones
 * @throws CompressError `bad-data` without a train part or without labels that fit
 */
export async function train(
  model: Model,
  context: Context,
  options: TrainOptions,
  purpose: string,
  teacher?: Teacher,
): Promise<Trained> {
  const { data, heap } = context;
  const part = data?.train;
  if (!data || !part) throw new CompressError('bad-data', `${purpose} needs training data`, 'add --data with a train part');
  checkTrainable(model.graph);
  const batch = Math.min(options.batch, part.count);
  const steps = Math.ceil(options.epochs * Math.floor(part.count / batch));
  if (steps === 0) return { graph: model.graph, losses: [] };
  return heap.scope(async () => {
    const plan = planBatch(data, model.graph.tensors[model.graph.inputs[0]]);
    const normed = withNorms(heap, model.graph, plan, part, batch, context.seed);
    const random = { seed: context.seed, purpose };
    const run = setUp(heap, normed.graph, { data, part, plan, options: { ...options, batch }, steps, random, teacher });
    const losses = await runSteps(run, context, { epochs: options.epochs, steps }, purpose);
    return { graph: trainedGraph(model.graph, foldedValues(normed.layers, model.graph, run.program.constants())), losses };
  });
}

function checkTrainable(graph: Graph): void {
  if (isBatchable(graph)) return;
  throw new CompressError(
    'unsupported',
    'a network that keeps state cannot be trained',
    'compress it without finetune and distill',
  );
}

interface Setting {
  readonly data: Dataset;
  readonly part: Part;
  readonly plan: BatchPlan;
  readonly options: TrainOptions;
  readonly steps: number;
  readonly random: Source;
  readonly teacher?: Teacher;
}

function setUp(heap: Heap, graph: Graph, setting: Setting): Run {
  const { data, part, options, steps, random, teacher } = setting;
  const { batch } = options;
  const program = compileTraining(heap, withFakeQuantization(withoutSoftmax(graph)), batch, random);
  const loss = heap.tensor('f32', [batch]);
  const own = new Float32Array(batch);
  const losses = lossesOf(heap, loss, { program, data, options, teacher, own });
  const prepare = preparation(heap, program, setting, losses, own);
  return {
    heap,
    program,
    count: part.count,
    batch,
    prepare,
    losses,
    loss,
    update: updateOf(heap, graph, program, options, steps),
  };
}

/** @param own written where examples are blended: what each keeps of itself */
function preparation(
  heap: Heap,
  program: TrainingProgram,
  { part, plan, options: { batch, augment } }: Setting,
  losses: readonly Loss[],
  own: Float32Array,
): Run['prepare'] {
  const input = plan.create(batch);
  const vary = augment && makeAugment(program.input.shape.slice(1), augment);
  const mixup = augment?.mixup ?? 0;
  return (indices: Int32Array, random: Random) => {
    batchInto(plan, part, indices, input);
    vary?.(input as Float32Array, batch, random);
    if (mixup) blend(input as Float32Array, own, mixup, random);
    heap.write(program.input, input);
    for (const loss of losses) loss.aim(indices, input);
  };
}

function trainedGraph(graph: Graph, values: ReadonlyMap<number, Float32Array>): Graph {
  return withTensors(
    graph,
    new Map([...values].filter(([i]) => i < graph.tensors.length).map(([i, data]) => [i, { ...graph.tensors[i], data }])),
  );
}
