import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import type { Model } from '../stage.ts';
import { begin, type CompressHost, end } from './begin.ts';
import { LastCheck } from './check.ts';
import { choose } from './choice.ts';
import { Emulated } from './emulated.ts';
import type { CompressOptions } from './options.ts';
import { type CompressResult, finish } from './result.ts';
import { checkCompress } from './settings.ts';
import type { CompressProgress, TrialReport } from './tree.ts';

export type { CompressHost } from './begin.ts';
export type { CheckReport } from './check.ts';
export type { Counter, CountReport } from './emulated.ts';
export { type Figures, figuresOf } from './figures.ts';
export { type Before, chooseFrontEnd, type FrontEndChoice, type FrontEndTrial, type Rebuilt, rebuiltFor } from './front_end.ts';
export type { JobContext } from './job.ts';
export type { Goal } from './judge.ts';
export { type CompressOptions, EVALUATIONS, OBJECTIVE } from './options.ts';
export { inlinePool, nodePool, type Pool, webPool } from './pool.ts';
export type { CompressResult } from './result.ts';
export { registerSampler, SAMPLERS } from './samplers.ts';
export { checkCompress } from './settings.ts';
export { bestOf, type CompressProgress, isEnded, reportOf, type TrialReport } from './tree.ts';

/**
 * Fits `model` into a chip: searches over paths of pruning, quantization and distillation, each step on the weights the one before has left,
 * and yields each trial as it ends; the generator's return value is the result. The search sees train and validation; the test part is used
 * once, at the end.
 *
 * @param original of any task; its quality, by the task's metric, is what must be kept
 * @param data  with train, validation and test parts that have what the task needs
 * @throws CompressError `unknown-target`; `bad-data` where a part or its labels are missing, or the model answers by chance; `shape-mismatch`
 *   where an example is not the model's input; `bad-option` for options that cannot be, a task that must be stated, a goal that nothing can
 *   reach, or a study in `host.storage` that began with others; `does-not-fit` for limits below what is fixed
 * @throws the signal's reason, once `host.signal` is aborted
 */
export async function* compress(
  original: Model,
  data: Dataset,
  options: CompressOptions,
  host: CompressHost = {},
): AsyncGenerator<TrialReport, CompressResult> {
  const { settings } = checkCompress(original, data, options);
  if (settings.evaluate === 'emulator' && !host.count) {
    throw new CompressError(
      'bad-option',
      'evaluate is "emulator", and nothing here counts instructions',
      'give host.count, or leave evaluate away: emulators run under Node only',
    );
  }
  const work = await begin(original, data, options, host);
  const { heap, begun, parts, prepared, study, kept, search, pool } = work;
  const { job, plain } = prepared;
  const { goal } = job;
  try {
    yield* search.run(pool, host.progress, host.signal);
    const isLate = search.endedByClock || performance.now() >= begun + (settings.timeMs ?? Number.POSITIVE_INFINITY);
    const check = parts.check || (parts.folds && !isLate) ? new LastCheck(heap, job, parts, pool) : null;
    const tell = (p: CompressProgress['running'][number]) => host.progress?.({ ...search.progress(), running: [p] });
    const emulated = settings.evaluate === 'emulator' ? new Emulated(host.count!, goal) : null;
    const chosen = await choose({ records: study.records, plain, goal, kept }, { check, emulated }, tell, host.signal);
    const unchecked = check ? null : (parts.unchecked ?? 'the time was over');
    const counted = emulated?.reports ?? [];
    const before = host.before ?? null;
    return finish({ heap, data, parts, prepared, before, search, study, ...chosen, check, counted, unchecked });
  } finally {
    await end(work);
  }
}

/**
 * Takes trials of a compression that another process began with the same model, data and options, until none is left; yields each trial that
 * ends, whoever ran it. The bytes that come out do not depend on who takes them.
 *
 * @returns whether the study is over: no trial is left, and the time allowed has not ended it before
 * @throws as `compress`
 */
export async function* takeTrials(
  original: Model,
  data: Dataset,
  options: CompressOptions,
  host: CompressHost & Required<Pick<CompressHost, 'storage' | 'artifacts'>>,
): AsyncGenerator<TrialReport, boolean> {
  const work = await begin(original, data, options, { ...host, resume: true });
  try {
    yield* work.search.run(work.pool, host.progress, host.signal);
    return !work.search.endedByClock;
  } finally {
    await end(work);
  }
}
