import type { Dataset } from '../data/index.ts';
import { type Graph, sizeOf } from '../graph/graph.ts';
import { compile, type Program } from '../run/compile.ts';
import { feed } from '../run/feed.ts';
import { withLogits } from '../run/logits.ts';
import { unrolled } from '../run/unrolled.ts';
import { outputsOf, rulesOf, type Targets, type Task } from '../task/index.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { cosineF32, klDivergenceF32, type LossTo, mseF32, sigmoidDivergenceF32 } from '../wasm/loss.ts';
import { type Batch, remembering } from './answers.ts';
import type { Teaching } from './hints.ts';
import type { TrainOptions } from './options.ts';
import type { RandomSource, TrainingProgram } from './program.ts';
import { relationF32 } from './relation.ts';
import type { Unlabelled } from './unlabelled.ts';

/** Brings what a batch is compared with to the heap. */
export type Aim = (batch: Batch) => void;

/** Writes a value for each row of the batch, and adds the weighted derivative to a gradient. */
export interface Summand {
  readonly step: Step;
  /** f32 [rows], what the step writes. */
  readonly loss: HeapTensor;
  /** Of the mean over the rows. */
  readonly weight: number;
}

/** The loss is the weighted sum of its summands. */
export interface Losses {
  readonly aims: readonly Aim[];
  readonly summands: readonly Summand[];
}

const NOTHING: Losses = { aims: [], summands: [] };

export interface LossSources {
  readonly program: TrainingProgram;
  /** Whose outputs the program has, with their activations. */
  readonly graph: Graph;
  /** Calls that one example is. */
  readonly calls: number;
  readonly data: Dataset;
  readonly task: Task;
  readonly options: Pick<TrainOptions, 'batch' | 'labelSmoothing' | 'augment'>;
  /** Names the random numbers that vary the examples. */
  readonly random: RandomSource;
  readonly teaching: Teaching | null;
  readonly unlabelled: Unlabelled | null;
  /** Of a batch, the first so many examples have labels. */
  readonly labelled: number;
  /** What each example of a blended batch keeps of itself (mixup). */
  readonly own: Float32Array;
}

/** Labels (autoencoders: the input) and the answers of teachers by their shares, and hints. */
export function lossesOf(heap: Heap, sources: LossSources): Losses {
  const { teaching, task, data } = sources;
  const weight = 1 - (teaching?.weight ?? 0);
  const part = data.train!;
  const { targets: read, lossUnit } = rulesOf(task.name);
  const targets = weight > 0 || part.y ? read(task, part, `the train part of ${data.name}`) : null;
  const unit = lossUnit(task, targets);
  const parts = [labelLoss(heap, sources, targets, weight, unit)];
  teaching?.graphs.forEach((_, teacher) => {
    parts.push(teacherLoss(heap, sources, teaching, teacher, unit));
  });
  return { aims: parts.flatMap((p) => p.aims), summands: parts.flatMap((p) => p.summands) };
}

/** A loss of `rows` rows, its weight in the sum, and where its step writes. */
function summand(heap: Heap, weight: number, rows: number, dx: HeapTensor, make: (to: LossTo) => Step): Summand {
  const loss = heap.tensor('f32', [rows]);
  return { step: make({ loss, dx, scale: weight / rows }), loss, weight };
}

function labelLoss(heap: Heap, sources: LossSources, targets: Targets, share: number, unit: number): Losses {
  const { program, task, options, own, labelled } = sources;
  const { batch, augment, labelSmoothing: smoothing } = options;
  if (share === 0) return NOTHING;
  const rules = rulesOf(task.name);
  const { value, gradient } = program.outputs[task.output];
  const weight = share / unit;
  if (!rules.labelLoss) {
    const input = program.operands[sources.graph.inputs[task.input]]; // of the last call
    const rows = batch * rules.rows(task);
    return { aims: [], summands: [summand(heap, weight, rows, gradient!, (to) => mseF32(heap, to, value, input))] };
  }
  const write: Aim[] = [];
  const blended = augment?.mixup ? own.subarray(0, labelled) : null;
  const first = <T extends HeapTensor>(t: T): T => ({ ...t, shape: [(t.shape[0] / batch) * labelled, ...t.shape.slice(1)] });
  const one = summand(heap, weight, labelled * rules.rows(task), first(gradient!), (to) => {
    const loss = rules.labelLoss!(heap, to, first(value), targets!, task, { batch: labelled, smoothing, own: blended });
    write.push(({ indices }) => loss.write(indices.subarray(0, labelled)));
    return loss.step;
  });
  return { aims: write, summands: [one] };
}

