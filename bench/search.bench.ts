// Our samplers beside Optuna's and hyperopt's: what they reach on the black-box functions, and what an answer costs.
//
//   node --import tsx bench/search.bench.ts [seeds = 30] [functions, by comma]
//
// The peers' scores are those of data/blackbox/optuna_reference_seeds.json (30 seeds each); their times were taken on another machine
// (optuna_reference.json, "overhead") and are no more than an orientation.
import { readFileSync } from 'node:fs';
import Table from 'cli-table3';
import { EvolutionSampler, RandomSampler, type Sampler, Study, TpeSampler, type Trial } from '../src/search/index.ts';
import { CHECKPOINTS, compare, FUNCTIONS, median, REFERENCE, runBlackBox } from '../test/search/blackbox.ts';
import { sharedPath } from '../test/shared.ts';

const seeds = Number(process.argv[2] ?? 30);
const only = process.argv[3]?.split(',');
const OURS: [string, () => Sampler, string[]][] = [
  ['tpe', () => new TpeSampler(), ['tpe', 'tpeMultivariateGroup', 'tpe49', 'hyperoptTpe']],
  ['tpe, one by one', () => new TpeSampler({ multivariate: false }), ['tpeIndependent']],
  ['evolution', () => new EvolutionSampler(), ['nsga2Pop20', 'nsga2']],
  ['random', () => new RandomSampler(), ['random']],
];

function scores(): void {
  for (const fn of FUNCTIONS.filter((f) => !only || only.includes(f.name))) {
    const larger = fn.objectives > 1;
    const table = new Table({ style: { head: [], border: [] }, head: [fn.name, ...CHECKPOINTS.map((n) => `${n} trials`)] });
    for (const [name, sampler, peers] of OURS) {
      // None of the reference's own seeds.
      const rows = Array.from({ length: seeds }, (_, s) => runBlackBox(fn, sampler(), 1000 + s, 200));
      const column = (all: number[][], k: number) => all.map((row) => row[k]);
      table.push([name, ...CHECKPOINTS.map((_, k) => median(column(rows, k)).toPrecision(5))]);
      for (const peer of peers) {
        const theirs = REFERENCE[fn.name][peer];
        if (!theirs) continue;
        const cell = (k: number) => {
          const { better, z } = compare(column(rows, k), column(theirs, k), larger);
          return `${median(column(theirs, k)).toPrecision(5)}  ${(100 * better).toFixed(0)} %, ${z >= 0 ? '+' : ''}${z.toFixed(1)}`;
        };
        table.push([`  ${peer}`, ...CHECKPOINTS.map((_, k) => cell(k))]);
      }
    }
    console.log(table.toString());
  }
  console.log(
    `Medians over ${seeds} seeds. Beside a peer's: how often one of our runs is better than one of its, and the z of Mann and Whitney.`,
  );
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

/** Milliseconds from asking for a trial to having told it, after so many: median and smallest of 30. */
function cost(sampler: Sampler, space: string, dims: number, trials: number): [number, number] {
  const before = new Study({ sampler: new RandomSampler() });
  const one = (study: Study) => {
    const trial = study.ask();
    study.tell(trial, suggestAll(trial, space, dims));
  };
  for (let i = 0; i < trials; i++) one(before);
  const study = new Study({ sampler, records: before.records });
  const times = Array.from({ length: 30 }, () => {
    const start = performance.now();
    one(study);
    return performance.now() - start;
  });
  return [median(times), Math.min(...times)];
}

function costs(path: string): void {
  const { rows } = JSON.parse(readFileSync(path, 'utf8')).overhead as { rows: Record<string, string | number>[] };
  const table = new Table({ style: { head: [], border: [] }, head: ['space', 'trials', 'tpe, ms per trial', 'Optuna 5.0 (elsewhere)'] });
  for (const r of rows.filter((row) => row.sampler === 'optuna 5.0.0.dev tpe_multivariate_group')) {
    const [middle, least] = cost(new TpeSampler(), r.space as string, r.dims as number, r.trials as number);
    table.push([
      `${r.dims} ${r.space}`,
      r.trials,
      `${middle.toFixed(2)} (least ${least.toFixed(2)})`,
      `${r.msPerTrial} (least ${r.msPerTrialBest})`,
    ]);
  }
  console.log(table.toString());
}

const reference = sharedPath('data/blackbox/optuna_reference.json');
if (reference) {
  scores();
  costs(reference);
} else console.log('skipped: the black-box functions are not here');
