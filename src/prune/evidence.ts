import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Task } from '../task/index.ts';
import type { Heap } from '../wasm/heap.ts';
import type { Survey } from './survey.ts';

/** What importance may be found from. */
export interface Evidence {
  readonly heap: Heap;
  readonly data: Dataset | null;
  readonly seed: number;
  /** What the model is for. @throws CompressError where labels and outputs do not say it */
  task(): Task;
  /** What the layers of the graph read on the data. @throws CompressError `bad-data` without data */
  survey(): Survey;
}

export function needData(data: Dataset | null, criterion: string): Dataset {
  if (data?.train || data?.validation) return data;
  throw new CompressError('bad-data', `the criterion "${criterion}" needs data`, 'add --data, or choose --criterion l2');
}
