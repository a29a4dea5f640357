/** What a candidate must not exceed. */
import type { Target } from '../mcu/index.ts';
import { bytes } from '../report/units.ts';
import type { Figures } from './figures.ts';
import type { Settings } from './options.ts';

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
export const RESOURCES = Object.keys(FIGURE_OF) as Resource[];

/** What must not be exceeded; null where nothing is asked. */
export type Limits = Readonly<Record<Resource, number | null>>;

/** What a caller allows. */
export const budgetsOf = (s: Settings): Limits => ({
  flash: s.flashBudget ?? null,
  ram: s.ramBudget ?? null,
  latency: s.maxLatencyMs ?? null,
  energy: s.maxEnergyUj ?? null,
  weights: s.weightBudget ?? null,
  macs: s.maxMacs ?? null,
});

/** The same within what the chip has. */
export function limitsOf(target: Target, settings: Settings): Limits {
  const budgets = budgetsOf(settings);
  return {
    ...budgets,
    flash: Math.min(budgets.flash ?? target.flashBytes, target.flashBytes),
    ram: Math.min(budgets.ram ?? target.ramBytes, target.ramBytes),
  };
}

/** By the names of figures. */
export const byFigure = (limits: Limits): Record<(typeof FIGURE_OF)[Resource], number | null> =>
  Object.fromEntries(RESOURCES.map((r) => [FIGURE_OF[r], limits[r]])) as ReturnType<typeof byFigure>;

/** How far over each limit, relative to it; all at or below 0 = it fits. */
export const violations = (f: Figures, limits: Limits): number[] =>
  RESOURCES.map((r) => (limits[r] === null ? -1 : (f[FIGURE_OF[r]] ?? 0) / limits[r] - 1));

export const fits = (f: Figures, limits: Limits): boolean => violations(f, limits).every((over) => over <= 0);

const SHOWN: Readonly<Record<Resource, readonly [what: string, show: (n: number) => string]>> = {
  flash: ['flash', bytes],
  ram: ['RAM', bytes],
  latency: ['latency', (ms) => `${Number(ms.toPrecision(3))} ms`],
  energy: ['energy', (uj) => `${Number(uj.toPrecision(3))} µJ`],
  weights: ['weights', bytes],
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
export function budgetsText(settings: Settings): string {
  const budgets = budgetsOf(settings);
  return RESOURCES.flatMap((r) => {
    const [[what, show], limit] = [SHOWN[r], budgets[r]];
    return limit === null ? [] : [r === 'macs' ? `${show(limit)} MACs` : `${show(limit)} of ${what}`];
  }).join(', ');
}
