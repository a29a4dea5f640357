import {
  type BatchPlan,
  batchInto,
  blend,
  blendedLabels,
  type Dataset,
  makeAugment,
  needLabels,
  type Part,
  planBatch,
} from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { type Graph, sizeOf, withTensors } from '../graph/graph.ts';
import { createRandom, permutation, type Random } from '../random.ts';
import { compile, isBatchable, type Program } from '../run/compile.ts';
import { withoutSoftmax } from '../run/logits.ts';
import { type Context, type Model, pause } from '../stage.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { klDivergenceF32, type LossTo, mseF32, softmaxCrossEntropyF32 } from '../wasm/loss.ts';
import { adamStepF32, applyMaskF32, normF32, type OptimizerStep, sgdStepF32 } from '../wasm/optimizer.ts';
import { withFakeQuantization } from './fake.ts';
import { foldedValues, withNorms } from './norm.ts';
import type { TrainOptions } from './options.ts';
import { compileTraining, type TrainingProgram } from './program.ts';
import { rateAt } from './schedule.ts';

/** A network whose logits are imitated. */
export interface Teacher {
  readonly graph: Graph;
  readonly temperature: number;
  /** Share of the loss that the teacher has; labels have the rest. */
  readonly weight: number;
}

interface Run {
  readonly heap: Heap;
  readonly program: TrainingProgram;
  readonly plan: BatchPlan;
  readonly part: Part;
  readonly batch: number;
  /** f32 [batch]. */
  readonly losses: HeapTensor;
  readonly prepare: (indices: Int32Array, random: Random) => void;
  readonly lossSteps: readonly Step[];
  readonly update: (step: number) => void;
}

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
  if (!isBatchable(model.graph)) {
    throw new CompressError(
      'unsupported',
      'a network that keeps state cannot be trained',
      'compress it without finetune and distill',
    );
  }
  const batch = Math.min(options.batch, part.count);
  const steps = Math.ceil(options.epochs * Math.floor(part.count / batch));
  if (steps === 0) return { graph: model.graph, losses: [] };
  return heap.scope(async () => {
    const plan = planBatch(data, model.graph.tensors[model.graph.inputs[0]]);
    const normed = withNorms(heap, model.graph, plan, part, batch, context.seed);
    const run = setUp(normed.graph, context, data, part, { ...options, batch }, steps, teacher);
    const losses = await loop(run, context, options.epochs, steps, purpose);
    return { graph: trainedGraph(model.graph, foldedValues(normed.layers, model.graph, run.program.constants())), losses };
  });
}

function setUp(
  graph: Graph,
  { heap }: Context,
  data: Dataset,
  part: Part,
  options: TrainOptions,
  steps: number,
  teacher: Teacher | undefined,
): Run {
  const { batch } = options;
  const program = compileTraining(heap, withFakeQuantization(withoutSoftmax(graph)), batch);
  const plan = planBatch(data, graph.tensors[graph.inputs[0]]);
  const input = plan.create(batch);
  const losses = heap.tensor('f32', [batch]);
  const { output, outputGradient: dx } = program;
  const lossSteps: Step[] = [];
  const targets: ((indices: Int32Array) => void)[] = [];
  const share = (weight: number): LossTo => ({ loss: losses, dx, scale: weight / batch });
  const hard = 1 - (teacher?.weight ?? 0);
  const mixup = options.augment?.mixup ?? 0;
  const own = new Float32Array(batch);
  if (sizeOf(output.shape) === sizeOf(program.input.shape)) {
    lossSteps.push(mseF32(heap, share(hard), output, program.input));
  } else if (hard > 0) {
    const labels = labelsOf(heap, data, batch, sizeOf(output.shape) / batch, mixup ? own : null);
    targets.push(labels.write);
    lossSteps.push(softmaxCrossEntropyF32(heap, share(hard), output, labels.tensor, options.labelSmoothing));
  }
  if (teacher && teacher.weight > 0) {
    const master = compile(heap, withoutSoftmax(teacher.graph), { batch });
    targets.push(() => imitate(heap, master, input));
    lossSteps.push(teacherLoss(heap, share(teacher.weight), program, master, teacher.temperature));
  }
  const augment = options.augment && makeAugment(graph.tensors[graph.inputs[0]].shape.slice(1), options.augment);
  const prepare = (indices: Int32Array, random: Random) => {
    batchInto(plan, part, indices, input);
    augment?.(input as Float32Array, batch, random);
    if (mixup) blend(input as Float32Array, own, mixup, random);
    heap.write(program.input, input);
    for (const target of targets) target(indices);
  };
  return { heap, program, plan, part, batch, losses, prepare, lossSteps, update: updater(heap, graph, program, options, steps) };
}

/** Labels of a batch on the heap: classes, or probabilities where examples are blended (`own`: what each keeps of itself). */
function labelsOf(heap: Heap, data: Dataset, batch: number, classes: number, own: Float32Array | null) {
  const y = needLabels(data, 'train', classes);
  const tensor = own ? heap.tensor('f32', [batch, classes]) : heap.tensor('i32', [batch]);
  const chosen = new Int32Array(batch);
  const rows = new Float32Array(own ? batch * classes : 0);
  const write = (indices: Int32Array) => {
    for (let i = 0; i < batch; i++) chosen[i] = y[indices[i]];
    if (own) blendedLabels(chosen, own, rows);
    heap.write(tensor, own ? rows : chosen);
  };
  return { tensor, write };
}

