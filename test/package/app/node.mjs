import { readFile } from 'node:fs/promises';
import { job } from './job.js';

const file = (name) => readFile(new URL(`./public/${name}`, import.meta.url));
console.log(JSON.stringify(await job(await file('gestures.tflite'), await file('examples.npz'))));
