import { blendedLabels, type Dataset, needLabels } from '../data/index.ts';
import { type Graph, sizeOf } from '../graph/graph.ts';
import { compile, type Program } from '../run/compile.ts';
import { withoutSoftmax } from '../run/logits.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { cosineF32, klDivergenceF32, type LossTo, mseF32, softmaxCrossEntropyF32 } from '../wasm/loss.ts';
import { type Batch, remembering } from './answers.ts';
import type { Teaching } from './hints.ts';
import type { TrainOptions } from './options.ts';
import type { Source, TrainingProgram } from './program.ts';

/** Brings what a batch is compared with to the heap. */
export type Aim = (batch: Batch) => void;

/** Writes a value for each example of the batch, and adds the weighted derivative to a gradient. */
export interface Summand {
  readonly step: Step;
  readonly weight: number;
}

/** The loss is the weighted sum of its summands. */
export interface Losses {
  readonly aims: readonly Aim[];
  readonly summands: readonly Summand[];
}

export interface LossSources {
  readonly program: TrainingProgram;
  readonly data: Dataset;
  readonly options: Pick<TrainOptions, 'batch' | 'labelSmoothing' | 'augment'>;
  /** Names the random numbers that vary the examples. */
  readonly random: Source;
  readonly teaching: Teaching | null;
  /** What each example of a blended batch keeps of itself (mixup). */
  readonly own: Float32Array;
}

/**
 * Labels (autoencoders: the input) and the answers of teachers by their shares, and hints.
 *
 * @param loss f32 [batch], what each summand writes
 */
export function lossesOf(heap: Heap, loss: HeapTensor, sources: LossSources): Losses {
  const { teaching, options } = sources;
  const to = (weight: number, dx: HeapTensor): LossTo => ({ loss, dx, scale: weight / options.batch });
  const parts = [labelLoss(heap, to, sources)];
  teaching?.graphs.forEach((_, i) => {
    parts.push(teacherLoss(heap, to, sources, teaching, i));
  });
  return { aims: parts.flatMap((p) => p.aims), summands: parts.flatMap((p) => p.summands) };
}

type To = (weight: number, dx: HeapTensor) => LossTo;

const reconstructs = ({ input, output }: TrainingProgram): boolean => sizeOf(output.shape) === sizeOf(input.shape);

function labelLoss(heap: Heap, to: To, { program, data, options, teaching, own }: LossSources): Losses {
  const { batch, augment, labelSmoothing } = options;
  const { input, output, outputGradient } = program;
  const weight = 1 - (teaching?.weight ?? 0);
  if (weight === 0) return { aims: [], summands: [] };
  if (reconstructs(program)) {
    return { aims: [], summands: [{ step: mseF32(heap, to(weight, outputGradient), output, input), weight }] };
  }
  const labels = labelsOf(heap, data, batch, sizeOf(output.shape) / batch, augment?.mixup ? own : null);
  const step = softmaxCrossEntropyF32(heap, to(weight, outputGradient), output, labels.tensor, labelSmoothing);
  return { aims: [labels.write], summands: [{ step, weight }] };
}

/** Labels of a batch on the heap: classes, or probabilities where examples are blended (`own`: what each keeps of itself). */
function labelsOf(heap: Heap, data: Dataset, batch: number, classes: number, own: Float32Array | null) {
  const y = needLabels(data, 'train', classes);
  const tensor = own ? heap.tensor('f32', [batch, classes]) : heap.tensor('i32', [batch]);
  const chosen = new Int32Array(batch);
  const rows = new Float32Array(own ? batch * classes : 0);
  const write = ({ indices }: Batch) => {
    for (let i = 0; i < batch; i++) chosen[i] = y[indices[i]];
    if (own) blendedLabels(chosen, own, rows);
    heap.write(tensor, own ? rows : chosen);
  };
  return { tensor, write };
}

/**
 * What one of the teachers says. The gradient of the divergence from a mean of answers is the mean of the gradients of the
 * divergences from each, so that teachers are followed one by one, each by its part of the weight.
 */
function teacherLoss(heap: Heap, to: To, sources: LossSources, teaching: Teaching, teacher: number): Losses {
  const { program, options } = sources;
  const pairs = teaching.pairs.map((pair, i) => ({ ...pair, ...program.taps[i] })).filter((p) => p.teacher === teacher);
  const weight = teaching.weight / teaching.graphs.length;
  if (weight === 0 && pairs.length === 0) return { aims: [], summands: [] };
  const master = masterOf(heap, teaching.graphs[teacher], pairs, options.batch);
  const [answer, ...targets] = master.outputs;
  const summands = pairs.map(({ value, gradient, weight }, i): Summand => {
    const compare = teaching.hintLoss === 'cosine' ? cosineF32 : mseF32;
    return { step: compare(heap, to(weight, gradient!), value, targets[i]), weight };
  });
  if (weight > 0) {
    const at = to(weight, program.outputGradient);
    // Classifiers imitate the teacher's softened answers, other networks its output.
    const step = reconstructs(program)
      ? mseF32(heap, at, program.output, answer)
      : klDivergenceF32(heap, at, program.output, answer, teaching.temperature);
    summands.unshift({ step, weight });
  }
  return { aims: [pairs.length ? asking(heap, master) : recalling(heap, master, teaching.graphs[teacher], sources)], summands };
}

function asking(heap: Heap, master: Program): Aim {
  return ({ input }) => {
    heap.write(master.inputs[0], input);
    master.run();
  };
}

/** The same where only the teacher's answers count. */
function recalling(heap: Heap, master: Program, teacher: Graph, { data, options, random }: LossSources): Aim {
  const [answer] = master.outputs;
  const ask = asking(heap, master);
  const answers = remembering(teacher, { data, options, source: random }, sizeOf(answer.shape) / options.batch, (batch) => {
    ask(batch);
    return heap.read(answer) as Float32Array;
  });
  return (batch) => heap.write(answer, answers(batch));
}

/** A teacher whose answers and hinted tensors can be read after a run. */
function masterOf(heap: Heap, given: Graph, pairs: readonly { readonly target: number }[], batch: number): Program {
  const graph = withoutSoftmax(given);
  return compile(heap, { ...graph, outputs: [graph.outputs[0], ...pairs.map((p) => p.target)] }, { batch });
}
