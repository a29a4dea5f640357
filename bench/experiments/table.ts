/** The table in README.md, from the results of all runs. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { table } from '../section.ts';
import { COMPARED } from './jobs.ts';
import type { Judged, Result } from './one.ts';

const FILE = new URL('./README.md', import.meta.url);
const MARK = '<!-- made by compare.ts from here on -->';

/** Mean of weight bytes and MACs relative to the model as given in int8. */
export const objectiveOf = ({ plain, result }: Result): number =>
  (result.weightBytes / plain.weightBytes + result.macs / plain.macs) / 2;

export const holds = ({ goal, given, result }: Result, part: 'validation' | 'test'): boolean =>
  result[part] >= ('maxDrop' in goal ? given[part] - goal.maxDrop : goal.goal) - 1e-9;

/** What misses the goal on a part has gained nothing. */
export const gained = (r: Result, part: 'validation' | 'test' = 'validation'): number =>
  holds(r, part) ? objectiveOf(r) : Math.max(1, objectiveOf(r));

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const over = (runs: readonly Result[], value: (r: Result) => number): number => mean(runs.map(value));
const percent = (share: number): string => (100 * share).toFixed(1);

/** Runs of one job and budget by arm, of the seeds that all arms have. */
type Group = { readonly job: string; readonly samples: number; readonly arms: Readonly<Record<string, readonly Result[]>> };

function groupsOf(results: readonly Result[]): Group[] {
  const groups: Group[] = [];
  const budgets = [...new Set(results.map((r) => r.samples))].sort((a, b) => a - b);
  for (const samples of budgets) {
    for (const job of [...new Set(results.map((r) => r.job))]) {
      const runs = results.filter((r) => r.job === job && r.samples === samples);
      const names = [...new Set(runs.map((r) => r.arm))];
      const seeds = [...new Set(runs.map((r) => r.seed))].filter((s) =>
        names.every((arm) => runs.some((r) => r.arm === arm && r.seed === s)),
      );
      if (seeds.length === 0) continue;
      const arms = Object.fromEntries(names.map((arm) => [arm, runs.filter((r) => r.arm === arm && seeds.includes(r.seed))]));
      groups.push({ job, samples, arms });
    }
  }
  return groups;
}

const budget = (samples: number): string => (samples >= 1e6 ? `${samples / 1e6} M` : `${samples / 1e3} k`);

function objectives(groups: readonly Group[], part: 'validation' | 'test'): string {
  const value = (r: Result) => gained(r, part);
  const arms = [...new Set(groups.flatMap((g) => Object.keys(g.arms)))].sort();
  const rows = groups.map(({ job, samples, arms: runs }) => {
    const cells = arms.map((arm) => {
      if (!runs[arm]) return '';
      const values = runs[arm].map(value);
      const spread = values.length > 1 ? ` (${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)})` : '';
      return `${mean(values).toFixed(3)}${spread}`;
    });
    const own = runs.compress && over(runs.compress, value);
    const others = Object.entries(runs).flatMap(([arm, r]) => (arm === 'compress' ? [] : [over(r, value)]));
    const ratio = own && others.length ? (own / Math.min(...others)).toFixed(2) : '';
    return [job, budget(samples), Object.values(runs)[0].length, ...cells, ratio];
  });
  return table(['job', 'samples', 'seeds', ...arms, 'compress / best other'], rows);
}

function details(groups: readonly Group[]): string {
  const rows = groups.flatMap(({ job, samples, arms }) =>
    Object.entries(arms).map(([arm, runs]) => {
      const of = (what: (j: Judged) => number) => over(runs, (r) => what(r.result));
      const change = (part: 'validation' | 'test') =>
        `${percent(over(runs, (r) => r.given[part]))} → ${percent(of((j) => j[part]))}`;
      return [
        `${job}, ${arm}`,
        budget(samples),
        `${Math.round(over(runs, (r) => r.used) / 1e3)} k`,
        Math.round(of((j) => j.weightBytes)),
        Math.round(of((j) => j.macs)),
        change('validation'),
        change('test'),
        `${runs.filter((r) => holds(r, 'validation')).length} / ${runs.filter((r) => holds(r, 'test')).length} of ${runs.length}`,
        (of((j) => j.flashBytes) / 1024).toFixed(1),
        of((j) => j.latencyMs).toPrecision(3),
        Math.round(over(runs, (r) => r.seconds)),
      ];
    }),
  );
  const head = [
    'job, arm',
    'samples',
    'seen',
    'weights, bytes',
    'MACs',
    'validation, %',
    'test, %',
    'goal held there',
    'flash, KiB',
    'ms',
    's',
  ];
  return table(head, rows);
}

/** Rewrites what stands below the mark. */
export function writeTable(results: readonly Result[]): void {
  const order = (r: Result) => COMPARED.indexOf(r.job);
  const groups = groupsOf([...results].sort((a, b) => order(a) - order(b)));
  const head = existsSync(FILE) ? readFileSync(FILE, 'utf8').split(MARK)[0] : '';
  const compared = groups.filter((g) => COMPARED.includes(g.job));
  const parts = [
    `${head.trimEnd()}\n\n${MARK}`,
    '## Objective: mean of weight bytes and MACs, the model as given in int8 = 1',
    'What misses its goal on the validation part counts as 1. Where folds judge, the trainings of the last check are beyond the budget: they are in what was seen, below.',
    objectives(compared, 'validation'),
    'The same where what misses its goal on the test part counts as 1; no arm has seen that part.',
    objectives(compared, 'test'),
    '## The same runs',
    'Means over the seeds. Quality of the model as given → of the result; the goal held on the validation part / on the test part.',
    details(groups),
  ];
  writeFileSync(FILE, `${parts.join('\n\n')}\n`);
}
