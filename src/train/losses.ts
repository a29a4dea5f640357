import { blendedLabels, type Dataset, needLabels } from '../data/index.ts';
import { type Graph, sizeOf } from '../graph/graph.ts';
import { compile, type Program } from '../run/compile.ts';
import { withoutSoftmax } from '../run/logits.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { klDivergenceF32, type LossTo, mseF32, softmaxCrossEntropyF32 } from '../wasm/loss.ts';
import type { TrainOptions } from './options.ts';
import type { TrainingProgram } from './program.ts';

/** A network whose logits are imitated. */
export interface Teacher {
  readonly graph: Graph;
  readonly temperature: number;
  /** Share of the loss that the teacher has; labels have the rest. */
  readonly weight: number;
}

/** One summand of the loss, which writes a value for each example of the batch. */
export interface Loss {
  /** Brings the target of a batch to the heap: its examples by their places in the part, and what the network reads. */
  readonly aim: (indices: Int32Array, input: ArrayLike<number>) => void;
  /** Adds the derivative to the gradient of the output. */
  readonly step: Step;
}

export interface LossSources {
  readonly program: TrainingProgram;
  readonly data: Dataset;
  readonly options: Pick<TrainOptions, 'batch' | 'labelSmoothing' | 'augment'>;
  readonly teacher?: Teacher;
  /** What each example of a blended batch keeps of itself (mixup). */
  readonly own: Float32Array;
}

/** The summands of the loss: labels (autoencoders: the input) and teacher, by their shares. */
export function lossesOf(heap: Heap, loss: HeapTensor, { program, data, options, teacher, own }: LossSources): Loss[] {
  const { batch } = options;
  const share = (weight: number): LossTo => ({ loss, dx: program.outputGradient, scale: weight / batch });
  const hard = 1 - (teacher?.weight ?? 0);
  const losses: Loss[] = [];
  if (reconstructs(program)) {
    losses.push({ aim: () => {}, step: mseF32(heap, share(hard), program.output, program.input) });
  } else if (hard > 0) {
    const labels = labelsOf(heap, data, batch, sizeOf(program.output.shape) / batch, options.augment?.mixup ? own : null);
    const step = softmaxCrossEntropyF32(heap, share(hard), program.output, labels.tensor, options.labelSmoothing);
    losses.push({ aim: labels.write, step });
  }
  if (teacher && teacher.weight > 0) losses.push(teacherLoss(heap, share(teacher.weight), program, teacher, batch));
  return losses;
}

const reconstructs = ({ input, output }: TrainingProgram): boolean => sizeOf(output.shape) === sizeOf(input.shape);

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

/** Classifiers imitate the teacher's softened answers, other networks its output. */
function teacherLoss(heap: Heap, to: LossTo, program: TrainingProgram, teacher: Teacher, batch: number): Loss {
  const master: Program = compile(heap, withoutSoftmax(teacher.graph), { batch });
  const aim = (_: Int32Array, input: ArrayLike<number>) => {
    heap.write(master.inputs[0], input);
    master.run();
  };
  const step = reconstructs(program)
    ? mseF32(heap, to, program.output, master.outputs[0])
    : klDivergenceF32(heap, to, program.output, master.outputs[0], teacher.temperature);
  return { aim, step };
}
