/** The main job with its files, for the verbs that run it: compress, demo and report. */
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CompressHost,
  type CompressOptions,
  type CompressProgress,
  type CompressResult,
  checkCompress,
  compress,
  type JobContext,
  nodePool,
  type TrialReport,
} from '../compress/index.ts';
import { countInstructions } from '../emulator/verify.ts';
import { CompressError } from '../errors.ts';
import { bytes, milliseconds } from '../report/units.ts';
import { FileStorage, FolderArtifacts } from '../study/file.ts';
import { holdFile } from '../study/lock.ts';
import { checkTerms } from '../study/postgres/storage.ts';
import { type MetricName, metricOf, recognizeTask, taskOptions } from '../task/index.ts';
import { type Made, writeResults } from './compress_results.ts';
import { exists, isEmpty, makeFolder } from './files.ts';
import type { Given } from './outside_flags.ts';
import { pluginsIn } from './plugins.ts';
import { createBar, interruptSignal, stageBar } from './progress.ts';
import { keepResult, ownTerms, putGoal, putTask, type SharedPlace } from './shared_study.ts';
import { sayTask } from './task_flags.ts';

interface Run extends Made {
  readonly options: CompressOptions;
  readonly outside?: Given;
  readonly workers: number;
  readonly resume: boolean;
  /** Where other processes take part. */
  readonly shared?: SharedPlace | null;
}

const JOURNAL = 'study.journal';

/** A new study has a folder of its own, which may be there and empty; only a folder with a study is continued. */
export async function checkPlace(folder: string, resume: boolean, isShared: boolean): Promise<void> {
  const studied = !isShared && (await exists(join(folder, JOURNAL)));
  const isOurs = (name: string) => resume && !isShared && name.startsWith(JOURNAL);
  if ((resume && studied) || (await isEmpty(folder, isOurs))) return;
  throw new CompressError(
    'exists',
    `"${folder}" exists already${studied || isShared ? '' : ', and there is no study in it'}`,
    studied ? 'choose another --out, or add --resume to continue the study in it' : 'choose another --out',
  );
}

/** The main job with its files: study, models of trials, and at the end the result, its recipe and the report. */
export async function runCompress(run: Run): Promise<CompressResult> {
  const { folder, model, data } = run;
  checkCompress(model, data, run.options);
  sayTask(model.graph, recognizeTask(model.graph, data, taskOptions(run.options)), run.out);
  const { shared = null } = run;
  await checkPlace(folder, run.resume, shared !== null);
  await makeFolder(folder);
  const free = shared ? () => {} : holdFile(join(folder, JOURNAL), `the study in "${folder}"`);
  try {
    const result = await searchIn(run, shared ? await sharedHost(run, shared) : await fileHost(run));
    if (shared) await keepResult(shared, result);
    await writeResults(run, result);
    return result;
  } finally {
    free();
    await shared?.storage.close();
    // Where it was refused before it began, nothing is left behind.
    await rmdir(folder).catch(() => {});
  }
}

/** Where a study is kept, and what of a host follows from that. */
interface StudyHost extends Pick<CompressHost, 'storage' | 'name' | 'artifacts' | 'resume'> {
  /** For messages: the study, and how it is gone on with. */
  readonly shown: string;
  readonly again: string;
  /** Called before the first trial. */
  readonly begun?: (job: Pick<JobContext, 'goal'>) => Promise<void>;
  /** Called when the work is interrupted. */
  readonly interrupted?: () => void;
}

async function fileHost({ folder, out, resume }: Run): Promise<StudyHost> {
  const isBegun = await exists(join(folder, JOURNAL));
  if (resume && !isBegun) out.warn(`there is no study in "${folder}" yet: a new one begins`);
  return {
    storage: new FileStorage(join(folder, JOURNAL)),
    artifacts: new FolderArtifacts(join(folder, 'artifacts')),
    resume: resume && isBegun,
    shown: `"${folder}"`,
    again: `\`--out ${folder} --resume\``,
  };
}

/** The task goes into the store, so that a worker needs nothing but the address of the database. */
async function sharedHost(
  { model, data, options, outside, title, command, frontEnd = null, out, resume }: Run,
  shared: SharedPlace,
): Promise<StudyHost> {
  const { storage, name, artifacts, at } = shared;
  await storage.prepare();
  const [found] = await storage.studies(name);
  const terms = await ownTerms();
  if (found && resume) checkTerms(found, terms);
  const { teachers = [], unlabelled = [] } = outside ?? {};
  const task = { model, data, options, teachers, unlabelled, title, command, frontEnd };
  return {
    storage,
    name,
    artifacts,
    resume,
    shown: `"${name}" in ${storage.place}`,
    again: '`--resume`',
    async begun({ goal }) {
      const notice = { ...terms, artifacts: at, task: await putTask(artifacts, task), goal: await putGoal(artifacts, goal) };
      await storage.publish(name, notice, options.timeMs ?? null);
      out.say(`the study "${name}" is in ${storage.place}: thumbnet worker --storage URL takes trials of it on any machine`);
    },
    interrupted: () => void storage.connection.hurry(0),
  };
}

async function searchIn(
  { out, model, data, options, outside, frontEnd, workers }: Run,
  place: StudyHost,
): Promise<CompressResult> {
  const { signal, release } = interruptSignal();
  signal.addEventListener('abort', () => place.interrupted?.());
  const bar = createBar('search', (options.timeMs ?? Number.POSITIVE_INFINITY) / 1000, 'samples');
  const preparation = stageBar();
  try {
    const search = compress(model, data, options, {
      ...place,
      before: frontEnd?.before,
      teachers: outside?.teachers,
      unlabelled: outside?.unlabelled,
      count: countInstructions,
      signal,
      tell: out.say,
      pool: async (context) => {
        await place.begun?.(context);
        return nodePool(context, workers, { plugins: pluginsIn(process.argv) });
      },
      progress: (p) => {
        if (p.total > 0) preparation.done();
        if (p.total > 0) bar.update(p.done, p.total, describe(p));
        else preparation.progress(p.running[0]);
      },
    });
    let step = await search.next();
    while (!step.done) step = await search.next();
    return step.value;
  } catch (e) {
    if (signal.aborted)
      throw new CompressError(
        'interrupted',
        `interrupted; the study is kept in ${place.shown}`,
        `give the same command again with ${place.again}`,
      );
    throw e;
  } finally {
    bar.stop();
    preparation.stop();
    release();
  }
}

export function describe({ best, running, metric }: CompressProgress): string {
  const now = running.map((p) => `${p.trial < 0 ? '' : `#${p.trial} `}${p.what}${p.detail ? ` ${p.detail}` : ''}`).join('; ');
  return `best so far ${best ? bestText(best, metric) : '-'} | ${now}`;
}

const bestText = ({ figures, number: n }: TrialReport, metric: MetricName): string =>
  `#${n} ${metricOf(metric).show(figures!.quality!)}, ${bytes(figures!.flashBytes)}, ${milliseconds(figures!.latencyMs)}`;
