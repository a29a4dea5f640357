// Problems for samplers that need no data: valleys in ten dimensions, and two compressions with two objectives.
import { hypervolume, type Sampler, Study, type Trial } from '../src/search/index.ts';
import type { Peer } from './python.ts';

type Params = Readonly<Record<string, string | number>>;

interface Space {
  readonly name: string;
  readonly type: 'float' | 'int' | 'categorical';
  readonly low?: number;
  readonly high?: number;
  readonly log?: boolean;
  readonly step?: number;
  readonly choices?: readonly (string | number)[];
  /** Whether it is asked for after these. */
  readonly exists?: (before: Params) => boolean;
}

export interface Problem {
  readonly name: string;
  readonly objectives: number;
  readonly space: readonly Space[];
  evaluate(params: Params): number[];
}

const float = (name: string, low: number, high: number, more: Partial<Space> = {}): Space => ({
  name,
  type: 'float',
  low,
  high,
  ...more,
});
const int = (name: string, low: number, high: number, more: Partial<Space> = {}): Space => ({
  name,
  type: 'int',
  low,
  high,
  ...more,
});
const choice = (name: string, choices: Space['choices'], more: Partial<Space> = {}): Space => ({
  name,
  type: 'categorical',
  choices,
  ...more,
});
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const square = (x: number): number => x * x;
const CENTRE = [3.1, -4.7, 1.9, 6.2, -2.3, -5.8, 4.4, 0.7, -6.9, 2.6];

/** Levy's function: smallest, 0, at 1 ... 1. */
function levy(x: readonly number[]): number {
  const w = x.map((v) => 1 + (v - 1) / 4);
  const last = w[w.length - 1];
  const middle = w.slice(0, -1).map((v) => square(v - 1) * (1 + 10 * square(Math.sin(Math.PI * v + 1))));
  return square(Math.sin(Math.PI * w[0])) + sum(middle) + square(last - 1) * (1 + square(Math.sin(2 * Math.PI * last)));
}

const valleys = (name: string, limit: number, f: (x: readonly number[]) => number): Problem => ({
  name,
  objectives: 1,
  space: times(10, (i) => float(`x${i}`, -limit, limit)),
  evaluate: (p) => [f(times(10, (i) => p[`x${i}`] as number))],
});

const SHARES = [4, 16, 48, 96, 128, 20].map((w) => w / 312);
const HARM = [0.3, 0.12, 0.06, 0.05, 0.03, 0.22];
const BITS_HARM: Readonly<Record<string | number, number>> = { 2: 0.5, 4: 0.08, 8: 0.01 };

/** Size and loss of six layers: a ratio and bits for each, and how the network is trained again. */
const layers: Problem = {
  name: 'layers, 2 objectives',
  objectives: 2,
  space: [
    ...times(6, (i) => float(`ratio${i}`, 0, 0.9, { step: 0.05 })),
    ...times(6, (i) => choice(`bits${i}`, [2, 4, 8])),
    float('rate', 1e-5, 1e-1, { log: true }),
    int('epochs', 1, 30),
    choice('order', ['PQ', 'QP']),
  ],
  evaluate: (p) => {
    const [cut, rounded] = p.order === 'PQ' ? [1, 1.3] : [1.2, 1];
    const size = sum(SHARES.map((share, i) => (share * (1 - (p[`ratio${i}`] as number)) * (p[`bits${i}`] as number)) / 8));
    const losses = HARM.map((harm, i) => {
      const ofCut = (cut * (Math.exp(3 * (p[`ratio${i}`] as number)) - 1)) / 19;
      return harm * (ofCut + rounded * BITS_HARM[p[`bits${i}`]]);
    });
    const won = Math.exp(-square(Math.log10(p.rate as number) + 3)) * (1 - Math.exp(-(p.epochs as number) / 8));
    return [size, sum(losses) * (1 - 0.6 * won)];
  },
};

const isOn = (name: string) => (p: Params) => p[name] === 'on';
const STAGE_BITS: Readonly<Record<string | number, number>> = { 2: 0.4, 4: 0.07, 8: 0.012, 16: 0.002 };
const CALIBRATORS: Readonly<Record<string, number>> = { minmax: 1.6, percentile: 0.9, entropy: 1.1 };