function imitate(heap: Heap, master: Program, input: ArrayLike<number>): void {
  heap.write(master.inputs[0], input);
  master.run();
}

/** Classifiers imitate the teacher's softened answers, other networks its output. */
function teacherLoss(heap: Heap, to: LossTo, { input, output }: TrainingProgram, master: Program, temperature: number): Step {
  const classifies = sizeOf(output.shape) !== sizeOf(input.shape);
  return classifies
    ? klDivergenceF32(heap, to, output, master.outputs[0], temperature)
    : mseF32(heap, to, output, master.outputs[0]);
}

function updater(heap: Heap, graph: Graph, program: TrainingProgram, o: TrainOptions, steps: number): (step: number) => void {
  const masks: Step[] = [];
  const updates = program.parameters.map(({ tensor, value, gradient }): OptimizerStep => {
    const { mask } = graph.tensors.length > tensor ? graph.tensors[tensor] : { mask: undefined };
    if (mask) masks.push(applyMaskF32(heap, value, heap.tensor('u8', value.shape, mask)));
    const decay = value.shape.length > 1 ? o.weightDecay : 0;
    const state = () => heap.tensor('f32', value.shape);
    if (o.optimizer === 'sgd') return sgdStepF32(heap, value, gradient, state(), { momentum: o.momentum, nesterov: true, decay });
    const adam = adamStepF32(heap, value, gradient, state(), state(), o.optimizer === 'adamw' ? { decoupled: decay } : { decay });
    const share = stepShare(heap, value);
    return (rate, step, scale) => adam(rate * share, step, scale);
  });
  const gradients = program.parameters.map((p) => p.gradient);
  return (step) => {
    const rate = o.learningRate * rateAt(step, steps, o);
    const norm = o.clip > 0 ? normF32(heap, gradients) : 0;
    const scale = norm > o.clip && o.clip > 0 ? o.clip / norm : 1;
    for (const update of updates) update(rate, step + 1, scale);
    for (const mask of masks) mask();
  };
}

const USUAL_SIZE = 0.1;

/**
 * Adam's steps are as long for small weights as for large ones. A layer whose weights are much smaller than usual (one that reads raw
 * pixels 0..255, say) would be destroyed by the first steps: its steps shrink with its root mean square (as in LAMB, You et al., 2020).
 */
function stepShare(heap: Heap, value: HeapTensor): number {
  if (value.shape.length < 2) return 1;
  const rms = normF32(heap, [value]) / Math.sqrt(sizeOf(value.shape));
  return rms > 0 ? Math.min(1, rms / USUAL_SIZE) : 1;
}

const PAUSE_MS = 100;

async function loop(run: Run, context: Context, epochs: number, steps: number, purpose: string): Promise<number[]> {
  const perEpoch = Math.floor(run.part.count / run.batch);
  const means: number[] = [];
  let order = new Int32Array(0);
  let sum = 0;
  let seen = 0;
  let pausedAt = performance.now();
  for (let step = 0; step < steps; step++) {
    const place = step % perEpoch;
    const epoch = Math.floor(step / perEpoch);
    if (place === 0)
      order = permutation(run.part.count, createRandom(context.seed, `${purpose}/order/${epoch}`)) as Int32Array<ArrayBuffer>;
    sum += trainStep(
      run,
      order.subarray(place * run.batch, (place + 1) * run.batch),
      step,
      createRandom(context.seed, `${purpose}/augment/${step}`),
    );
    seen++;
    if (place === perEpoch - 1 || step === steps - 1) {
      checkFinite(sum, purpose);
      means.push(sum / seen);
      sum = seen = 0;
    }
    if (performance.now() - pausedAt > PAUSE_MS) {
      const detail = `epoch ${Math.min(epoch + 1, Math.ceil(epochs))}/${Math.ceil(epochs)}${means.length ? `, loss ${means.at(-1)!.toPrecision(3)}` : ''}`;
      context.progress?.({ what: purpose, done: step + 1, total: steps, detail });
      await pause(context.signal);
      pausedAt = performance.now();
    }
  }
  return means;
}

/** One step on one batch; returns the batch's mean loss. */
function trainStep(run: Run, indices: Int32Array, step: number, random: Random): number {
  const { heap, program, batch, losses, prepare, lossSteps, update } = run;
  prepare(indices, random);
  program.forward();
  heap.clear(program.outputGradient);
  let loss = 0;
  for (const lossStep of lossSteps) {
    lossStep();
    for (const value of heap.read(losses) as Float32Array) loss += value;
  }
  program.backward();
  update(step);
  return loss / batch;
}

function checkFinite(loss: number, purpose: string): void {
  if (Number.isFinite(loss)) return;
  throw new CompressError('bad-option', `${purpose}: the loss is no longer a number`, 'lower the learning rate');
}

function trainedGraph(graph: Graph, values: ReadonlyMap<number, Float32Array>): Graph {
  return withTensors(
    graph,
    new Map([...values].filter(([i]) => i < graph.tensors.length).map(([i, data]) => [i, { ...graph.tensors[i], data }])),
  );
}
