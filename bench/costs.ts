/**
 * What whole jobs cost in two versions, each job in turns: processor time of the demo, of pruning and preparing by depth and by width, of asks,
 * of int8 networks.
 *   node --import tsx bench/costs.ts BEFORE AFTER [JOB...]
 *
 * BEFORE and AFTER: a commit, which is checked out and built in a folder of its own, or a folder that holds a built version. Jobs: demo, prune,
 * statistics, prepare, tpe, evolution, inference, workers; all where none is named. The result is printed, and put into bench/README.md.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../test/search/blackbox.ts';
import { neededPath } from '../test/shared.ts';
import { deepNetwork, wideNetwork } from './costs/networks.ts';
import { putSection } from './readme.ts';
import { table } from './section.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const CLOCK = fileURLToPath(new URL('costs/clock.mjs', import.meta.url));
const ASKS = fileURLToPath(new URL('costs/asks.mjs', import.meta.url));
const INFERENCE = fileURLToPath(new URL('costs/inference.mjs', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'thumbnet-costs-'));
/** Folders of versions that were checked out here. */
const checkedOut: string[] = [];

interface Version {
  readonly name: string;
  readonly folder: string;
}

interface Cost {
  readonly cpu: number;
  readonly clock: number;
}

/** A thing to be measured: what Node is given, by the folder of a version and one for what it writes. */
interface Job {
  readonly what: string;
  readonly rounds: number;
  args(folder: string, out: string): string[];
}

function versionOf(given: string): Version {
  if (existsSync(join(given, 'dist/cli.js'))) {
    const name = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: given, encoding: 'utf8' }).trim();
    return { name, folder: resolve(given) };
  }
  const folder = join(work, given);
  checkedOut.push(folder);
  console.error(`${given}: checked out and built`);
  execFileSync('git', ['worktree', 'add', '--detach', folder, given], { cwd: ROOT, stdio: 'ignore' });
  execFileSync('npm', ['ci'], { cwd: folder, stdio: 'ignore' });
  return { name: given, folder };
}

function measure({ folder }: Version, job: Job): Cost {
  const place = mkdtempSync(join(work, 'run-'));
  const file = join(place, 'cost.json');
  const args = ['--import', CLOCK, ...job.args(folder, join(place, 'out'))];
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, THUMBNET_COST: file },
    encoding: 'utf8',
  });
  // 1: the goal was not reached, which is no matter here.
  if (status !== 0 && status !== 1) throw new Error(`${args.join(' ')} ended with ${status}:\n${stderr}`);
  const cost = JSON.parse(readFileSync(file, 'utf8')) as Cost;
  rmSync(place, { recursive: true });
  return cost;
}

const command =
  (...rest: string[]) =>
  (folder: string, out: string) => [join(folder, 'dist/cli.js'), ...rest, '--out', out];
const eachOf = (numbers: readonly number[], make: (n: number) => Promise<Job>): Promise<Job[]> => Promise.all(numbers.map(make));
/** As little training as a version can be asked for. */
function briefly(folder: string): string[] {
  const help = execFileSync(process.execPath, [join(folder, 'dist/cli.js'), 'compress', '--help'], { encoding: 'utf8' });
  return help.includes('--samples') ? ['--samples', '1000'] : ['--epochs', '1'];
}
const asks = (sampler: string, count: number) => (folder: string) => [ASKS, join(folder, 'dist'), sampler, String(count)];

