import type { Worker as NodeWorker } from 'node:worker_threads';
import { shareDataset } from '../data/index.ts';
import { CompressError, fromPlainError, type PlainError } from '../errors.ts';
import { host } from '../host/node.ts';
import { type Findings, remembered } from '../prune/survey.ts';
import type { Progress } from '../stage.ts';
import { kernelModule, relaxedModule } from '../wasm/load.ts';
import { runArm } from './arm.ts';
import type { ArmResult, Job, JobContext } from './job.ts';

/** Runs jobs, at most `size` at once. */
export interface Pool {
  readonly size: number;
  run(job: Job, progress: (p: Progress) => void): Promise<ArmResult>;
  close(): Promise<void>;
}

/** What a thread is given before its first job. */
export interface Beginning {
  readonly context: JobContext;
  readonly findings: readonly Findings[];
  readonly plugins: readonly string[];
  /** Compiled already; a thread of Node reads the files itself. */
  readonly kernels?: readonly [WebAssembly.Module, WebAssembly.Module | null];
}

export type ToWorker = Beginning | { readonly id: number; readonly job: Job };

export type FromWorker =
  | { readonly id: number; readonly progress: Progress }
  | { readonly id: number; readonly result: ArmResult }
  | { readonly id: number; readonly error: PlainError }
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
 * @throws CompressError `unsupported` where there are no such threads
 */
export async function nodePool(
  context: JobContext,
  size: number,
  { plugins = [] as readonly string[], file = host.node?.workerFile } = {},
): Promise<Pool> {
  if (!host.node || !file)
    throw new CompressError('unsupported', 'there are no threads of Node here', 'use webPool in a browser');
  const { Worker } = await host.node.threads();
  return poolOf(begun(context, plugins), size, () => nodeThread(new Worker(file)));
}

/**
 * `size` Web Workers, as `nodePool`. Without cross-origin isolation each has a copy of the data.
 *
 * @param worker makes one, where a page's policy allows no worker from a Blob: of a module that imports `thumbnet/worker`
 * @throws CompressError `unsupported` where there are no Web Workers
 */
export async function webPool(
  context: JobContext,
  size: number,
  { plugins = [] as readonly string[], worker = undefined as (() => Worker) | undefined } = {},
): Promise<Pool> {
  const { open, release } = worker ? { open: worker, release: () => {} } : await bundledWorker();
  const kernels = [await kernelModule(), await relaxedModule()] as const;
  const pool = poolOf({ ...begun(context, plugins), kernels }, size, () => webThread(open()));
  return { ...pool, close: () => pool.close().finally(release) };
}

/** Workers whose source is in the bundle; none can be made after `release`. @throws CompressError `unsupported` */
export async function bundledWorker(): Promise<{ open: () => Worker; release: () => void }> {
  if (!host.inside || typeof Worker === 'undefined')
    throw new CompressError('unsupported', 'there are no Web Workers here', 'use nodePool in Node');
  const url = URL.createObjectURL(new Blob([await host.inside.worker()], { type: 'text/javascript' }));
  return { open: () => new Worker(url, { type: 'module' }), release: () => URL.revokeObjectURL(url) };
}

const begun = (context: JobContext, plugins: readonly string[]): Beginning => ({
  context: { ...context, data: shareDataset(context.data), unlabelled: context.unlabelled.map(shareDataset) },
  findings: remembered(context.data),
  plugins,
});

/** What threads of every host can do. */
interface Thread {
  post(message: ToWorker): void;
  /** Until the function returned is called. */
  hear(message: (m: FromWorker) => void, ended: (why: Error) => void): () => void;
  end(): unknown;
}

function nodeThread(worker: NodeWorker): Thread {
  return {
    post: (message) => worker.postMessage(message),
    hear(message, ended) {
      const onExit = (code: number) => ended(new Error(`a worker ended with code ${code}`));
      worker.on('message', message).on('error', ended).on('exit', onExit);
      return () => worker.off('message', message).off('error', ended).off('exit', onExit);
    },
    end: () => worker.terminate(),
  };
}

function webThread(worker: Worker): Thread {
  return {
    post: (message) => worker.postMessage(message),
    hear(message, ended) {
      const onMessage = ({ data }: MessageEvent) => message(data as FromWorker);
      const onError = (e: ErrorEvent) => ended(new Error(`a worker ended: ${e.message || 'it could not be loaded'}`));
      worker.addEventListener('message', onMessage);
      worker.addEventListener('error', onError);
      return () => {
        worker.removeEventListener('message', onMessage);
        worker.removeEventListener('error', onError);
      };
    },
    end: () => worker.terminate(),
  };
}

function poolOf(beginning: Beginning, size: number, open: () => Thread): Pool {
  const threads = Array.from({ length: size }, open);
  for (const thread of threads) thread.post(beginning);
  const idle = [...threads];
  let next = 0;
  return {
    size,
    run(job, progress) {
      const thread = idle.pop();
      if (!thread) throw new Error('more jobs than workers');
      return done(thread, next++, job, progress).finally(() => idle.push(thread));
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

/** Gives a thread a job, and waits for what it answers. */
function done(thread: Thread, id: number, job: Job, progress: (p: Progress) => void): Promise<ArmResult> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      silence();
      finish();
    };
    const onMessage = (m: FromWorker) => {
      if (m.id !== id) return;
      if ('progress' in m) progress(m.progress);
      else if ('result' in m) end(() => resolve(m.result));
      else if ('error' in m) end(() => reject(fromPlainError(m.error)));
      else end(() => reject(new Error(m.crash)));
    };
    const silence = thread.hear(onMessage, (why) => end(() => reject(why)));
    thread.post({ id, job });
  });
}
