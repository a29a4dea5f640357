import type { Command } from 'commander';
import { bestOf, isEnded, reportOf, type TrialReport } from '../compress/index.ts';
import { bytes, milliseconds } from '../report/units.ts';
import type { TrialRecord } from '../search/record.ts';
import { type StudyStatus, studyStatuses, trialsOf, type WorkerStatus, workerStatuses } from '../study/postgres/status.ts';
import type { PostgresStorage, SharedStudy } from '../study/postgres/storage.ts';
import { WAITS } from '../study/postgres/waits.ts';
import { metricOf } from '../task/index.ts';
import { count, createOutput, type Output, plural, table } from './output.ts';
import { timeText } from './progress.ts';
import { artifactsAt, getGoal, openStorage } from './shared_study.ts';

interface Flags {
  readonly study?: string;
  readonly json?: boolean;
}

/** A study as `status` shows it. */
interface Shown {
  readonly name: string;
  /** `over`: no trial is left; `done`: its result is there too. `foreign`: begun by another program. */
  readonly state: 'running' | 'over' | 'done' | 'foreign';
  readonly trials: StudyStatus['trials'];
  /** Trials that were handed out again. */
  readonly again: number;
  readonly best: TrialReport | null;
  /** How its metric is shown. */
  readonly quality: string;
  readonly trialsPerHour: number | null;
  readonly samplesPerSecond: number | null;
  readonly leftMs: number | null;
}

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('studies of a database: trials, workers, best so far, rates')
    .argument('<url>', 'postgresql://USER@HOST/DATABASE; the password comes from PGPASSWORD or ~/.pgpass')
    .option('--study <name>', 'only this one')
    .option('--json', 'one JSON object on stdout')
    .action(async (url: string, flags: Flags) => {
      const out = createOutput(flags.json ?? false);
      const storage = openStorage(url, 0);
      try {
        const isThere = await storage.isPrepared();
        const studies = isThere ? await shownOf(storage, flags.study) : [];
        const all = isThere ? await workerStatuses(storage.connection, WAITS.believed) : [];
        const workers = all.filter((w) => studies.some(({ name }) => name === w.study));
        out.result({ studies: studies.map(({ quality: _, ...s }) => s), workers }, () =>
          show(out, flags.study, storage.place, studies, workers),
        );
      } finally {
        await storage.close();
      }
    });
}

async function shownOf(storage: PostgresStorage, only: string | undefined): Promise<Shown[]> {
  const shared = new Map((await storage.studies()).map((s) => [s.name, s]));
  const shown: Shown[] = [];
  for (const status of await studyStatuses(storage.connection)) {
    if (only !== undefined && status.name !== only) continue;
    const study = shared.get(status.name);
    shown.push(study ? await ours(storage, study, status) : foreign(status));
  }
  return shown;
}

const foreign = ({ name, trials, again }: StudyStatus): Shown => ({
  ...{ name, state: 'foreign', trials, again, best: null, quality: '-' },
  ...{ trialsPerHour: null, samplesPerSecond: null, leftMs: null },
});

async function ours(storage: PostgresStorage, study: SharedStudy, { name, trials, again, lately }: StudyStatus): Promise<Shown> {
  const goal = await getGoal(artifactsAt(study.artifacts, storage), study);
  const reports = (await trialsOf(storage.connection, name)).filter((t: TrialRecord) => isEnded(t)).map((t) => reportOf(t, goal));
  const best = bestOf(reports);
  const fresh = reports.filter((t) => lately.numbers.includes(t.number));
  const { isOver, result, leftMs } = study;
  const isEndedByTime = leftMs !== null && leftMs <= 0;
  return {
    name,
    state: result !== null ? 'done' : isOver || isEndedByTime ? 'over' : 'running',
    trials,
    again,
    best,
    quality: best?.figures?.quality == null ? '-' : metricOf(goal.standard.asked.metric).show(best.figures.quality),
    trialsPerHour: lately.ms > 0 ? (fresh.length / lately.ms) * 3.6e6 : null,
    samplesPerSecond: lately.ms > 0 ? (fresh.reduce((n, t) => n + t.samples, 0) / lately.ms) * 1000 : null,
    leftMs: leftMs === null ? null : Math.max(0, leftMs),
  };
}

function show(
  out: Output,
  only: string | undefined,
  place: string,
  studies: readonly Shown[],
  workers: readonly WorkerStatus[],
): void {
  if (studies.length === 0) {
    out.say(`there is no study${only === undefined ? '' : ` "${only}"`} in ${place}`);
    return;
  }
  const rate = (n: number | null) => (n === null ? '-' : n < 10 ? n.toPrecision(2) : count(Math.round(n)));
  const rows = studies.map(({ name, state, trials, again, best, quality, trialsPerHour, samplesPerSecond }) => [
    ...[
      name,
      state,
      String(trials.complete + trials.pruned),
      String(trials.running),
      String(trials.waiting),
      String(trials.failed),
    ],
    ...[String(again), best ? `#${best.number}` : '-', quality],
    ...[best ? bytes(best.figures!.flashBytes) : '-', best ? milliseconds(best.figures!.latencyMs) : '-'],
    ...[rate(trialsPerHour), rate(samplesPerSecond)],
  ]);
  const head = ['study', 'state', 'ended', 'running', 'waiting', 'failed', 'again', 'best', 'quality', 'flash', 'latency'];
  out.print(
    table([...head, 'trials/h', 'samples/s'], rows, 2, { drop: ['waiting', 'again', 'failed', 'samples/s', 'latency', 'flash'] }),
  );
  for (const { name, leftMs } of studies) if (leftMs) out.say(`"${name}" ends in ${timeText(leftMs / 1000)} at the latest.`);
  if (workers.length === 0) return;
  const lines = workers.map(({ study, host, process, threads, running, told, seenMs, state }) => [
    ...[host, String(process), study, state, String(threads), String(told)],
    ...[running.map((n) => `#${n}`).join(' ') || '-', state === 'left' ? '-' : `${timeText(seenMs / 1000)} ago`],
  ]);
  const names = ['host', 'process', 'study', 'state', 'threads', 'told', 'runs', 'seen'];
  out.print(table(names, lines, 4, { cut: ['runs', 12], drop: ['threads', 'study'] }));
  const lost = workers.filter((w) => w.state === 'lost' && w.running.length);
  if (lost.length) out.say(`${plural(lost.length, 'worker')} cannot be reached; what they ran is handed out again.`);
}
