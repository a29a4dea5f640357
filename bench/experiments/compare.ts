/**
 * Compares ways to spend a budget of training samples, and writes the table in README.md here. Finished runs are kept in a folder, a small file
 * each: the same command goes on where it was stopped.
 *   node --import tsx bench/experiments/compare.ts --out FOLDER [--jobs demo,har] [--arms compress,greedy] [--budgets 10k,50k] [--seeds 0,1,2]
 *     [--processes 2] [--table]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ARMS } from './arms.ts';
import { COMPARED, JOBS } from './jobs.ts';
import type { Result } from './one.ts';
import { writeTable } from './table.ts';

interface Planned {
  readonly job: string;
  readonly arm: string;
  readonly samples: number;
  readonly seed: number;
}

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string' },
    jobs: { type: 'string', default: COMPARED.join(',') },
    arms: { type: 'string', default: Object.keys(ARMS).join(',') },
    budgets: { type: 'string', default: '10k,50k,250k' },
    seeds: { type: 'string', default: '0,1,2' },
    processes: { type: 'string', default: '1' },
    /** Only writes the table. */
    table: { type: 'boolean', default: false },
  },
});
if (!flags.out) throw new Error('give --out FOLDER: finished runs are kept there');
const folder = resolve(flags.out);
mkdirSync(folder, { recursive: true });

const samplesIn = (text: string): number => Number(text.replace(/k$/i, '000').replace(/m$/i, '000000'));
const namesIn = (text: string, known: object): string[] => {
  for (const name of text.split(',')) {
    if (!(name in known)) throw new Error(`"${name}" is none of ${Object.keys(known).join(', ')}`);
  }
  return text.split(',');
};
const fileOf = ({ job, arm, samples, seed }: Planned) => join(folder, `${job}.${arm}.${samples}.${seed}.json`);
const finished = (): Result[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));

/** Small budgets first, then seeds: the table is whole as early as it can be. */
function planned(): Planned[] {
  const all: Planned[] = [];
  for (const samples of flags.budgets!.split(',').map(samplesIn)) {
    for (const seed of flags.seeds!.split(',').map(Number)) {
      for (const job of namesIn(flags.jobs!, JOBS)) {
        for (const arm of namesIn(flags.arms!, ARMS)) all.push({ job, arm, samples, seed });
      }
    }
  }
  return all;
}

/** Seconds of processor time, as the runs that ended took for a sample of the same job, or of any. */
function expected(run: Planned, done: readonly Result[]): number {
  const near = [
    (r: Result) => r.job === run.job && r.arm === run.arm && r.samples === run.samples,
    (r: Result) => r.job === run.job && r.arm === run.arm,
    (r: Result) => r.job === run.job,
    () => true,
  ]
    .map((isNear) => done.filter(isNear))
    .find((some) => some.length > 0);
  if (!near) return 0;
  return (run.samples * near.reduce((sum, r) => sum + r.seconds, 0)) / near.reduce((sum, r) => sum + r.samples, 0);
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/** One run in a process of its own. What it tells on the way is kept beside its result. */
function start(run: Planned): Promise<void> {
  const { job, arm, samples, seed } = run;
  const log = openSync(fileOf(run).replace(/json$/, 'log'), 'w');
  const words = [new URL('./one.ts', import.meta.url).pathname, job, arm, `${samples}`, `${seed}`, fileOf(run)];
  const child = spawn(process.execPath, ['--import', 'tsx', ...words], { stdio: ['ignore', log, log] });
  closeSync(log);
  children.add(child);
  return new Promise((done) => {
    child.on('exit', () => {
      children.delete(child);
      done();
    });
  });
}

function describe(run: Planned): string {
  if (!existsSync(fileOf(run))) return 'failed; see its .log';
  const { plain, result, given, seconds }: Result = JSON.parse(readFileSync(fileOf(run), 'utf8'));
  const objective = (result.weightBytes / plain.weightBytes + result.macs / plain.macs) / 2;
  const percent = (share: number) => (100 * share).toFixed(2);
  return `objective ${objective.toFixed(3)}, validation ${percent(given.validation)} -> ${percent(result.validation)} %, ${seconds} s`;
}

async function runAll(): Promise<void> {
  const all = planned();
  const waiting = all.filter((run) => !existsSync(fileOf(run)));
  const running: Planned[] = [];
  console.log(`${all.length} runs, ${all.length - waiting.length} of them done`);
  const processes = Number(flags.processes);
  const worker = async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) {
      running.push(run);
      await start(run);
      running.splice(running.indexOf(run), 1);
      const done = finished();
      const left = [...waiting, ...running].reduce((sum, r) => sum + expected(r, done), 0) / processes;
      const { job, arm, samples, seed } = run;
      console.log(
        `${job} ${arm} ${samples} seed ${seed}: ${describe(run)}; ${waiting.length} wait, about ${Math.ceil(left / 60)} min left`,
      );
    }
  };
  // What several runs would make at once is made first.
  for (const job of new Set(waiting.map((run) => run.job))) await JOBS[job](0, folder);
  await Promise.all(Array.from({ length: processes }, worker));
}

if (!flags.table) await runAll();
writeTable(finished());
