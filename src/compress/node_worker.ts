/** A thread that runs jobs of a study for `nodePool`. */
import { parentPort } from 'node:worker_threads';
import { serveJobs } from './serve.ts';

const port = parentPort!;
port.on(
  'message',
  serveJobs((m) => port.postMessage(m)),
);
