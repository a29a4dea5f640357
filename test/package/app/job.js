// What every page and the script for Node do: run a model, evaluate it, and compress it a little.
import { compress, compressInWorker, nodePool } from 'thumbnet/compress';
import { loadDataset } from 'thumbnet/data';
import { evaluate, infer, loadModel, profile } from 'thumbnet/engine';
import { RandomSampler, Study } from 'thumbnet/search';

const digest = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (b) => b.toString(16).padStart(2, '0')).join('');

/** The longest time between two ticks of a clock in this thread, in ms. */
function watch() {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 5);
    last = now;
  }, 5);
  return () => {
    clearInterval(timer);
    return Math.round(longest);
  };
}

/** What a page is told whose workers cannot run. */
export async function brokenWorker(model, examples) {
  const network = await loadModel(model);
  const data = await loadDataset(new File([examples], 'examples.npz'), { model: network, seed: 1 });
  const url = URL.createObjectURL(new Blob(["throw new Error('no such worker')"], { type: 'text/javascript' }));
  const worker = () => new Worker(url, { type: 'module' });
  return compressInWorker(network, data, { target: 'stm32l476rg' }, { workers: 1, worker })
    .next()
    .then(
      () => 'nothing',
      (e) => e.message,
    );
}

/** @param model bytes of a .tflite @param examples an .npz with x and y */
export async function job(model, examples) {
  const network = await loadModel(model);
  const data = await loadDataset(new File([examples], 'examples.npz'), { model: network, seed: 1 });
  const before = await evaluate(network, data);
  const [answer] = await infer(network, new Float32Array(data.inputs[0].shape.reduce((a, b) => a * b)));
  const { flashBytes } = await profile(network, 'stm32l476rg');
  const options = { target: 'stm32l476rg', maxDrop: 0.1, samples: 240, trials: 2, parallel: 2, seed: 1 };
  const isNode = typeof window === 'undefined';
  const stop = watch();
  const search = isNode
    ? compress(network, data, options, { pool: (context) => nodePool(context, 2) })
    : compressInWorker(network, data, options, { workers: 2 });
  let trials = 0;
  for (;;) {
    const { done, value } = await search.next();
    if (done) {
      const study = new Study({ sampler: new RandomSampler(), seed: 1 });
      return {
        accuracy: before.accuracy,
        answer: Array.from(answer.values),
        flashBytes,
        trials,
        tflite: await digest(value.tflite),
        asked: (await study.ask((t) => t.suggestFloat('x', 0, 1))).point,
        longest: stop(),
      };
    }
    trials++;
  }
}
