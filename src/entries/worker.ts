/** A Web Worker for `compressInWorker` and `webPool`: importing it is all that a worker of one's own has to do. */
import type { ToWorker } from '../compress/pool.ts';
import { serveJobs } from '../compress/serve.ts';
import { serveWebJob, type WebJob } from '../compress/web_job.ts';

const serve = serveJobs((m) => postMessage(m));
const another = () => new Worker(location.href, { type: 'module' });

addEventListener('message', ({ data }: MessageEvent<ToWorker | WebJob>) => {
  if ('compress' in data) void serveWebJob(data, (m) => postMessage(m), another);
  else void serve(data);
});
