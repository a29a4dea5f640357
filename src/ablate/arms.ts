/** Ways to spend a number of training samples on a job: each method alone, in pairs, in every order, a greedy loop, and searches. */
import type { Found } from '../compress/figures.ts';
import { type CompressHost, type CompressOptions, compress, type Figures } from '../compress/index.ts';
import { OBJECTIVE } from '../compress/options.ts';
import type { Dataset } from '../data/index.ts';
import type { Model } from '../stage.ts';
import { greedyLoop } from './greedy.ts';
import { fixedOrder, ORDERS } from './orders.ts';

export interface Job {
  readonly model: Model;
  readonly data: Dataset;
  /** Target, goal, objective and task. */
  readonly options: Omit<CompressOptions, 'samples' | 'seed' | 'sampler' | 'starts' | 'trials'>;
}

const NOTHING = Object.fromEntries(Object.keys(OBJECTIVE).map((name) => [name, 0])) as Record<keyof typeof OBJECTIVE, number>;

/** An objective in which no model of a chip has a say. */
export const WEIGHTS_AND_MACS = { ...NOTHING, weights: 1, macs: 1 };

/** Whether a chip has a say in what an arm without a search does. */
export const namesChip = ({ objective = OBJECTIVE }: Job['options']): boolean =>
  (['flash', 'ram', 'latency', 'energy'] as const).some((name) => (objective[name] ?? OBJECTIVE[name]) > 0);

/** What a run is told, and whom it tells how it goes, by figures of the validation part. */
export interface Run {
  /** Training samples. */
  readonly samples: number;
  readonly seed: number;
  readonly log?: (samples: number, step: Step) => void;
  readonly signal?: AbortSignal;
  /** Threads of the searches. */
  readonly pool?: CompressHost['pool'];
}

export interface Step {
  readonly figures: Figures | null;
  readonly value: number | null;
  readonly feasible: boolean;
}

/** What an arm hands back. */
export interface Handed {
  readonly tflite: Uint8Array;
  /** Seen by all trainings. */
  readonly samples: number;
  /** What the validation part said of it before it trained on that part too; absent where it did not. */
  readonly found?: Found;
  /** All networks that were judged, of an arm whose way no chip changes where the objective names nothing of one. */
  readonly tried?: readonly Uint8Array[];
}

export type Arm = (job: Job, run: Run) => Promise<Handed>;

/** Arms that choose by a last check, which trains where other folds judge. */
export const SEARCHES: readonly string[] = ['random', 'adaptive'];

export const ARMS: Readonly<Record<string, Arm>> = {
  ...Object.fromEntries(
    Object.entries(ORDERS).map(([name, order]): [string, Arm] => [name, (job, run) => fixedOrder(order, job, run)]),
  ),
  greedy: greedyLoop,
  /** The steps of the search, of plans that nobody proposed and nothing was learned for. */
  random: (job, run) => searched(job, run, { sampler: 'random', starts: false }),
  adaptive: (job, run) => searched(job, run, {}),
};

async function searched(
  { model, data, options }: Job,
  { samples, seed, log, signal, pool }: Run,
  how: Pick<CompressOptions, 'sampler' | 'starts'>,
): Promise<Handed> {
  const study = compress(model, data, { ...options, samples, seed, ...how }, { signal, ...(pool && { pool }) });
  let seen = 0;
  for (let step = await study.next(); ; step = await study.next()) {
    if (step.done) {
      const { tflite, together, chosenFigures, checkSamples } = step.value;
      const { accuracy, quality, score } = chosenFigures;
      return { tflite, samples: seen + checkSamples, ...(together && { found: { accuracy, quality, score } }) };
    }
    const { figures, objective: value, feasible } = step.value;
    seen += step.value.samples;
    log?.(seen, { figures, value, feasible });
  }
}