/** Examples that take some seconds. */
const NETWORKS = [
  { name: 'ResNet8', int8: 'pretrainedResnet_quant', examples: 16_000 },
  { name: 'DS-CNN', int8: 'kws_ref_model', examples: 48_000 },
  { name: 'MobileNetV1-0.25 (VWW)', int8: 'vww_96_int8', examples: 16_000 },
  { name: 'autoencoder', int8: 'ad01_int8', examples: 640_000 },
];
const DEPTHS = [8, 16, 32, 64];
const WIDTHS = [256, 512, 1024];
const JOBS: Record<string, () => Job[] | Promise<Job[]>> = {
  demo: () => [{ what: 'demo', rounds: 3, args: command('demo', '--workers', '1') }],
  prune: () =>
    eachOf(DEPTHS, async (n) => {
      const { model, data } = await deepNetwork(work, n);
      const args = command('prune', model, '--data', data, '--criterion', 'l2', '--ratio', '0.25');
      return { what: `prune and fit again, ${n} layers`, rounds: 3, args: (folder, out) => args(folder, `${out}.tflite`) };
    }),
  statistics: () =>
    eachOf(WIDTHS, async (n) => {
      const { model, data } = await wideNetwork(work, n);
      const args = command('prune', model, '--data', data, '--criterion', 'reconstruction', '--ratio', '0.25');
      return {
        what: `prune by statistics, dense layers of ${n}`,
        rounds: 1,
        args: (folder, out) => args(folder, `${out}.tflite`),
      };
    }),
  prepare: () =>
    eachOf(DEPTHS, async (n) => {
      const { model, data } = await deepNetwork(work, n);
      const rest = ['--target', 'stm32h743zi', '--max-drop', '0.05', '--trials', '1', '--workers', '1'];
      const args = command('compress', model, '--data', data, ...rest);
      return {
        what: `compress, 1 trial, ${n} layers`,
        rounds: 1,
        args: (folder, out) => [...args(folder, out), ...briefly(folder)],
      };
    }),
  tpe: () => [1000, 5000].map((n) => ({ what: `TPE, ${n} asks`, rounds: 1, args: asks('tpe', n) })),
  evolution: () => [1000, 5000].map((n) => ({ what: `evolution, ${n} asks`, rounds: 1, args: asks('evolution', n) })),
  inference: () =>
    NETWORKS.map(({ name, int8, examples }) => {
      const model = neededPath(`data/models/${int8}.tflite`);
      const args = (folder: string) => [INFERENCE, join(folder, 'dist'), model, String(examples)];
      return { what: `int8 ${name}, ${examples} examples`, rounds: 3, args };
    }),
  workers: () => ['1', '2'].map((n) => ({ what: `demo, workers: ${n}`, rounds: 1, args: command('demo', '--workers', n) })),
};

try {
  const [before, after, ...named] = process.argv.slice(2);
  if (!before || !after) throw new Error('give two versions: commits, or folders of built ones');
  for (const name of named) if (!JOBS[name]) throw new Error(`there is no job ${name}: ${Object.keys(JOBS).join(', ')}`);
  const versions = [before, after].map(versionOf);
  const rows: string[][] = [];
  for (const name of named.length ? named : Object.keys(JOBS)) {
    for (const job of await JOBS[name]()) {
      const seen: Cost[][] = versions.map(() => []);
      for (let r = 0; r < job.rounds; r++) for (const [i, v] of versions.entries()) seen[i].push(measure(v, job));
      const [old, now] = seen.map((costs) => ({
        cpu: median(costs.map((c) => c.cpu)),
        clock: median(costs.map((c) => c.clock)),
      }));
      const cell = ({ cpu, clock }: Cost) => `${cpu.toFixed(1)} (${clock.toFixed(1)})`;
      rows.push([job.what, cell(old), cell(now), (old.cpu / now.cpu).toFixed(2), (old.clock / now.clock).toFixed(2)]);
      console.error(rows.at(-1)!.join('  '));
    }
  }
  const head = ['job', 'before, s', 'after, s', 'times less processor time', 'times less by the clock'];
  const text = `Seconds of processor time, all threads, of whole processes; in brackets by the clock, which is meaningful on an idle machine only. Medians of 1 to 3
runs in turns. Before: ${versions[0].name}, after: ${versions[1].name}. Networks of the jobs by depth are chains of 3x3 convolutions with 8 channels.

${table(head, rows)}`;
  putSection('costs', 'What whole jobs cost, before and after', text);
} finally {
  for (const folder of checkedOut) execFileSync('git', ['worktree', 'remove', '--force', folder], { cwd: ROOT });
  rmSync(work, { recursive: true, force: true });
}
