import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Sampler, Study, type Trial } from '../../src/search/index.ts';
import { sharedPath } from '../shared.ts';

interface Space {
  readonly name: string;
  readonly type: 'float' | 'int' | 'categorical';
  readonly low: number;
  readonly high: number;
  readonly step?: number;
  readonly log?: boolean;
  readonly choices: readonly (string | number)[];
}

export interface BlackBox {
  readonly name: string;
  readonly objectives: number;
  readonly space: readonly Space[];
}

type Params = Record<string, string | number>;
interface Seen {
  readonly values: number[];
  readonly constraints: number[];
}
interface Module {
  readonly functions: readonly BlackBox[];
  isActive(parameter: Space, params: Params): boolean;
  problems(space: readonly Space[], params: Params): string[];
  tracker(fn: BlackBox, seed: number): { observe(params: Params): Seen; score(): number };
}

const FOLDER = sharedPath('data/blackbox');
const module: Module | null = FOLDER ? await import(pathToFileURL(`${FOLDER}/functions.mjs`).href) : null;

/** The black-box test functions; empty where they are absent. */
export const FUNCTIONS = module?.functions ?? [];

/** What Optuna's samplers reach: per function and sampler one row per seed, scores after given numbers of trials. */
export const REFERENCE: Record<string, Record<string, number[][]>> = FOLDER
  ? readScores(`${FOLDER}/optuna_reference_seeds.json`)
  : {};
export const CHECKPOINTS = [25, 50, 100, 200];

function readScores(path: string): Record<string, Record<string, number[][]>> {
  return JSON.parse(readFileSync(path, 'utf8')).functions;
}

function suggest(trial: Trial, s: Space): string | number {
  if (s.type === 'categorical') return trial.suggestCategorical(s.name, s.choices);
  const { log, step } = s;
  return s.type === 'int'
    ? trial.suggestInt(s.name, s.low, s.high, { log, step })
    : trial.suggestFloat(s.name, s.low, s.high, { log, step });
}

/** One run of a function; the scores at the checkpoints up to `trials`. */
export async function runBlackBox(fn: BlackBox, sampler: Sampler, seed: number, trials: number): Promise<number[]> {
  const study = new Study({ directions: Array(fn.objectives).fill('minimize'), sampler, seed });
  const track = module!.tracker(fn, seed);
  const scores: number[] = [];
  for (let n = 1; n <= trials; n++) {
    const { number, point: params } = (await study.ask((trial) => {
      const point: Params = {};
      for (const s of fn.space) if (module!.isActive(s, point)) point[s.name] = suggest(trial, s);
      return point;
    }))!;
    const wrong = module!.problems(fn.space, params);
    if (wrong.length > 0) throw new Error(`${fn.name}, trial ${n}: ${wrong}`);
    const { values, constraints } = track.observe(params);
    await study.tell(number, values, { constraints });
    if (CHECKPOINTS.includes(n)) scores.push(track.score());
  }
  return scores;
}

/** Chance that one of ours is better than one of theirs (0.5: equal), and how many standard deviations that is from 0.5. */
export function compare(ours: readonly number[], theirs: readonly number[], larger: boolean): { better: number; z: number } {
  let wins = 0;
  for (const a of ours) {
    for (const b of theirs) {
      // The reference is rounded to 7 digits.
      const x = Number(a.toPrecision(7));
      wins += x === b ? 0.5 : x > b === larger ? 1 : 0;
    }
  }
  const pairs = ours.length * theirs.length;
  return { better: wins / pairs, z: (wins - pairs / 2) / Math.sqrt((pairs * (ours.length + theirs.length + 1)) / 12) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}
