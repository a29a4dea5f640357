import { brokenWorker, job } from './job.js';

const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
const base = document.baseURI;
try {
  const files = [await bytes(new URL('gestures.tflite', base)), await bytes(new URL('examples.npz', base))];
  const result = await job(...files);
  document.title = JSON.stringify({ ...result, broken: await brokenWorker(...files) });
} catch (e) {
  document.title = JSON.stringify({ error: e.stack ?? String(e) });
}
