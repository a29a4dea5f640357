import { CompressError } from '../errors.ts';
import { type Distribution, fromLine, isDiscrete, isSingle, line } from './distribution.ts';
import { exp } from '../elementary.ts';
import { Parzen } from './parzen.ts';
import { type Direction, losses, type TrialRecord, violation } from './record.ts';

/** The share of trials that are good. */
const GOOD = 0.1;
/** Complete trials that it takes. */
const FEWEST = 20;
/** Number of points that a numeric range is sampled at. */
const PLACES = 50;

/**
 * How much each parameter decides whether a trial is good: how far its density among the best tenth of the complete trials is from its density
 * among all (Pearson's divergence), as shares that sum to 1, largest first. Infeasible trials are not good.
 *
 * Source: Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces", 2023.
 *
 * @param study     a study, or what it knows
 * @param objective index of the objective
 * @throws CompressError `bad-option` for an objective that the study has not, or fewer than 20 complete trials
 */
export function importances(
  study: { readonly records: readonly TrialRecord[]; readonly directions: readonly Direction[] },
  objective = 0,
): Record<string, number> {
  const { directions } = study;
  const trials = study.records.filter((t) => t.state === 'complete');
  if (!(objective in directions)) {
    const fix = `give 0 to ${directions.length - 1}`;
    throw new CompressError('bad-option', `there is no objective ${objective}`, fix);
  }
  if (trials.length < FEWEST) {
    throw new CompressError(
      'bad-option',
      `${trials.length} complete trials do not show what is important`,
      `run at least ${FEWEST}`,
    );
  }
  const loss = (t: TrialRecord) => losses(t.values!, directions)[objective];
  const ranked = [...trials].sort((a, b) => compare(violation(a), violation(b)) || compare(loss(a), loss(b)));
  const good = new Set(ranked.slice(0, Math.ceil(GOOD * ranked.length)));
  const found = [...rangesOf(trials)].map(([name, d]): [string, number] => [name, divergence(trials, good, name, d)]);
  const total = found.reduce((sum, [, v]) => sum + v, 0);
  return Object.fromEntries(found.map(([name, v]): [string, number] => [name, total > 0 ? v / total : 0]).sort(byShare));
}

const byShare = ([a, x]: [string, number], [b, y]: [string, number]): number => compare(y, x) || (a < b ? -1 : 1);

/** The latest distribution of each parameter that has more than one value. */
function rangesOf(trials: readonly TrialRecord[]): Map<string, Distribution> {
  const ranges = new Map<string, Distribution>();
  for (const { params } of trials) for (const [name, p] of params) ranges.set(name, p.distribution);
  return new Map([...ranges].filter(([, d]) => !isSingle(d)));
}

function divergence(trials: readonly TrialRecord[], good: ReadonlySet<TrialRecord>, name: string, d: Distribution): number {
  const having = trials.filter((t) => t.params.has(name));
  const density = (some: readonly TrialRecord[]) => {
    const x = some.map((t) => t.params.get(name)!.internal);
    const parzen = new Parzen([d], [x], { wide: true, weights: x.map(() => 1) });
    return shares(placesOf(d).map((place) => exp(parzen.logDensity([place]))));
  };
  const best = having.filter((t) => good.has(t));
  if (best.length === 0) return 0;
  const [p, q] = [density(best), density(having)];
  return q.reduce((sum, all, i) => sum + (p[i] / all - 1) ** 2 * all, 0);
}

const shares = (values: readonly number[]): number[] => {
  const total = values.reduce((a, b) => a + b, 0);
  return values.map((v) => v / total);
};

/** Places all over a distribution, evenly on its line. */
function placesOf(d: Distribution): number[] {
  if (d.kind === 'categorical') return d.choices.map((_, i) => i);
  const { low, high } = line(d);
  const places = Array.from({ length: PLACES }, (_, i) => fromLine(d, low + ((i + 0.5) / PLACES) * (high - low)));
  return isDiscrete(d) ? [...new Set(places)] : places;
}

const compare = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);