/** Root of the size and loss after three stages, each of which may be off. */
const stages: Problem = {
  name: 'stages, 2 objectives',
  objectives: 2,
  space: [
    choice('prune', ['off', 'on']),
    float('ratio', 0, 0.95, { exists: isOn('prune') }),
    choice('kind', ['magnitude', 'channel'], { exists: isOn('prune') }),
    ...[0.4, 1.3, 1.7].map((_, i) => float(`worth${i}`, 0, 2, { exists: isOn('prune') })),
    choice('quantize', ['off', 'on']),
    choice('bits', [2, 4, 8, 16], { exists: isOn('quantize') }),
    choice('calibrator', Object.keys(CALIBRATORS), { exists: isOn('quantize') }),
    choice('distill', ['off', 'on']),
    float('temperature', 1, 20, { log: true, exists: isOn('distill') }),
    float('alpha', 0, 1, { exists: isOn('distill') }),
  ],
  evaluate: (p) => {
    let [size, loss] = [1, 0.02];
    if (p.prune === 'on') {
      const [saved, harm] = p.kind === 'channel' ? [0.95, 0.9] : [0.5, 0.35];
      const ratio = p.ratio as number;
      const off = sum([0.4, 1.3, 1.7].map((best, i) => square((p[`worth${i}`] as number) - best)));
      size *= 1 - saved * ratio;
      loss += harm * ratio ** 3 * (1 + 0.3 * off);
    }
    if (p.quantize === 'on') {
      size *= (p.bits as number) / 32;
      loss += STAGE_BITS[p.bits] * CALIBRATORS[p.calibrator];
    }
    if (p.distill === 'on') {
      const won = 0.7 * Math.exp(-2 * square(Math.log((p.temperature as number) / 4)));
      loss = loss * (1 - won * (1 - square((p.alpha as number) - 0.7) / 0.49)) + 0.01;
    }
    return [Math.sqrt(size), Math.min(1, loss)];
  },
};

export const PROBLEMS: readonly Problem[] = [
  valleys('Levy', 10, levy),
  valleys('Levy, moved', 10, (x) => levy(x.map((v, i) => v - CENTRE[i] + 1))),
  valleys('Rastrigin', 5.12, (x) =>
    sum(x.map((v, i) => square(v - CENTRE[i] / 2) + 10 * (1 - Math.cos(2 * Math.PI * (v - CENTRE[i] / 2))))),
  ),
  layers,
  stages,
];

const score = (problem: Problem, values: readonly (readonly number[])[]): number =>
  problem.objectives === 1 ? Math.min(...values.map(([v]) => v)) : hypervolume(values, [1, 1]);

function suggest(trial: Trial, { name, type, low = 0, high = 0, log, step, choices = [] }: Space): string | number {
  if (type === 'categorical') return trial.suggestCategorical(name, choices);
  return type === 'int' ? trial.suggestInt(name, low, high, { log, step }) : trial.suggestFloat(name, low, high, { log, step });
}

/** The score after a number of trials: the smallest value, or with two objectives the area dominated up to (1, 1). */
export async function runOurs(problem: Problem, sampler: Sampler, seed: number, trials: number): Promise<number> {
  const study = new Study({ directions: Array(problem.objectives).fill('minimize'), sampler, seed });
  const values: number[][] = [];
  for (let i = 0; i < trials; i++) {
    const trial = (await study.ask((t) => {
      const params: Record<string, string | number> = {};
      for (const s of problem.space) if (s.exists?.(params) ?? true) params[s.name] = suggest(t, s);
      return params;
    }))!;
    values.push(problem.evaluate(trial.point));
    await study.tell(trial, values[i]);
  }
  return score(problem, values);
}

/** The same by Optuna's TPESampler with these options (bench/peers/optuna_suggest.py). */
export async function runOptuna(
  peer: Peer<string, string | number>,
  problem: Problem,
  options: object,
  seed: number,
  trials: number,
): Promise<number> {
  const values: number[][] = [];
  await peer.ask({ study: { objectives: problem.objectives, seed, options } });
  for (let i = 0; i < trials; i++) {
    const params: Record<string, string | number> = {};
    for (const { exists, ...s } of problem.space) if (exists?.(params) ?? true) params[s.name] = await peer.ask({ suggest: s });
    values.push(problem.evaluate(params));
    await peer.ask({ tell: values[i] });
  }
  return score(problem, values);
}
