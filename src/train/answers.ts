import type { Dataset } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import type { TrainOptions } from './options.ts';
import type { RandomSource } from './program.ts';

/** One batch of a training. */
export interface Batch {
  /** Its examples by their places in the part. */
  readonly indices: Int32Array;
  /** What the network reads: the examples, normalized and varied. */
  readonly inputs: readonly ArrayLike<number>[];
  readonly step: number;
}

/** Where the batches of a training come from. */
export interface Batches {
  readonly data: Dataset;
  /** Examples beside the train part of `data`, counted on from its own. */
  readonly unlabelled: Dataset | null;
  readonly options: Pick<TrainOptions, 'batch' | 'augment'>;
  readonly source: RandomSource;
}

/** Answers of a teacher by row: of each example, or, where examples are varied, of each place of each step. */
interface Answers {
  rows: Float32Array;
  known: Uint8Array;
}

type ByKey = Map<string, Answers>;

/** By teacher, data, and unlabelled data (the data itself where there is none). */
const memory = new WeakMap<Graph, WeakMap<Dataset, WeakMap<Dataset, ByKey>>>();

/** More answers than that are not kept. */
const MOST_VALUES = 1 << 24;

/**
 * Keeps the answers of a teacher, so that it is asked for each once. An example that is not varied is the same in every epoch. How one is
 * varied follows from seed, purpose and step alone, so that trainings which have these in common ask the very same of a teacher.
 *
 * @param width values of one answer
 * @param ask   runs the teacher on a batch and returns its answers [batch, width]
 * @returns     the answers to a batch
 */
export function remembering(
  teacher: Graph,
  { data, unlabelled, options: { batch, augment }, source }: Batches,
  width: number,
  ask: (batch: Batch) => Float32Array,
): (batch: Batch) => Float32Array {
  const count = data.train!.count + (unlabelled ? unlabelled.train!.count : 0);
  const answers = answersOf(teacher, data, unlabelled, augment ? JSON.stringify([source, batch, augment]) : 'as they are');
  const found = new Float32Array(batch * width);
  return (asked) => {
    const { indices, step } = asked;
    const row = (i: number) => (augment ? step * batch + i : indices[i]);
    if (!makeRoom(answers, augment ? (step + 1) * batch : count, width)) return ask(asked);
    if (indices.some((_, i) => !answers.known[row(i)])) {
      const fresh = ask(asked);
      indices.forEach((_, i) => {
        answers.rows.set(fresh.subarray(i * width, (i + 1) * width), row(i) * width);
        answers.known[row(i)] = 1;
      });
      return fresh;
    }
    indices.forEach((_, i) => {
      found.set(answers.rows.subarray(row(i) * width, (row(i) + 1) * width), i * width);
    });
    return found;
  };
}

function answersOf(teacher: Graph, data: Dataset, unlabelled: Dataset | null, key: string): Answers {
  const byKey = within(within(within(memory, teacher, weak), data, weak), unlabelled ?? data, map);
  const answers = byKey.get(key) ?? { rows: new Float32Array(0), known: new Uint8Array(0) };
  byKey.set(key, answers);
  return answers;
}

const map = (): ByKey => new Map();
const weak = () => new WeakMap();

function within<K extends object, V>(all: WeakMap<K, V>, key: K, make: () => V): V {
  const found = all.get(key) ?? make();
  all.set(key, found);
  return found;
}

/** Whether there is room for `count` rows. */
function makeRoom(answers: Answers, count: number, width: number): boolean {
  if (count <= answers.known.length) return true;
  if (count * width > MOST_VALUES) return false;
  const room = Math.max(count, 2 * answers.known.length);
  const { rows, known } = answers;
  answers.rows = new Float32Array(room * width);
  answers.rows.set(rows);
  answers.known = new Uint8Array(room);
  answers.known.set(known);
  return true;
}
