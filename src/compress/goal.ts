import { type Dataset, takeEvenly } from '../data/index.ts';
import { judge } from '../evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import type { Model } from '../stage.ts';
import type { Task } from '../task/index.ts';
import type { Heap } from '../wasm/heap.ts';
import type { JobContext } from './job.ts';
import { dropOf, type Settings } from './options.ts';

/** What candidates are judged by. */
export interface Goal {
  /** Its data are all that trials see: no test part. */
  readonly context: JobContext;
  /** Accuracies of the validation part: of the model as given, and the one to keep. */
  readonly before: number;
  readonly floor: number;
  readonly seenBefore: boolean;
}

/** Share of the allowed loss that candidates may use where validation tells less than it should. */
const HELD_BACK = 0.5;
const TRAIN_EXAMPLES = 2000;
/** So far below the accuracy to keep after a training, nobody has come back with the next one. */
const HOPELESS = 0.1;

export function goalOf(heap: Heap, model: Model, data: Dataset, task: Task, settings: Settings): Goal {
  const reference = judge(heap, model.graph, data, 'validation', task).scores;
  const before = reference.reduce((a, b) => a + b, 0) / reference.length;
  const seenBefore = settings.minAccuracy === undefined && hasSeen(heap, model.graph, data, task, before);
  const floor = settings.minAccuracy ?? before - dropOf(settings) * (seenBefore ? HELD_BACK : 1);
  return {
    context: { model, data, task, seed: settings.seed, reference, hopeless: floor - HOPELESS },
    before,
    floor,
    seenBefore,
  };
}

/**
 * Whether a model does no better on train than on validation: it has learned from both (or from neither). What it remembers of validation
 * outlasts a training on the train part, and hides a part of what candidates lose elsewhere.
 */
function hasSeen(heap: Heap, graph: Graph, data: Dataset, task: Task, validation: number): boolean {
  const train = takeEvenly(data.train!, TRAIN_EXAMPLES);
  const right = judge(heap, graph, { ...data, train }, 'train', task).scores;
  const accuracy = right.reduce((a, b) => a + b, 0) / train.count;
  return accuracy - validation < Math.sqrt((validation * (1 - validation)) / data.validation!.count);
}
