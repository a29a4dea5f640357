/** The files of a result from a database. */
import { CompressError } from '../errors.ts';
import { checkTerms, type PostgresStorage, type SharedStudy } from '../study/postgres/storage.ts';
import { writeResults } from './compress_results.ts';
import { makeFolder } from './files.ts';
import type { Output } from './output.ts';
import type { ReportFlags } from './report.ts';
import { checkPlace, runCompress } from './run_compress.ts';
import { artifactsAt, getResult, getTask, openStorage, ownTerms } from './shared_study.ts';

/** The result that a process has left there; where all of them have gone before that, it is made here from their trials. */
export async function reportFromDatabase(url: string, flags: ReportFlags, out: Output): Promise<void> {
  if (flags.ablation !== undefined)
    throw new CompressError(
      'bad-option',
      '--ablation goes into a report that is there already',
      'make the files first, then give `thumbnet report FOLDER --ablation PLACE`',
    );
  const storage = openStorage(url, flags.workers);
  try {
    const study = await chosen(storage, flags.study);
    const folder = flags.out ?? `thumbnet-${study.name}`;
    await checkPlace(folder, false, true);
    const artifacts = artifactsAt(study.artifacts, storage);
    const task = await getTask(artifacts, study);
    const result = await getResult(artifacts, study);
    const { model, data, title, command, frontEnd } = task;
    const made = { model, data, folder, title, command, frontEnd, out };
    if (result) {
      await makeFolder(folder);
      await writeResults(made, result);
      return;
    }
    const { name, isOver, leftMs } = study;
    if (!isOver && !(leftMs !== null && leftMs <= 0)) {
      throw new CompressError(
        'not-ready',
        `the study "${name}" has trials left`,
        'wait for its workers (thumbnet status says how far they are), or start one by `thumbnet worker`',
      );
    }
    checkTerms(study, await ownTerms());
    const shared = { storage, name, at: study.artifacts, artifacts };
    // No more trials than there are: the time allowed is over, or none is left.
    const { timeMs, ...options } = task.options;
    await runCompress({
      ...made,
      options: isOver ? options : { ...options, timeMs: Math.min(timeMs ?? 1, 1) },
      outside: task,
      workers: flags.workers,
      resume: true,
      shared,
    });
  } finally {
    await storage.close();
  }
}

/** @throws CompressError `bad-option` where it is not clear which, or there is none */
async function chosen(storage: PostgresStorage, name: string | undefined): Promise<SharedStudy> {
  const all = (await storage.isPrepared()) ? await storage.studies() : [];
  const found = name === undefined ? all : all.filter((s) => s.name === name);
  if (found.length === 1) return found[0];
  const names = all.map((s) => `"${s.name}"`).join(', ');
  if (found.length === 0) {
    const what = name === undefined ? 'no study' : `no study "${name}"`;
    throw new CompressError(
      'bad-option',
      `${storage.place} holds ${what}`,
      names ? `it holds ${names}` : 'begin one by `thumbnet compress --storage`',
    );
  }
  throw new CompressError('bad-option', `${storage.place} holds ${names}`, 'name one of them by --study');
}
