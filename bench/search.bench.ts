// Our samplers beside Optuna's and hyperopt's: what they reach on the black-box functions, and what an answer costs.
//
// The peers' scores are those of data/blackbox/optuna_reference_seeds.json, 30 seeds each; Optuna's times are taken in the same run.
import {
  EvolutionSampler,
  MemoryStore,
  QuasiRandomSampler,
  RandomSampler,
  type Sampler,
  Study,
  TpeSampler,
  type Trial,
} from '../src/search/index.ts';
import { CHECKPOINTS, compare, FUNCTIONS, median, REFERENCE, runBlackBox } from '../test/search/blackbox.ts';
import { sharedPath } from '../test/shared.ts';
import { startPython } from './python.ts';
import { cpuMillis } from './rounds.ts';
import { PROBLEMS, runOptuna, runOurs } from './search_problems.ts';
import type { Bench } from './section.ts';
import { table } from './section.ts';

const SEEDS = 30;
const PROBLEM_SEEDS = 15;
const OURS: [string, () => Sampler, string[]][] = [
  ['TPE', () => new TpeSampler(), ['tpe', 'tpeMultivariateGroup', 'tpe49', 'hyperoptTpe']],
  ['evolution', () => new EvolutionSampler(), ['nsga2Pop20', 'nsga2']],
  ['random', () => new RandomSampler(), ['random']],
];

/** One row per function and sampler of ours, and below it one per peer. */
async function scores(): Promise<string> {
  const rows: string[][] = [];
  for (const fn of FUNCTIONS) {
    console.error(`  ${fn.name}`);
    for (const [name, sampler, peers] of OURS) {
      // None of the reference's own seeds.
      const ours: number[][] = [];
      for (let s = 0; s < SEEDS; s++) ours.push(await runBlackBox(fn, sampler(), 1000 + s, 200));
      const column = (all: number[][], k: number) => all.map((row) => row[k]);
      rows.push([`**${fn.name}, ${name}**`, ...CHECKPOINTS.map((_, k) => `**${median(column(ours, k)).toPrecision(5)}**`)]);
      for (const peer of peers) {
        const theirs = REFERENCE[fn.name][peer];
        if (!theirs) continue;
        const cell = (k: number) => {
          const { better, z } = compare(column(ours, k), column(theirs, k), fn.objectives > 1);
          return `${median(column(theirs, k)).toPrecision(5)} (${(100 * better).toFixed(0)} %, z ${z.toFixed(1)})`;
        };
        rows.push([peer, ...CHECKPOINTS.map((_, k) => cell(k))]);
      }
    }
  }
  return table(['median score after', ...CHECKPOINTS.map((n) => `${n} trials`)], rows);
}

function suggestAll(trial: Trial, space: string, dims: number): number {
  let sum = 0;
  for (let d = 0; d < dims; d++) {
    const kind = space === 'float' ? 0 : d % 3;
    if (kind === 0) sum += trial.suggestFloat(`p${d}`, 0, 1);
    else if (kind === 1) sum += trial.suggestInt(`p${d}`, 0, 100);
    else sum += trial.suggestCategorical(`p${d}`, [1, 2, 3, 4]);
  }
  return sum;
}

/** Milliseconds of processor time of an `ask` and its `tell`, 30 times after a number of trials. */
async function cost(sampler: Sampler, { space, dims, trials }: Size): Promise<number[]> {
  const store = new MemoryStore();
  const one = async (study: Study) => {
    const trial = (await study.ask((t) => suggestAll(t, space, dims)))!;
    await study.tell(trial, trial.point);
  };
  const before = new Study({ sampler: new RandomSampler(), store });
  for (let i = 0; i < trials; i++) await one(before);
  const study = new Study({ sampler, store });
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    const start = cpuMillis();
    await one(study);
    times.push(cpuMillis() - start);
  }
  return times;
}

