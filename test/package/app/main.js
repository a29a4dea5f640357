import { job } from './job.js';

const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
const base = document.baseURI;
try {
  const result = await job(await bytes(new URL('gestures.tflite', base)), await bytes(new URL('examples.npz', base)));
  document.title = JSON.stringify(result);
} catch (e) {
  document.title = JSON.stringify({ error: e.stack ?? String(e) });
}
