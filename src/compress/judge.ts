/** What a candidate needs, what is asked of it, and how far it is from that. */
import type { Graph } from '../graph/graph.ts';
import { profile, type Target } from '../mcu/index.ts';
import { dropOf, type Settings } from './options.ts';

/** What a candidate needs and how well it does. Bytes, ms, microjoule; accuracy 0..1. */
export interface Figures {
  readonly flashBytes: number;
  readonly ramBytes: number;
  readonly latencyMs: number;
  readonly energyUj: number | null;
  readonly macs: number;
  readonly weightBytes: number;
  readonly accuracy: number | null;
}

export function figuresOf(
  graph: Graph,
  target: Target,
  { runtime, clockMhz }: Pick<Settings, 'runtime' | 'clockMhz'>,
  accuracy: number | null,
): Figures {
  const { flashBytes, ramBytes, latencyMs, energyUj, macs, flash } = profile(graph, target, { runtime, clockMhz });
  return { flashBytes, ramBytes, latencyMs, energyUj, macs, weightBytes: flash.weights + flash.biases, accuracy };
}

/** The figure that each word of an objective, a limit or a target means. */
export const FIGURE_OF = {
  flash: 'flashBytes',
  ram: 'ramBytes',
  latency: 'latencyMs',
  energy: 'energyUj',
  weights: 'weightBytes',
  macs: 'macs',
} as const;

export type Resource = keyof typeof FIGURE_OF;
const RESOURCES = Object.keys(FIGURE_OF) as Resource[];

/** What must not be exceeded; null where nothing is asked. */
export type Limits = Readonly<Record<Resource, number | null>>;

export const limitsOf = (target: Target, s: Settings): Limits => ({
  flash: Math.min(s.flashBudget ?? target.flashBytes, target.flashBytes),
  ram: Math.min(s.ramBudget ?? target.ramBytes, target.ramBytes),
  latency: s.maxLatencyMs ?? null,
  energy: s.maxEnergyUj ?? null,
  weights: s.weightBudget ?? null,
  macs: s.maxMacs ?? null,
});

/** How far over each limit, relative to it; all at or below 0 = it fits. */
export const violations = (f: Figures, limits: Limits): number[] =>
  RESOURCES.map((r) => (limits[r] === null ? -1 : (f[FIGURE_OF[r]] ?? 0) / limits[r] - 1));

export const fits = (f: Figures, limits: Limits): boolean => violations(f, limits).every((over) => over <= 0);

const size = (n: number) => (n < 1024 ? `${n} bytes` : `${(n / 1024).toFixed(1)} KiB`);
const SHOWN: Readonly<Record<Resource, readonly [what: string, show: (n: number) => string]>> = {
  flash: ['flash', size],
  ram: ['RAM', size],
  latency: ['latency', (ms) => `${Number(ms.toPrecision(3))} ms`],
  energy: ['energy', (uj) => `${Number(uj.toPrecision(3))} µJ`],
  weights: ['weights', size],
  macs: ['MACs', (n) => `${n}`],
};

/** Name, need and limit of each that is exceeded, as texts. */
export const unmet = (f: Figures, limits: Limits): [what: string, need: string, limit: string][] =>
  RESOURCES.flatMap((r) => {
    const [limit, need] = [limits[r], f[FIGURE_OF[r]] ?? 0];
    const [what, show] = SHOWN[r];
    return limit !== null && need > limit ? [[what, show(need), show(limit)]] : [];
  });

/** What a caller allows beside the chip's own limits: `16.0 KiB of flash, 20 ms of latency`; empty where nothing is. */
export function budgetsText(s: Settings): string {
  const given = {
    flash: s.flashBudget,
    ram: s.ramBudget,
    latency: s.maxLatencyMs,
    energy: s.maxEnergyUj,
    weights: s.weightBudget,
    macs: s.maxMacs,
  };
  return RESOURCES.flatMap((r) => {
    const [[what, show], limit] = [SHOWN[r], given[r]];
    return limit === undefined ? [] : [r === 'macs' ? `${show(limit)} MACs` : `${show(limit)} of ${what}`];
  }).join(', ');
}

/** What candidates are judged by. Plain data, the same in every thread. */
export interface Goal {
  readonly target: Target;
  readonly settings: Settings;
  readonly limits: Limits;
  /** Plain int8 quantization of the model as given, with its accuracy on the validation part. */
  readonly plain: Figures;
  /** Accuracies of the validation part: of the model as given, and the one to keep. */
  readonly before: number;
  readonly floor: number;
}

