/** The whole job in a Web Worker: the page that asks for it only waits. */
import { type Dataset, shareDataset } from '../data/index.ts';
import { CompressError, defectText, fromPlainError, type PlainError, toPlainError } from '../errors.ts';
import type { Model } from '../stage.ts';
import { kernelModule, relaxedModule, useModules } from '../wasm/load.ts';
import { type CompressResult, compress } from './index.ts';
import type { CompressOptions } from './options.ts';
import { bundledWorker, webPool } from './pool.ts';
import type { CompressProgress, TrialReport } from './tree.ts';

/** What the worker is given. */
export interface WebJob {
  readonly compress: {
    readonly model: Model;
    readonly data: Dataset;
    readonly options: CompressOptions;
    readonly workers: number;
    readonly plugins: readonly string[];
    readonly kernels: readonly [WebAssembly.Module, WebAssembly.Module | null];
  };
}

export type FromWebJob =
  | { readonly line: string }
  | { readonly progress: CompressProgress }
  | { readonly trial: TrialReport }
  | { readonly result: CompressResult }
  | { readonly refused: PlainError }
  | { readonly broken: string };

export interface WebJobHost {
  /** Workers that run trials, beside the one that leads; as many as the machine has cores by default, at most 8. */
  readonly workers?: number;
  /** As in `webPool`, where a page's policy allows no worker from a Blob. */
  readonly worker?: () => Worker;
  /** Addresses of modules that each worker imports first. */
  readonly plugins?: readonly string[];
  readonly tell?: (line: string) => void;
  readonly progress?: (p: CompressProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * `compress` in Web Workers, the leading part too: the page's own thread is free. The same bytes come out.
 *
 * @throws CompressError what `compress` throws; `unsupported` where there are no Web Workers
 * @throws the signal's reason, once it is aborted
 */
export async function* compressInWorker(
  model: Model,
  data: Dataset,
  options: CompressOptions,
  { workers, worker, plugins = [], tell, progress, signal }: WebJobHost = {},
): AsyncGenerator<TrialReport, CompressResult> {
  const { open, release } = worker ? { open: worker, release: () => {} } : await bundledWorker();
  const kernels = [await kernelModule(), await relaxedModule()] as const;
  const size = workers ?? Math.min(8, Math.max(1, navigator.hardwareConcurrency ?? 1));
  signal?.throwIfAborted();
  const leader = open();
  const said: FromWebJob[] = [];
  let wake = () => {};
  const hear = (m: FromWebJob) => {
    said.push(m);
    wake();
  };
  const onAbort = () => wake();
  leader.addEventListener('message', (e) => hear(e.data as FromWebJob));
  leader.addEventListener('error', (e) => hear({ broken: e.message || 'the worker could not be loaded' }));
  signal?.addEventListener('abort', onAbort);
  const shared = shareDataset(data);
  leader.postMessage({ compress: { model, data: shared, options, workers: size, plugins, kernels } } satisfies WebJob);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const m = said.shift();
      if (!m) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ('line' in m) tell?.(m.line);
      else if ('progress' in m) progress?.(m.progress);
      else if ('trial' in m) yield m.trial;
      else if ('result' in m) return m.result;
      else if ('refused' in m) throw fromPlainError(m.refused);
      else throw new Error(m.broken);
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    leader.terminate();
    release();
  }
}

/** What the leading worker does. @param open makes a worker that runs trials */
export async function serveWebJob(job: WebJob, answer: (m: FromWebJob) => void, open: () => Worker): Promise<void> {
  const { model, data, options, workers, plugins, kernels } = job.compress;
  useModules(...kernels);
  try {
    const search = compress(model, data, options, {
      tell: (line) => answer({ line }),
      progress: (progress) => answer({ progress }),
      pool: (context) => webPool(context, workers, { plugins, worker: open }),
    });
    for (;;) {
      const { done, value } = await search.next();
      if (done) {
        answer({ result: value });
        return;
      }
      answer({ trial: value });
    }
  } catch (e) {
    if (e instanceof CompressError) answer({ refused: toPlainError(e) });
    else answer({ broken: defectText(e) });
  }
}
