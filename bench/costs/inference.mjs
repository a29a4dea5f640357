// Runs a network on a number of random examples, 32 at a time: what bench/costs.ts measures. The library is that of the commit measured.
//   node inference.mjs DIST MODEL EXAMPLES
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [dist, model, examples] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${dist}/${path}`).href);
const { Heap } = await load('wasm/heap.js');
const { compile } = await load('run/compile.js');
const { importTflite } = await load('formats/tflite/index.js');
const heap = await Heap.open();
const { inputs, run } = compile(heap, importTflite(readFileSync(model)), { batch: 32 });
const size = inputs[0].shape.reduce((a, b) => a * b, 1);
const x = Int8Array.from({ length: size }, (_, i) => (i * 7919 + (i >> 3) * 31) & 255);
for (let i = 0; i < Number(examples); i += 32) {
  heap.write(inputs[0], x);
  run();
}