export function goalOf(target: Target, settings: Settings, plain: Figures, before: number): Goal {
  const floor = settings.minAccuracy ?? before - dropOf(settings);
  return { target, settings, limits: limitsOf(target, settings), plain, before, floor };
}

/** Weighted mean of the figures, each as a share of what plain int8 quantization needs; lower is better, 1 = as plain int8. */
export function costOf(f: Figures, { plain, settings: { objective, enough } }: Goal): number {
  let [sum, total] = [0, 0];
  for (const r of RESOURCES) {
    const [need, whole] = [f[FIGURE_OF[r]], plain[FIGURE_OF[r]]];
    total += objective[r];
    if (need !== null && whole) sum += (objective[r] * Math.max(need, enough[r] ?? 0)) / whole;
  }
  total += objective.quality;
  if (f.accuracy !== null && objective.quality > 0) sum += (objective.quality * wrong(f.accuracy)) / wrong(plain.accuracy ?? 0);
  return sum / (total || 1);
}

/** Share of wrong answers; one in a thousand at least, so that a perfect model can be compared with. */
const wrong = (accuracy: number): number => Math.max(1e-3, 1 - accuracy);

/** Whether every figure that counts is small enough. */
export const isEnough = (f: Figures, { objective, enough }: Pick<Settings, 'objective' | 'enough'>): boolean =>
  RESOURCES.every((r) => objective[r] === 0 || (enough[r] !== undefined && (f[FIGURE_OF[r]] ?? 0) <= enough[r]));

/** A point of accuracy under the goal weighs as much as half of what plain int8 needs. */
const PENALTY = 50;
/** Of two that cost the same, the one that answers more. */
const TIE = 0.01;

/**
 * What the search lowers: the cost, and a penalty for accuracy that is missing.
 *
 * @param margin accuracy that luck may have added
 */
export function worthOf(f: Figures, margin: number, goal: Goal): number {
  const accuracy = (f.accuracy ?? 0) - margin;
  return costOf(f, goal) + PENALTY * Math.max(0, goal.floor - accuracy) + TIE * Math.max(0, goal.before - accuracy);
}

/** Differing examples that are added to those counted, as few may differ by luck (the plus-four rule of Agresti and Caffo, 2000). */
const UNSEEN = 4;

/**
 * The one margin: the standard error of a loss of accuracy, from the examples that one of two networks answers right and the other wrong, and
 * at most half of the loss that is allowed.
 */
export function marginOf(right: ArrayLike<number>, reference: ArrayLike<number>, { before, floor }: Goal): number {
  let differ = UNSEEN;
  for (let i = 0; i < right.length; i++) differ += Math.abs(right[i] - reference[i]);
  return Math.min(Math.sqrt(differ) / right.length, Math.max(0, before - floor) / 2);
}

/** The smallest loss of accuracy that is significant on this many examples: five of them lost and none won (sign test, one side, 5 %). */
export const smallestLoss = (examples: number): number => 5 / examples;

/**
 * The exact sign test of a loss, on examples that nothing was chosen by: of those that changed sides, so many are lost where a network loses no
 * more than allowed.
 *
 * @param allowed share of all examples that may be lost
 * @returns the chance of this many losses or more
 */
export function chanceOfLosses(right: ArrayLike<number>, reference: ArrayLike<number>, allowed: number): number {
  let [lost, won] = [0, 0];
  for (let i = 0; i < right.length; i++) {
    const change = right[i] - reference[i];
    if (change < 0) lost++;
    else if (change > 0) won++;
  }
  const n = lost + won;
  if (n === 0) return 1;
  const share = Math.min(1, 0.5 + (allowed * right.length) / (2 * n));
  return binomialTail(n, lost, share);
}

/** Chance of `least` or more hits among n, each with chance p; by products alone, the same in every host. */
export function binomialTail(n: number, least: number, p: number): number {
  if (p >= 1) return 1;
  // Hits one by one from the mode outwards would be stable as well; n is small enough for a table of rows.
  let row = Float64Array.of(1);
  for (let i = 1; i <= n; i++) {
    const next = new Float64Array(i + 1);
    for (let k = 0; k < i; k++) {
      next[k] += row[k] * (1 - p);
      next[k + 1] += row[k] * p;
    }
    row = next;
  }
  let tail = 0;
  for (let k = n; k >= least; k--) tail += row[k];
  return Math.min(1, tail);
}
