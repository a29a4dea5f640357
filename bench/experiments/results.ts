/**
 * Writes the table of results in the project's README.md from runs of compare.ts: what `compress` did on every job with the largest budget that has
 * three seeds, the worst last.
 *   node --import tsx bench/experiments/results.ts COMPARED      (the folder of compare.ts)
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../section.ts';
import { COMPARED, JOBS } from './jobs.ts';
import type { Judged, Result } from './one.ts';
import { gained, holds } from './table.ts';

const FILE = new URL('../../README.md', import.meta.url);
const [open, close] = ['<!-- results -->', '<!-- /results -->'];

const SEEDS = 3;

const [folder] = process.argv.slice(2);
if (!folder) throw new Error('give the folder of compare.ts');
const runs = readdirSync(folder)
  .filter((name) => name.includes('.compress.') && name.endsWith('.json'))
  .map((name): Result => JSON.parse(readFileSync(join(folder, name), 'utf8')));

function largest(job: string): Result[] {
  const own = runs.filter((r) => r.job === job);
  const budgets = [...new Set(own.map((r) => r.samples))].sort((a, b) => b - a);
  const samples = budgets.find((budget) => own.filter((r) => r.samples === budget).length >= SEEDS);
  return own.filter((r) => r.samples === samples);
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const jobs = COMPARED.map(largest)
  .filter((of) => of.length > 0)
  .map((of) => ({ of, objective: mean(of.map((r) => gained(r))) }))
  .sort((a, b) => a.objective - b.objective);

const rows = await Promise.all(
  jobs.map(async ({ of, objective }) => {
    const { target } = await JOBS[of[0].job](0, folder);
    const pair = (what: (j: Judged) => number, show: (n: number) => string) =>
      `${show(mean(of.map((r) => what(r.plain))))} → ${show(mean(of.map((r) => what(r.result))))}`;
    const kib = (n: number) => (n / 1024).toFixed(1);
    const percent = (n: number) => (100 * n).toFixed(1);
    return [
      `${of[0].job}, ${target}`,
      `${of[0].samples / 1000} k`,
      objective.toFixed(2),
      pair((j) => j.weightBytes, kib),
      pair(
        (j) => j.macs,
        (n) => (n / 1e6).toFixed(2),
      ),
      pair((j) => j.flashBytes, kib),
      pair(
        (j) => j.latencyMs,
        (n) => n.toPrecision(3),
      ),
      `${percent(mean(of.map((r) => r.given.test)))} → ${percent(mean(of.map((r) => r.result.test)))}`,
      `${of.filter((r) => holds(r, 'test')).length} of ${of.length}`,
    ];
  }),
);
const head = [
  'job, chip',
  'samples',
  'objective',
  'weights, KiB',
  'MACs, M',
  'flash, KiB',
  'latency, ms',
  'test, %',
  'goal held',
];
const readme = readFileSync(FILE, 'utf8');
const [from, to] = [readme.indexOf(open), readme.indexOf(close)];
if (from < 0 || to < from) throw new Error(`README.md has no ${open} ... ${close}`);
writeFileSync(FILE, `${readme.slice(0, from + open.length)}\n\n${table(head, rows)}\n\n${readme.slice(to)}`);
