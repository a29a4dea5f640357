import { CompressError, nearestNames } from '../errors.ts';
import type { Graph, Node, Tensor } from '../graph/graph.ts';
import { nameMeant, shortName } from '../graph/names.ts';
import { createRandom } from '../random.ts';
import { heUniform } from '../run/build.ts';
import { withLogits } from '../run/logits.ts';
import { outputsOf } from '../task/index.ts';
import type { RandomSource, TrainingProgram } from './program.ts';

/** An inner tensor of the student that is to become as the teacher's (Romero et al., 2015), both by name. */
export interface Hint {
  readonly student: string;
  /** The same name where it is left out. */
  readonly teacher?: string;
  readonly weight: number;
}

/** Networks whose answers are imitated. */
export interface Teachers {
  /** The mean of their softened answers is the target. */
  readonly graphs: readonly Graph[];
  readonly temperature: number;
  /** Share of the loss that the answers have; labels have the rest. */
  readonly weight: number;
  /** Of their own weight beside both. */
  readonly hints: readonly Hint[];
  readonly hintLoss: 'mse' | 'cosine' | 'relation';
}

/** A hint by tensors of the student and of one teacher. */
export interface HintPair {
  readonly name: string;
  readonly student: number;
  /** Place in `graphs`. */
  readonly teacher: number;
  readonly target: number;
  /** Channels of the target where the student's tensor has another number of them. */
  readonly units: number | null;
  readonly weight: number;
}

export interface Teaching extends Teachers {
  readonly pairs: readonly HintPair[];
}

/**
 * The hints found in student and teachers; each teacher has its part of a hint's weight.
 *
 * @throws CompressError `bad-option` for a name that is not there, `shape-mismatch` where more than the channels differs
 */
export function findHints(student: Graph, teachers: Teachers): Teaching {
  const { graphs, hints, hintLoss } = teachers;
  const pairs = hints.flatMap((hint) => {
    const own = innerTensor(student, hint.student, 'student');
    return graphs.map((graph, teacher): HintPair => {
      const target = innerTensor(graph, hint.teacher ?? hint.student, 'teacher');
      const units = hintLoss === 'relation' ? null : projectionOf(student.tensors[own], graph.tensors[target]);
      return { name: hint.student, student: own, teacher, target, units, weight: hint.weight / graphs.length };
    });
  });
  return { ...teachers, pairs };
}

const squeezed = (shape: readonly number[]): string =>
  shape
    .slice(1)
    .filter((n) => n !== 1)
    .join();

/** What an answer means by the operator at its end. */
const MEANINGS: Readonly<Record<string, string>> = {
  softmax: 'one of several classes (softmax)',
  logistic: 'each class for itself (sigmoid)',
  argMax: 'the number of a class (ARG_MAX)',
};

/** @throws CompressError `shape-mismatch` for a teacher that reads or answers something else than the student, `bad-option` for one of another task */
export function checkTeacher(student: Graph, teacher: Graph): void {
  const [own, other] = [student, teacher].map((graph) => outputsOf(graph).map(({ ends }) => MEANINGS[ends]));
  const differs = own.findIndex((meaning, i) => meaning && other[i] && meaning !== other[i]);
  if (differs >= 0) {
    const what = `the teacher answers ${other[differs]}, and the model ${own[differs]}`;
    throw new CompressError('bad-option', what, 'give a teacher of the same task');
  }
  for (const end of ['inputs', 'outputs'] as const) {
    const [own, other] = [student, teacher].map((graph) => graph[end].map((t) => graph.tensors[t].shape));
    if (own.map(squeezed).join(';') === other.map(squeezed).join(';')) continue;
    const text = (shapes: typeof own) => shapes.map((shape) => `[${shape.slice(1)}]`).join(' and ');
    const one = own.length === 1 && other.length === 1;
    throw new CompressError(
      'shape-mismatch',
      `the teacher's ${one ? `${end.slice(0, -1)} is` : `${end} are`} ${text(other)}, but the model's ${one ? 'is' : 'are'} ${text(own)}`,
      'give a teacher (--teacher, --original) whose inputs and outputs have the shapes of the model',
    );
  }
}

function innerTensor(graph: Graph, name: string, who: 'student' | 'teacher'): number {
  const { tensors, nodes } = withLogits(graph);
  const inner = nodes.flatMap((node) => node.outputs).filter((t) => t >= 0);
  const whole = nameMeant(
    name,
    inner.map((t) => tensors[t].name),
  );
  const found = inner.find((t) => tensors[t].name === whole);
  if (found !== undefined) return found;
  const names = nearestNames(
    name,
    inner.map((t) => tensors[t].name),
  );
  throw new CompressError(
    'bad-option',
    `the ${who} computes no inner tensor "${name}"`,
    `the nearest are ${names.map((n) => `"${shortName(n)}"`).join(', ')}; \`thumbnet inspect\` lists all`,
  );
}

function projectionOf(student: Tensor, teacher: Tensor): number | null {
  const [own, target] = [student.shape, teacher.shape];
  const alike = own.length === target.length && own.slice(1, -1).every((n, i) => n === target[i + 1]);
  if (alike && own.length > 1) return own.at(-1) === target.at(-1) ? null : target.at(-1)!;
  throw new CompressError(
    'shape-mismatch',
    `"${student.name}" is [${own.slice(1)}] in the student, but "${teacher.name}" is [${target.slice(1)}] in the teacher`,
    'name two tensors that differ in their channels only',
  );
}

/**
 * The student with a learned projection (a convolution of 1 x 1) behind every hinted tensor whose channels are not as many as the
 * teacher's. The tensors of the student keep their numbers; what is added is trained along and left behind.
 *
 * @returns for each pair the tensor that is compared with the target
 */
export function withProjections(graph: Graph, teaching: Teaching | null, source: RandomSource): { graph: Graph; ends: number[] } {
  const tensors = [...graph.tensors];
  const nodes = [...graph.nodes];
  const ends = (teaching?.pairs ?? []).map(({ name, student, units }, i) => {
    if (units === null) return student;
    const { shape } = graph.tensors[student];
    const depth = shape.at(-1)!;
    const random = createRandom(source.seed, `${source.purpose}/hint/${i}`);
    const add = (part: string, of: readonly number[], data: Float32Array | null) =>
      tensors.push({ name: `${name}/hint_${i}${part}`, shape: of, dtype: 'f32', data, quant: null }) - 1;
    const weights = add('/weights', [units, depth], heUniform(random, [units, depth], depth).data);
    const bias = add('/bias', [units], new Float32Array(units));
    const end = add('', [...shape.slice(0, -1), units], null);
    const attrs = { activation: 'none', keepDims: true };
    const node: Node = {
      name: `${name}/hint_${i}`,
      op: 'fullyConnected',
      inputs: [student, weights, bias],
      outputs: [end],
      attrs,
    };
    nodes.push(node);
    return end;
  });
  return { graph: { ...graph, tensors, nodes }, ends };
}

/** @throws CompressError `bad-option` for a hint that can teach nothing */
export function checkTrained({ taps }: TrainingProgram, teaching: Teaching | null): void {
  const idle = taps.findIndex(({ gradient }) => !gradient);
  if (idle < 0) return;
  throw new CompressError(
    'bad-option',
    `nothing that is trained comes before "${teaching!.pairs[idle].name}" in the student`,
    'name a tensor behind a layer with weights',
  );
}
