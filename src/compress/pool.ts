import type { Worker } from 'node:worker_threads';
import { shareDataset } from '../data/index.ts';
import { type Code, CompressError } from '../errors.ts';
import { type Findings, remembered } from '../prune/survey.ts';
import type { Progress } from '../stage.ts';
import { runArm } from './arm.ts';
import type { ArmResult, Job, JobContext } from './job.ts';

/** Runs jobs, at most `size` at once. */
export interface Pool {
  readonly size: number;
  run(job: Job, progress: (p: Progress) => void): Promise<ArmResult>;
  close(): Promise<void>;
}

export type ToWorker =
  | { readonly context: JobContext; readonly findings: readonly Findings[]; readonly plugins: readonly string[] }
  | { readonly id: number; readonly job: Job };

export type FromWorker =
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly result: ArmResult }
  | { readonly id: number; readonly error: { readonly code: Code; readonly what: string; readonly fix: string } }
  | { readonly id: number; readonly crash: string };

/** One job at a time in this thread: where there are no workers. */
export function inlinePool(context: JobContext, signal?: AbortSignal): Pool {
  return { size: 1, run: (job, progress) => runArm(context, job, progress, signal), close: async () => {} };
}

/**
 * `size` threads of Node, each with a Wasm instance of its own; closed by `close`. The bytes that come out do not depend on `size`.
 *
 * @param plugins addresses of modules that each thread imports first: what they register, stages may use
 * @param file    the module that a thread runs
 */
export async function nodePool(
  context: JobContext,
  size: number,
  { plugins = [] as readonly string[], file = new URL('./node_worker.js', import.meta.url) } = {},
): Promise<Pool> {
  const { Worker } = await import('node:worker_threads');
  const given = { ...context, data: shareDataset(context.data), unlabelled: context.unlabelled.map(shareDataset) };
  const findings = remembered(context.data);
  const workers = Array.from({ length: size }, () => {
    const worker = new Worker(file);
    worker.postMessage({ context: given, findings, plugins } satisfies ToWorker);
    return worker;
  });
  const idle = [...workers];
  let next = 0;
  return {
    size,
    run(job, progress) {
      const worker = idle.pop();
      if (!worker) throw new Error('more jobs than workers');
      return done(worker, next++, job, progress).finally(() => idle.push(worker));
    },
    async close() {
      await Promise.all(workers.map((w) => w.terminate()));
    },
  };
}

/** Gives a worker a job, and waits for what it answers. */
function done(worker: Worker, id: number, job: Job, progress: (p: Progress) => void): Promise<ArmResult> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      finish();
    };
    const onMessage = (m: FromWorker) => {
      if (m.id !== id) return;
      if ('progress' in m) progress(m.progress);
      else if ('result' in m) end(() => resolve(m.result));
      else if ('error' in m) end(() => reject(new CompressError(m.error.code, m.error.what, m.error.fix)));
      else end(() => reject(new Error(m.crash)));
    };
    const onError = (error: Error) => end(() => reject(error));
    const onExit = (code: number) => end(() => reject(new Error(`a worker ended with code ${code}`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage({ id, job } satisfies ToWorker);
  });
}
