import type { Worker } from 'node:worker_threads';
import { CompressError } from '../../errors.ts';
import { sizeOf } from '../../graph/graph.ts';
import { type Dump, dumpHdf5 } from './hdf5_dump.ts';

export const badFile = (what: string, fix = 'save the whole model again: model.save("model.keras")'): CompressError =>
  new CompressError('bad-file', `not a valid Keras file: ${what}`, fix);

export const unsupported = (what: string, fix: string): CompressError => new CompressError('unsupported', what, fix);

export interface Array32 {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Groups, arrays and text attributes of one HDF5 file. */
export interface Hdf5 {
  /** Names in a group; none where there is no such group. */
  keys(path: string): readonly string[];
  /** Texts of an attribute, which a long list is spread over (`name0`, `name1` ...); null where it is not there. */
  texts(path: string, attribute: string): readonly string[] | null;
  array(path: string): Array32 | null;
}

/**
 * Reads a file by the HDF5 library, which is loaded when the first such file is read. In Node it runs in a thread of its own: a damaged file
 * can send it around in a circle, and a thread can be ended.
 */
export async function openHdf5(bytes: Uint8Array): Promise<Hdf5> {
  const dump = await (isNode ? dumpedInThread(bytes) : dumpHdf5(await import('h5wasm'), bytes)).catch((e) => {
    throw e instanceof CompressError ? e : badFile(String(e?.message ?? e).split('\n')[0]);
  });
  const clean = (path: string) => `/${path.split('/').filter(Boolean).join('/')}`;
  return {
    keys: (path) => dump.groups[clean(path)] ?? [],
    texts: (path, attribute) => textsOf(dump.texts[clean(path)] ?? {}, attribute),
    array(path) {
      const found = dump.arrays[clean(path)];
      if (found && found.data.length !== sizeOf(found.shape))
        throw badFile(`"${path}" has ${found.data.length} values where its shape takes ${sizeOf(found.shape)}`);
      return found ?? null;
    },
  };
}

const isNode = typeof process !== 'undefined' && Boolean(process.versions?.node);

function textsOf(texts: Dump['texts'][string], attribute: string): readonly string[] | null {
  if (texts[attribute]) return texts[attribute];
  const parts: string[] = [];
  for (let i = 0; texts[`${attribute}${i}`]; i++) parts.push(...texts[`${attribute}${i}`]);
  return parts.length ? parts : null;
}

/** Milliseconds of computing that reading may take, beside one for each kilobyte: of the process, so that a machine that is busy elsewhere is none slower. */
const PATIENCE = 500;
/** Milliseconds from look to look. */
const LOOK = 50;

/** The thread: it says when the library is there, and answers each file's bytes with what it holds. */
const SOURCE = `
const { parentPort, workerData } = require('node:worker_threads');
const __name = (f) => f;
const dump = ${dumpHdf5.toString()};
import(workerData).then(async (library) => {
  await library.ready;
  parentPort.on('message', (bytes) => dump(library, bytes).then(
    (found) => parentPort.postMessage({ found }),
    (e) => parentPort.postMessage({ what: String(e && e.message || e), broken: !(e instanceof Error) || e instanceof WebAssembly.RuntimeError }),
  ));
  parentPort.postMessage({ ready: true });
});`;

type Answer = { readonly ready: true } | { readonly found: Dump } | { readonly what: string; readonly broken: boolean };

let thread: Promise<Worker> | null = null;
let queue: Promise<unknown> = Promise.resolve();

/** One file after another. */
function dumpedInThread(bytes: Uint8Array): Promise<Dump> {
  const next = queue.then(() => askThread(bytes));
  queue = next.catch(() => {});
  return next;
}

async function startThread(): Promise<Worker> {
  const { Worker } = await import('node:worker_threads');
  const worker = new Worker(SOURCE, {
    eval: true,
    workerData: import.meta.resolve('h5wasm'),
    execArgv: [],
    stderr: true,
    stdout: true,
  });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  worker.removeAllListeners('error').unref();
  return worker;
}

async function askThread(bytes: Uint8Array): Promise<Dump> {
  thread ??= startThread();
  const worker = await thread;
  const end = () => {
    thread = null;
    return worker.terminate();
  };
  const timer = { id: undefined as ReturnType<typeof setInterval> | undefined };
  const before = process.cpuUsage();
  const most = 1000 * (PATIENCE + bytes.length / 1024);
  const answer = await new Promise<Answer>((resolve) => {
    timer.id = setInterval(() => {
      const { user, system } = process.cpuUsage(before);
      if (user + system > most) resolve({ what: 'the HDF5 library finds no end in it', broken: true });
    }, LOOK);
    worker.once('message', resolve);
    worker.once('error', (e) => resolve({ what: e.message, broken: true }));
    worker.ref();
    worker.postMessage(bytes);
  });
  clearInterval(timer.id);
  worker.removeAllListeners('message').removeAllListeners('error');
  worker.unref();
  if ('found' in answer) return answer.found;
  if ('ready' in answer) throw new Error('the thread began twice');
  if (answer.broken) await end();
  throw badFile(answer.what);
}
