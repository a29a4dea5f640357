import {
  type Augmentation,
  type BatchPlan,
  batchInto,
  blend,
  createBatch,
  type Dataset,
  drawShares,
  makeAugment,
  type Part,
} from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { createRandom } from '../random.ts';
import { feed } from '../run/feed.ts';
import { unrolled } from '../run/unrolled.ts';
import type { Task } from '../task/index.ts';
import type { Heap } from '../wasm/heap.ts';
import { averageOf } from './average.ts';
import type { FakeQuantized } from './fake.ts';
import { checkTrained, type Teaching, withProjections } from './hints.ts';
import type { Run } from './loop.ts';
import { type Losses, lossesOf } from './losses.ts';
import type { TrainOptions } from './options.ts';
import { compileTraining, type RandomSource, type TrainingProgram } from './program.ts';
import type { Changing } from './state.ts';
import { drawing, drawingBoth, labelledIn, type Unlabelled } from './unlabelled.ts';
import { updateOf } from './updates.ts';

export interface Setting {
  readonly data: Dataset;
  readonly task: Task;
  readonly part: Part;
  readonly plan: BatchPlan;
  /** What is trained: the graph up to its logits, with fake quantization where it is quantized. */
  readonly fake: FakeQuantized;
  readonly options: TrainOptions;
  readonly steps: number;
  readonly random: RandomSource;
  readonly teaching: Teaching | null;
  readonly unlabelled: Unlabelled | null;
}

/** Compiles and places everything that the steps of a training need. */
export function setUp(heap: Heap, graph: Graph, setting: Setting): Run {
  const { data, task, part, plan, fake, options, steps, random, teaching, unlabelled } = setting;
  const { batch } = options;
  const labelled = unlabelled ? labelledIn(batch, part.count, unlabelled.part.count) : batch;
  const { graph: whole, ends } = withProjections(fake.graph, teaching, random);
  const program = compileTraining(heap, unrolled(whole, plan.calls), batch, { ...random, held: fake.held, taps: ends });
  checkTrained(program, teaching);
  const own = new Float32Array(batch);
  const losses = lossesOf(heap, {
    program,
    graph,
    calls: plan.calls,
    data,
    task,
    options,
    random,
    teaching,
    unlabelled,
    labelled,
    own,
  });
  const prepare = preparation(heap, program, setting, losses, own, labelled);
  const update = updateOf(heap, graph, program, options, steps);
  const average = options.ema > 0 ? averageOf(heap, program.constants, options.ema) : null;
  const draw = unlabelled
    ? drawingBoth({ count: part.count, labelled, batch, others: unlabelled.part.count }, random.seed, random.purpose)
    : drawing(part.count, batch, random.seed, `${random.purpose}/order`);
  return { heap, program, count: part.count, batch, draw, prepare, losses, update, average };
}

/**
 * @param own      written where examples are blended: what each keeps of itself
 * @param labelled of a batch, the first so many; they are blended among themselves
 */
function preparation(
  heap: Heap,
  program: TrainingProgram,
  { part, plan, random: { seed, purpose }, options: { batch, augment }, unlabelled }: Setting,
  losses: Losses,
  own: Float32Array,
  labelled: number,
): Run['prepare'] {
  const inputs = createBatch(plan, batch) as Float32Array[];
  const vary = program.inputs.map(({ shape }) => augment && makeAugment(shape.slice(1), forInput(augment, shape, program)));
  const mixup = augment?.mixup ?? 0;
  return (indices, step) => {
    const random = createRandom(seed, `${purpose}/augment/${step}`);
    batchInto(plan, part, indices.subarray(0, labelled), inputs);
    if (unlabelled) {
      const places = indices.subarray(labelled).map((place) => place - part.count);
      batchInto(
        unlabelled.plan,
        unlabelled.part,
        places,
        inputs.map((values) => values.subarray((values.length / batch) * labelled)),
      );
    }
    inputs.forEach((values, i) => {
      vary[i]?.(values, batch, random);
    });
    if (mixup) {
      drawShares(own, mixup, random);
      for (const values of inputs) {
        const first = (values.length / batch) * labelled;
        blend(values.subarray(0, first), own.subarray(0, labelled));
        if (unlabelled) blend(values.subarray(first), own.subarray(labelled));
      }
    }
    feed(heap, program.inputs, inputs);
    for (const aim of losses.aims) aim({ indices, inputs, step });
  };
}

/** Beside a picture, a vector of features is not blanked. */
const forInput = (augment: Augmentation, shape: readonly number[], { inputs }: TrainingProgram): Augmentation =>
  inputs.length > 1 && shape.length < 3 ? { ...augment, cutout: 0 } : augment;

/** Every tensor that steps change; all else is made again from model, data and options. */
export function changingIn({ program, update, average }: Run): Changing[] {
  const named = (kind: string, { tensor, value }: (typeof program.constants)[number]) => ({
    name: `${kind}/${tensor}`,
    tensor: value,
  });
  return [
    ...program.constants.map((c) => named('constant', c)),
    ...update.state.map((tensor, i) => ({ name: `optimizer/${i}`, tensor })),
    ...(average?.constants ?? []).map((c) => named('average', c)),
  ];
}