/** Problems without data, ours and Optuna's in one run: with two objectives by its multivariate groups, else by its defaults. */
async function problems(): Promise<string> {
  const optuna = await startPython<string, string | number>('optuna_suggest.py', [], 'python3-optuna');
  const rows: (string | number)[][] = [];
  for (const problem of PROBLEMS) {
    console.error(`  ${problem.name}`);
    const several = problem.objectives > 1;
    const [ours, theirs]: number[][] = [[], []];
    for (let s = 0; s < PROBLEM_SEEDS; s++) {
      ours.push(await runOurs(problem, new TpeSampler(), 3000 + s, 200));
      theirs.push(await runOptuna(optuna, problem, several ? { multivariate: true, group: true } : {}, 3000 + s, 200));
    }
    const { better, z } = compare(ours, theirs, several);
    const cells = [median(ours).toPrecision(4), median(theirs).toPrecision(4), `${(100 * better).toFixed(0)} %`, z.toFixed(1)];
    rows.push([problem.name, ...cells]);
  }
  optuna.stop();
  const head = ['after 200 trials', 'TPE', `Optuna ${optuna.first}`, 'ours is better in', 'z'];
  return `Problems of ten dimensions, and of two objectives (larger is better: the share of the unit square that is dominated); ${PROBLEM_SEEDS} seeds:\n\n${table(head, rows)}`;
}

/** Seconds of processor time of a whole study. */
async function whole(sampler: Sampler, trials: number, objectives: number): Promise<number> {
  const study = new Study({ sampler, directions: Array(objectives).fill('minimize') });
  const start = cpuMillis();
  for (let i = 0; i < trials; i++) {
    const trial = (await study.ask((t) => suggestAll(t, 'mixed', 6)))!;
    await study.tell(trial, objectives === 1 ? trial.point : [trial.point, -trial.point + trial.number / trials]);
  }
  return (cpuMillis() - start) / 1000;
}

/** What a study costs grows with its trials, and no faster. */
async function growth(): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const [name, sampler, objectives] of [
    ['TPE', () => new TpeSampler(), 1],
    ['TPE, 2 objectives', () => new TpeSampler(), 2],
    ['evolution', () => new EvolutionSampler(), 1],
    ['Sobol', () => new QuasiRandomSampler(), 1],
  ] as [string, () => Sampler, number][]) {
    const [few, many] = [await whole(sampler(), 1000, objectives), await whole(sampler(), 5000, objectives)];
    rows.push([name, few.toFixed(2), many.toFixed(2), (many / few).toFixed(1)]);
  }
  return table(['study of 6 parameters', '1,000 trials, s', '5,000 trials, s', 'times'], rows);
}

interface Size {
  readonly space: 'float' | 'mixed';
  readonly dims: number;
  readonly trials: number;
}

async function costs(): Promise<string> {
  const optuna = await startPython<string, number[]>('optuna_ask.py', [], 'python3-optuna');
  const rows: (string | number)[][] = [];
  for (const space of ['float', 'mixed'] as const) {
    for (const dims of [10, 30]) {
      for (const trials of [100, 1000]) {
        const size = { space, dims, trials };
        const [ours, theirs] = [await cost(new TpeSampler(), size), await optuna.ask(size)];
        const cell = (times: number[]) => `${median(times).toFixed(2)} (${Math.min(...times).toFixed(2)})`;
        rows.push([`${dims} ${space}`, trials, cell(ours), cell(theirs), (median(theirs) / median(ours)).toFixed(1)]);
      }
    }
  }
  optuna.stop();
  const head = ['parameters', 'trials before', 'TPE, ms per trial: median (least)', `Optuna ${optuna.first}`, 'times ours'];
  return `What an answer costs, in processor time; Optuna's sampler is \`TPESampler(multivariate=True, group=True)\`:\n\n${table(head, rows)}`;
}

const bench: Bench = async () => {
  const title = 'Search: samplers on black-box functions';
  const reference = sharedPath('data/blackbox/optuna_reference.json');
  if (!reference) return { title, text: 'Skipped: the black-box functions were not there.' };
  const note = `Ten functions, ${SEEDS} seeds, 200 trials; smaller is better, but larger for zdt1_shifted. Beside a peer's median: how often one of our runs is better than one of its, and the z of Mann and Whitney (within ±2: no difference shown). Peers are named as in optuna_reference.json.`;
  return { title, text: `${note}\n\n${await scores()}\n\n${await problems()}\n\n${await costs()}\n\n${await growth()}` };
};
export default bench;
