import { CompressError, defectText, toPlainError } from '../errors.ts';
import { loadPlugins } from '../plugins.ts';
import { remember } from '../prune/survey.ts';
import { useModules } from '../wasm/load.ts';
import { runArm } from './arm.ts';
import type { JobContext } from './job.ts';
import type { FromWorker, ToWorker } from './pool.ts';

/** What a thread does with each message of a pool; `answer` sends one back. */
export function serveJobs(answer: (m: FromWorker) => void): (message: ToWorker) => Promise<void> {
  let context: JobContext;
  let ready: Promise<void>;
  return async (message) => {
    if ('context' in message) {
      context = message.context;
      if (message.kernels) useModules(...message.kernels);
      remember(context.data, message.findings);
      ready = loadPlugins(message.plugins);
      ready.catch(() => {});
      return;
    }
    const { id, job } = message;
    try {
      await ready;
      answer({ id, result: await runArm(context, job, (progress) => answer({ id, progress })) });
    } catch (e) {
      if (e instanceof CompressError) answer({ id, error: toPlainError(e) });
      else answer({ id, crash: defectText(e) });
    }
  };
}
