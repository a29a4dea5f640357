import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import type { Page } from 'puppeteer-core';
import { PARTS, writeNpy } from '../src/data/index.ts';
import { gestures } from '../src/demo/index.ts';
import { FOLDERS } from '../test/browser/files.ts';
import { launch } from '../test/browser/launch.ts';
import { serve } from '../test/browser/server.ts';
import { type Section, table } from './section.ts';

const SAMPLES = 6000;
const WORKERS = 2;
/** What a page may be kept waiting. */
const MOST_MS = 50;

/** How long a job keeps a page's own thread busy in one piece. By Chromium's trace, in processor time: other work on the machine does not count. */
export default async function pageThread(): Promise<Section> {
  const data = gestures();
  const files = PARTS.map((part): [string, Uint8Array] => {
    const { inputs, y, count } = data[part]!;
    const x = writeNpy(inputs[0], [count, ...data.inputs[0].shape]);
    return [`/${part}.npz`, zipSync({ 'x.npy': x, 'y.npy': writeNpy(y as Int32Array, [count]) })];
  });
  const model = new Uint8Array(readFileSync(new URL('../assets/gestures.tflite', import.meta.url)));
  const { url, server } = await serve(new Map([...files, ['/net.tflite', model]]), FOLDERS);
  const browser = await launch('chromium');
  try {
    const tab = await browser.newPage();
    await tab.goto(`${url}/`);
    // tsx gives functions their names by it, and what is sent to the page has none
    await tab.evaluate('globalThis.__name = (f) => f');
    const rows: string[][] = [];
    const examples = PARTS.reduce((sum, part) => sum + data[part]!.count, 0);
    for (const [name, job] of Object.entries(JOBS)) {
      const tasks = await traced(tab, () => tab.evaluate(job, SAMPLES, WORKERS));
      const longest = tasks.reduce((most, ms) => Math.max(most, ms), 0);
      const over = tasks.filter((ms) => ms > MOST_MS).length;
      rows.push([
        name.replace('EXAMPLES', examples.toLocaleString('en')),
        longest.toFixed(1),
        String(over),
        tasks.reduce((sum, ms) => sum + ms, 0).toFixed(0),
      ]);
    }
    const text = `Gestures, ${SAMPLES} training samples, ${WORKERS} workers, the package's build for browsers in ${await browser.version()}. Processor time of the tasks of the page's own thread, by the
browser's trace.

${table(['what the page does', 'longest task, ms', `tasks over ${MOST_MS} ms`, 'all tasks, ms'], rows)}`;
    return { title: 'How long a job keeps the page waiting', text };
  } finally {
    await browser.close();
    server.close();
  }
}

/** Each runs in the page, after those before it. EXAMPLES: how many there are. */
const JOBS: Readonly<Record<string, (samples: number, workers: number) => Promise<void>>> = {
  'loads the package and its kernels': async () => {
    await import('/dist/browser/compress.js' as string);
    await import('/dist/browser/data.js' as string);
  },
  'reads the model and EXAMPLES examples': async () => {
    const [{ loadModel }, { loadDataset }] = await Promise.all([
      import('/dist/browser/compress.js' as string),
      import('/dist/browser/data.js' as string),
    ]);
    const paths = ['net.tflite', 'train.npz', 'validation.npz', 'test.npz'];
    const [net, ...parts] = await Promise.all(paths.map(async (p) => new Uint8Array(await (await fetch(p)).arrayBuffer())));
    const model = await loadModel(net);
    const data = await loadDataset(Object.fromEntries(parts.map((file, i) => [paths[i + 1], file])), { model });
    Object.assign(globalThis, { model, data });
  },
  'has a worker of its own read the examples': async () => {
    const code = `import { loadDataset } from '${location.origin}/dist/browser/data.js';
onmessage = async ({ data: { model, files } }) => {
  const read = async (path) => [path, new Uint8Array(await (await fetch('${location.origin}/' + path)).arrayBuffer())];
  postMessage(await loadDataset(Object.fromEntries(await Promise.all(files.map(read))), { model }));
};`;
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })), { type: 'module' });
    const { model } = globalThis as unknown as { model: unknown };
    const data = await new Promise((resolve, reject) => {
      worker.addEventListener('message', (e) => resolve(e.data));
      worker.addEventListener('error', (e) => reject(new Error(e.message)));
      worker.postMessage({ model, files: ['train.npz', 'validation.npz', 'test.npz'] });
    });
    Object.assign(globalThis, { data });
    worker.terminate();
  },
  'compresses by `compressInWorker`': async (samples, workers) => {
    const { compressInWorker } = await import('/dist/browser/compress.js' as string);
    const { model, data } = globalThis as unknown as { model: unknown; data: unknown };
    const options = { target: 'stm32l476rg', maxDrop: 0.05, samples, seed: 1 };
    for await (const _ of compressInWorker(model, data, options, { workers, progress: () => {} }));
  },
};

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time, in µs. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Milliseconds of processor time of each task of the tab's main thread while something runs. */
async function traced(tab: Page, run: () => Promise<void>): Promise<number[]> {
  await tab.tracing.start({ categories: ['disabled-by-default-devtools.timeline', '__metadata'] });
  await run();
  const { traceEvents } = JSON.parse(new TextDecoder().decode(await tab.tracing.stop())) as { traceEvents: TraceEvent[] };
  const mains = traceEvents.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain');
  const tasks = traceEvents.filter((e) => e.name === 'RunTask' && mains.some((m) => m.pid === e.pid && m.tid === e.tid));
  if (!tasks.some((e) => e.tdur)) throw new Error('the trace has no processor times');
  return tasks.map((e) => (e.tdur ?? 0) / 1000);
}
