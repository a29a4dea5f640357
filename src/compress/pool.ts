import type { Worker as NodeWorker } from 'node:worker_threads';
import { shareDataset } from '../data/index.ts';
import { CompressError, fromPlainError, type PlainError } from '../errors.ts';
import { host } from '../host/node.ts';
import { type Findings, remembered } from '../prune/survey.ts';
import type { Progress } from '../stage.ts';
import { kernelModule, relaxedModule } from '../wasm/load.ts';
import { runArm } from './arm.ts';
import type { ArmResult, Job, JobContext } from './job.ts';
import { abortion } from './waiting.ts';

/** Runs jobs, at most `size` at once. */
export interface Pool {
  readonly size: number;
  /** @param signal once it aborts, a job in another thread is given up, whatever that thread does: it ends, and a new one takes its place */
  run(job: Job, progress: (p: Progress) => void, signal?: AbortSignal): Promise<ArmResult>;
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
 * `size` Web Workers, as `nodePool`. Without cross-origin isolation each has a copy of the data. To be called in a page: in Firefox a worker that
 * starts workers may stop for ever.
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

/** Web Workers that the page has begun already, each at the other end of a port. `close` closes the ports. */
export async function portPool(
  context: JobContext,
  ports: readonly MessagePort[],
  { plugins = [] as readonly string[] } = {},
): Promise<Pool> {
  const kernels = [await kernelModule(), await relaxedModule()] as const;
  return poolOf({ ...begun(context, plugins), kernels }, ports.length, (i) => portThread(ports[i]));
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
  /** What it says from now on, and why it ended. Called once. */
  hear(message: (m: FromWorker) => void, ended: (why: Error) => void): void;
  end(): unknown;
}

function nodeThread(worker: NodeWorker): Thread {
  return {
    post: (message) => worker.postMessage(message),
    hear(message, ended) {
      worker
        .on('message', message)
        .on('error', ended)
        .on('exit', (code) => ended(new Error(`a worker ended with code ${code}`)));
    },
    end: () => worker.terminate(),
  };
}

function webThread(worker: Worker): Thread {
  return {
    post: (message) => worker.postMessage(message),
    hear(message, ended) {
      worker.addEventListener('message', ({ data }) => message(data as FromWorker));
      worker.addEventListener('error', (e) => ended(new Error(`a worker ended: ${e.message || 'it could not be loaded'}`)));
    },
    end: () => worker.terminate(),
  };
}

/** The page hears of a worker that ends badly. */
function portThread(port: MessagePort): Thread {
  return {
    post: (message) => port.postMessage(message),
    hear(message) {
      port.addEventListener('message', ({ data }) => message(data as FromWorker));
      port.start();
    },
    end: () => port.close(),
  };
}

function poolOf(beginning: Beginning, size: number, open: (i: number) => Thread): Pool {
  const begun = (i: number) => {
    const thread = open(i);
    return { ask: asked(thread, beginning), end: () => thread.end() };
  };
  const threads = Array.from({ length: size }, (_, i) => begun(i));
  const idle = [...threads.keys()];
  let next = 0;
  return {
    size,
    async run(job, progress, signal) {
      const i = idle.pop();
      if (i === undefined) throw new Error('more jobs than workers');
      try {
        return await Promise.race([threads[i].ask(next++, job, progress), abortion(signal)]);
      } catch (e) {
        if (signal?.aborted) {
          threads[i].end();
          threads[i] = begun(i);
        }
        throw e;
      } finally {
        idle.push(i);
      }
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

type Ask = (id: number, job: Job, progress: (p: Progress) => void) => Promise<ArmResult>;

/** Begins a thread; what is returned gives it a job and waits for the answer. One that ended is noticed even between jobs. */
function asked(thread: Thread, beginning: Beginning): Ask {
  let ended: Error | null = null;
  let answer = (_: FromWorker): void => {};
  let fail = (_: Error): void => {};
  thread.hear(
    (m) => answer(m),
    (why) => {
      ended ??= why;
      fail(ended);
    },
  );
  thread.post(beginning);
  return (id, job, progress) =>
    new Promise((resolve, reject) => {
      if (ended) throw ended;
      fail = reject;
      answer = (m) => {
        if (m.id !== id) return;
        if ('progress' in m) progress(m.progress);
        else if ('result' in m) resolve(m.result);
        else if ('error' in m) reject(fromPlainError(m.error));
        else reject(new Error(m.crash));
      };
      thread.post({ id, job });
    });
}
