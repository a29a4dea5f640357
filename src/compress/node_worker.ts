/** A thread that runs jobs of a study for `nodePool`. */
import { parentPort } from 'node:worker_threads';
import { CompressError } from '../errors.ts';
import { loadPlugins } from '../plugins.ts';
import { remember } from '../prune/survey.ts';
import { runArm } from './arm.ts';
import type { JobContext } from './job.ts';
import type { FromWorker, ToWorker } from './pool.ts';

const port = parentPort!;
let context: JobContext;
let ready: Promise<void>;

port.on('message', async (message: ToWorker) => {
  if ('context' in message) {
    context = message.context;
    remember(context.data, message.findings);
    ready = loadPlugins(message.plugins);
    ready.catch(() => {});
    return;
  }
  const { id, job } = message;
  const answer = (m: FromWorker) => port.postMessage(m);
  try {
    await ready;
    answer({ id, result: await runArm(context, job, (progress) => answer({ id, progress })) });
  } catch (e) {
    if (e instanceof CompressError) answer({ id, error: { code: e.code, what: e.message.split('\n')[0], fix: e.fix } });
    else answer({ id, crash: e instanceof Error ? (e.stack ?? e.message) : String(e) });
  }
});
