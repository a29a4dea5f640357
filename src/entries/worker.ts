/** A Web Worker for `compressInWorker` and `webPool`: importing it is all that a worker of one's own has to do. */
import type { ToWorker } from '../compress/pool.ts';
import { serveJobs } from '../compress/serve.ts';
import { serveWebJob, type WebHand, type WebJob } from '../compress/web_job.ts';

const serve = serveJobs((m) => postMessage(m));

/** The page hears of it as of any error. */
const refuse = () => {
  throw new Error('a message to this worker cannot be read');
};

/** Runs the jobs that the leading worker sends through `port`. */
function serveThrough(port: MessagePort): void {
  const jobs = serveJobs((m) => port.postMessage(m));
  port.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => void jobs(data));
  port.addEventListener('messageerror', refuse);
  port.start();
}

addEventListener('messageerror', refuse);
addEventListener('message', ({ data }: MessageEvent<ToWorker | WebJob | WebHand>) => {
  if ('compress' in data) void serveWebJob(data, (m) => postMessage(m));
  else if ('port' in data) serveThrough(data.port);
  else void serve(data);
});
