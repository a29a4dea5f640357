/** What of a dataset the search sees, and what its choice is checked by. */
import {
  type Dataset,
  inputsOf,
  needPart,
  type Part,
  planBatch,
  takeEvenly,
  withPartApart,
  withValidationOf,
} from '../data/index.ts';
import { judge } from '../evaluate.ts';
import type { Model } from '../stage.ts';
import { foldsBeside, rulesOf, type Task } from '../task/index.ts';
import type { Heap } from '../wasm/heap.ts';

/** A validation part of fewer examples takes more from the train part. */
export const VALIDATION = 600;
/** Of a validation part of so many examples or more, a third is kept from the search: its choice is checked by it. */
const CHECKABLE = 1000;
export const APART = 1 / 3;
/** Of a smaller one, the choice is checked by other folds: the search saw the first of so many. */
const FOLDS = 3;

export interface Parts {
  /** Train and validation. */
  readonly seen: Dataset;
  /** Kept from the search. */
  readonly check: Part | null;
  /** In its place: how many folds there are beside what the search sees. */
  readonly folds: number;
  /** Why there is neither, where that is so. */
  readonly unchecked: string | null;
  /** Examples of the train part that went to the validation part. */
  readonly moved: number;
}

export function partsOf(heap: Heap, { graph }: Model, data: Dataset, task: Task, seed: number): Parts {
  const given = { ...data, test: null };
  const known = data.validation!.count < CHECKABLE ? whyNotTrain(heap, graph, given, task) : null;
  const seen = known ? given : withValidationOf(given, VALIDATION, seed);
  const validation = seen.validation!;
  const moved = validation.count - given.validation!.count;
  if (validation.count < CHECKABLE) return { seen, check: null, folds: known ? 0 : FOLDS - 1, unchecked: known, moved };
  const { seen: judged, apart } = withPartApart(seen, APART, seed);
  return { seen: judged, check: apart, folds: 0, unchecked: null, moved };
}

/** The datasets of the folds beside what the search sees. */
export const foldsOf = (seen: Dataset, seed: number): Dataset[] => foldsBeside(seen, FOLDS, seed);

const LOOKED_AT = 2000;
/** Standard errors of a difference. A check by the train part errs by all of it, and allowed losses are about as small. */
const TELLING = 1;

/**
 * Why examples of the train part cannot judge; null where they can. A model that knows them by heart does better on them than on any others:
 * whatever is cut from it then seems to lose what it never had.
 */
function whyNotTrain(heap: Heap, graph: Model['graph'], data: Dataset, task: Task): string | null {
  const { targets } = rulesOf(task.name);
  const [train, validation] = (['train', 'validation'] as const).map((name) => targets(task, data[name]!, name));
  if ((train === null) !== (validation === null)) return 'the train part has no labels as the validation part has them';
  const few = { ...data, train: takeEvenly(data.train!, LOOKED_AT) };
  const [known, unknown] = (['train', 'validation'] as const).map((name) => meanOf(judge(heap, graph, few, name, task).scores));
  if (known.mean - unknown.mean <= TELLING * Math.sqrt(known.variance + unknown.variance)) return null;
  return 'the model as given does better on the train part, which it has learned from';
}

/** The mean, and its variance. */
function meanOf(values: Float64Array): { mean: number; variance: number } {
  const count = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  return { mean, variance: values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / count / count };
}

/** That there are all parts, with the labels of the task. @throws CompressError */
export function checkParts(model: Model, data: Dataset, task: Task): void {
  planBatch(data, inputsOf(model.graph));
  for (const part of ['train', 'validation', 'test'] as const) {
    rulesOf(task.name).targets(task, needPart(data, part), `the ${part} part of ${data.name}`);
  }
}