const COMPARISONS = { mse: mseF32, cosine: cosineF32, relation: relationF32 } as const;

/**
 * What one of the teachers says. The gradient of the divergence from a mean of answers is the mean of the gradients of the
 * divergences from each, so that teachers are followed one by one, each by its part of the weight.
 */
function teacherLoss(heap: Heap, sources: LossSources, teaching: Teaching, teacher: number, unit: number): Losses {
  const { program, graph, calls, task, options } = sources;
  const { batch } = options;
  const pairs = teaching.pairs.map((pair, i) => ({ ...pair, ...program.taps[i] })).filter((p) => p.teacher === teacher);
  const weight = teaching.weight / teaching.graphs.length;
  if (weight === 0 && pairs.length === 0) return NOTHING;
  const compiled = compileTeacher(heap, unrolled(withLogits(teaching.graphs[teacher]), calls), pairs, batch);
  const targets = compiled.outputs.slice(program.outputs.length);
  const compare = COMPARISONS[teaching.hintLoss];
  const hints = pairs.map(({ value, gradient, weight }, i) =>
    summand(heap, weight, batch, gradient!, (to) => compare(heap, to, value, targets[i])),
  );
  const answers = program.outputs.flatMap(({ value, gradient }, i): Summand[] => {
    if (weight === 0 || !gradient) return [];
    const { rows, imitate, unit: own } = i === task.output ? judgedImitation(task, unit) : otherImitation(graph, i);
    return [
      summand(heap, weight / own, batch * rows, gradient, (to) =>
        imitate(heap, to, value, compiled.outputs[i], teaching.temperature),
      ),
    ];
  });
  const aim = pairs.length ? asking(heap, compiled) : recalling(heap, compiled, teaching.graphs[teacher], sources);
  return { aims: [aim], summands: [...answers, ...hints] };
}

function asking(heap: Heap, compiled: Program): Aim {
  return ({ inputs }) => {
    feed(heap, compiled.inputs, inputs);
    compiled.run();
  };
}

/** The same where only the teacher's answers count. */
function recalling(heap: Heap, compiled: Program, teacher: Graph, sources: LossSources): Aim {
  const { data, options, random, unlabelled } = sources;
  const ask = asking(heap, compiled);
  const sizes = compiled.outputs.map(({ shape }) => sizeOf(shape) / options.batch);
  const width = sizes.reduce((a, b) => a + b, 0);
  const answers = remembering(
    teacher,
    { data, unlabelled: unlabelled?.data ?? null, options, source: random },
    width,
    (batch) => {
      ask(batch);
      const all = compiled.outputs.map((y) => heap.read(y) as Float32Array);
      return side(all, sizes, options.batch);
    },
  );
  return (batch) => {
    const found = answers(batch);
    let at = 0;
    compiled.outputs.forEach((y, i) => {
      heap.write(y, columns(found, width, at, sizes[i]));
      at += sizes[i];
    });
  };
}

/** Rows of several arrays side by side. */
function side(all: readonly Float32Array[], sizes: readonly number[], rows: number): Float32Array {
  if (all.length === 1) return all[0];
  const width = sizes.reduce((a, b) => a + b, 0);
  const out = new Float32Array(rows * width);
  for (let row = 0, at = 0; row < rows; row++) {
    all.forEach((values, i) => {
      out.set(values.subarray(row * sizes[i], (row + 1) * sizes[i]), at);
      at += sizes[i];
    });
  }
  return out;
}

/** Some columns of rows of `width`. */
function columns(values: Float32Array, width: number, from: number, count: number): Float32Array {
  if (count === width) return values;
  const out = new Float32Array((values.length / width) * count);
  for (let row = 0; row * width < values.length; row++) {
    out.set(values.subarray(row * width + from, row * width + from + count), row * count);
  }
  return out;
}

const judgedImitation = (task: Task, unit: number) => {
  const { rows, imitation } = rulesOf(task.name);
  return { rows: rows(task), imitate: imitation, unit };
};

/** Outputs that are not judged stay as the teacher's, each by what it ends in. */
function otherImitation(graph: Graph, output: number) {
  const { ends, places } = outputsOf(graph)[output];
  const imitate = ends === 'softmax' ? klDivergenceF32 : ends === 'logistic' ? sigmoidDivergenceF32 : mseF32;
  return { rows: places, imitate, unit: 1 };
}

/** A teacher whose answers and hinted tensors can be read after a run. */
function compileTeacher(heap: Heap, graph: Graph, pairs: readonly { readonly target: number }[], batch: number): Program {
  return compile(heap, { ...graph, outputs: [...graph.outputs, ...pairs.map((p) => p.target)] }, { batch });
}
