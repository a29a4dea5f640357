/** A Web Worker that runs jobs of a study for `webPool`: importing it is all that a worker of one's own has to do. */
import type { ToWorker } from '../compress/pool.ts';
import { serveJobs } from '../compress/serve.ts';

const serve = serveJobs((m) => postMessage(m));
addEventListener('message', (e) => void serve((e as MessageEvent<ToWorker>).data));
