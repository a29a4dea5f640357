import type { Command } from 'commander';
import { nodePool, type Pool, takeTrials } from '../compress/index.ts';
import { CompressError } from '../errors.ts';
import { checkTerms, type PostgresStorage, type SharedStudy } from '../study/postgres/storage.ts';
import { CHANNEL } from '../study/postgres/store.ts';
import { createOutput, type Output, plural } from './output.ts';
import { pluginsIn } from './plugins.ts';
import { createBar, interruptSignal } from './progress.ts';
import { describe } from './run_compress.ts';
import { artifactsAt, getTask, openStorage, openStudies, ownTerms } from './shared_study.ts';
import { sharedWorkers } from './values.ts';

interface Flags {
  readonly storage: string;
  readonly study?: string;
  readonly workers: number;
  readonly json?: boolean;
}

/** What this process did for a study. */
interface Share {
  readonly study: string;
  /** Trials that it ran. */
  readonly trials: number;
}

/** How often, in ms, it is looked for a study where nobody says that there is one. */
const LOOK_MS = 5_000;

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description('take trials of studies that `compress --storage` began on this or another machine, until none is left')
    .requiredOption('--storage <url>', 'postgresql://USER@HOST/DATABASE; the password comes from PGPASSWORD or ~/.pgpass')
    .option('--study <name>', 'only of this one')
    .option('--workers <n>', 'threads, at most 64; does not change the result', sharedWorkers, 2)
    .option('--json', 'one JSON object on stdout')
    .action(async (flags: Flags) => {
      const out = createOutput(flags.json ?? false);
      const storage = openStorage(flags.storage, flags.workers);
      const { signal, release } = interruptSignal();
      signal.addEventListener('abort', () => storage.connection.hurry(0));
      try {
        const shares = await work(storage, flags, out, signal);
        out.result({ studies: shares }, () => {
          if (shares.length === 0) out.say('no study has trials left');
        });
      } catch (e) {
        if (!signal.aborted) throw e;
        throw new CompressError(
          'interrupted',
          'interrupted; its trials are given back',
          'start it again: it goes on where others are',
        );
      } finally {
        release();
        await storage.close();
      }
    });
}

/** One study after another; waits where there is none yet. */
async function work(storage: PostgresStorage, { study, workers }: Flags, out: Output, signal: AbortSignal): Promise<Share[]> {
  const terms = await ownTerms();
  const shares: Share[] = [];
  let isTold = false;
  for (;;) {
    signal.throwIfAborted();
    const found = await openStudies(storage, study);
    if (found === null) {
      if (!isTold) out.say(`there is no study${study ? ` "${study}"` : ''} in ${storage.place} yet: waiting for it`);
      isTold = true;
      await news(storage, signal);
      continue;
    }
    const [next] = found;
    if (!next) return shares;
    checkTerms(next, terms);
    shares.push(await serve(storage, next, workers, out, signal));
  }
}

/** Until something was said on the channel of studies, or a while has passed. */
async function news(storage: PostgresStorage, signal: AbortSignal): Promise<void> {
  let wake = () => {};
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const timer = setTimeout(wake, LOOK_MS);
  signal.addEventListener('abort', wake, { once: true });
  const silence = await storage.connection.listen(CHANNEL, wake);
  await woken;
  silence();
  clearTimeout(timer);
  signal.removeEventListener('abort', wake);
}

async function serve(
  storage: PostgresStorage,
  study: SharedStudy,
  threads: number,
  out: Output,
  signal: AbortSignal,
): Promise<Share> {
  const { name, leftMs } = study;
  const artifacts = artifactsAt(study.artifacts, storage);
  const task = await getTask(artifacts, study);
  out.say(`the study "${name}" in ${storage.place}: ${plural(threads, 'thread')} of this machine`);
  let trials = 0;
  const counted = (pool: Pool): Pool => ({
    ...pool,
    run: (job, progress, stop) =>
      pool.run(job, progress, stop).then((result) => {
        trials++;
        return result;
      }),
  });
  const bar = createBar('search', (leftMs ?? Number.POSITIVE_INFINITY) / 1000, 'samples');
  const { timeMs: _, ...options } = task.options;
  try {
    const search = takeTrials(task.model, task.data, leftMs === null ? options : { ...options, timeMs: Math.max(1, leftMs) }, {
      storage,
      name,
      artifacts,
      before: task.frontEnd?.before,
      teachers: task.teachers,
      unlabelled: task.unlabelled,
      signal,
      pool: async (context) => counted(await nodePool(context, threads, { plugins: pluginsIn(process.argv) })),
      progress: (p) => bar.update(p.done, p.total, describe(p)),
    });
    let step = await search.next();
    while (!step.done) step = await search.next();
    if (step.value) await storage.end(name);
  } finally {
    bar.stop();
  }
  out.say(`the study "${name}" is over: ${plural(trials, 'trial')} of it ran here`);
  return { study: name, trials };
}
