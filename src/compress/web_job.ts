/** The whole job in a Web Worker: the page that asks for it only waits. */
import { type Dataset, shareDataset } from '../data/index.ts';
import { CompressError, defectText, fromPlainError, type PlainError, toPlainError } from '../errors.ts';
import type { Model } from '../stage.ts';
import { kernelModule, relaxedModule, useModules } from '../wasm/load.ts';
import { type CompressResult, compress } from './index.ts';
import type { CompressOptions } from './options.ts';
import { bundledWorker, portPool } from './pool.ts';
import type { CompressProgress, TrialReport } from './tree.ts';

/** What the worker is given. */
export interface WebJob {
  readonly compress: {
    readonly model: Model;
    readonly data: Dataset;
    readonly options: CompressOptions;
    /** To the workers that run trials. */
    readonly ports: readonly MessagePort[];
    readonly plugins: readonly string[];
    readonly kernels: readonly [WebAssembly.Module, WebAssembly.Module | null];
  };
}

/** What a worker that runs trials is given: where the leading one speaks to it. */
export interface WebHand {
  readonly port: MessagePort;
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
 * `compress` in Web Workers, the leading part too: the page's own thread is free. The same bytes come out. The page starts all of them: in Firefox
 * (153) one `new Worker` of about 50 inside a worker never returns.
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
  const hands = Array.from({ length: size }, () => ({ worker: open(), channel: new MessageChannel() }));
  const leader = open();
  const said: FromWebJob[] = [];
  let wake = () => {};
  const hear = (m: FromWebJob) => {
    said.push(m);
    wake();
  };
  const onAbort = () => wake();
  leader.addEventListener('message', (e) => hear(e.data as FromWebJob));
  for (const { worker, channel } of hands) {
    worker.postMessage({ port: channel.port2 } satisfies WebHand, [channel.port2]);
  }
  for (const w of [leader, ...hands.map((h) => h.worker)]) {
    w.addEventListener('error', (e) => hear({ broken: e.message || 'the worker could not be loaded' }));
  }
  signal?.addEventListener('abort', onAbort);
  try {
    const ports = hands.map((h) => h.channel.port1);
    const job: WebJob = { compress: { model, data: shareDataset(data), options, ports, plugins, kernels } };
    leader.postMessage(job, ports);
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
    for (const { worker } of hands) worker.terminate();
    release();
  }
}

/** What the leading worker does. */
export async function serveWebJob(job: WebJob, answer: (m: FromWebJob) => void): Promise<void> {
  const { model, data, options, ports, plugins, kernels } = job.compress;
  useModules(...kernels);
  try {
    const search = compress(model, data, options, {
      tell: (line) => answer({ line }),
      progress: (progress) => answer({ progress }),
      pool: (context) => portPool(context, ports, { plugins }),
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
