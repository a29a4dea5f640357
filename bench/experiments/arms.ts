/** Ways to spend a budget of training samples on a job. */
import { compress } from '../../src/compress/index.ts';
import { OBJECTIVE } from '../../src/compress/options.ts';
import { greedyLoop } from './greedy.ts';
import type { Job } from './jobs.ts';

/** What a run is told, and whom it tells how it goes, by figures of the validation part. */
export interface Run {
  /** Training samples. */
  readonly samples: number;
  readonly seed: number;
  readonly objective: Readonly<Record<keyof typeof OBJECTIVE, number>>;
  readonly log: (samples: number, step: Step) => void;
}

export interface Step {
  readonly figures: { readonly weightBytes: number; readonly macs: number; readonly accuracy: number | null } | null;
  readonly value: number | null;
  readonly feasible: boolean;
}

/** What an arm hands back. */
export interface Handed {
  readonly tflite: Uint8Array;
  /** Seen by all trainings. */
  readonly samples: number;
}

/** Weight bytes and MACs, so that no model of a chip has a say. */
export const WEIGHTS_AND_MACS = { ...zeros(OBJECTIVE), weights: 1, macs: 1 };

function zeros<K extends string>(names: Readonly<Record<K, number>>): Record<K, number> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, 0])) as Record<K, number>;
}

export const ARMS: Readonly<Record<string, (job: Job, run: Run) => Promise<Handed>>> = {
  compress: (job, run) => searched(job, run, {}),
  greedy: greedyLoop,
  /** The same steps, of plans that nobody proposed and nothing was learned for. */
  random: (job, run) => searched(job, run, { sampler: 'random', starts: false }),
};

async function searched(
  { model, data, target, goal }: Job,
  { samples, seed, objective, log }: Run,
  options: { sampler?: string; starts?: boolean },
): Promise<Handed> {
  const study = compress(model, data, { target, ...goal, objective, samples, seed, ...options });
  let seen = 0;
  for (let step = await study.next(); ; step = await study.next()) {
    if (step.done) return { tflite: step.value.tflite, samples: seen };
    const { figures, objective: value, feasible } = step.value;
    seen += step.value.samples;
    log(seen, { figures, value, feasible });
  }
}
