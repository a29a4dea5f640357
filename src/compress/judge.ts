import type { Graph } from '../graph/graph.ts';
import { profile, type Target } from '../mcu/index.ts';
import type { Settings } from './options.ts';

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

export function figuresOf(graph: Graph, target: Target, { runtime, clockMhz }: Settings, accuracy: number | null): Figures {
  const { flashBytes, ramBytes, latencyMs, energyUj, macs, flash } = profile(graph, target, { runtime, clockMhz });
  return { flashBytes, ramBytes, latencyMs, energyUj, macs, weightBytes: flash.weights + flash.biases, accuracy };
}

/** What must not be exceeded; null where nothing is asked. */
export interface Limits {
  readonly flashBytes: number;
  readonly ramBytes: number;
  readonly latencyMs: number | null;
}

export const limitsOf = (target: Target, s: Settings): Limits => ({
  flashBytes: Math.min(s.flashBudget ?? target.flashBytes, target.flashBytes),
  ramBytes: Math.min(s.ramBudget ?? target.ramBytes, target.ramBytes),
  latencyMs: s.maxLatencyMs ?? null,
});

/** How far over each limit, relative to it; all at or below 0 = it fits. */
export function violations(f: Figures, { flashBytes, ramBytes, latencyMs }: Limits): number[] {
  return [f.flashBytes / flashBytes - 1, f.ramBytes / ramBytes - 1, latencyMs === null ? -1 : f.latencyMs / latencyMs - 1];
}

/** Name, need and limit of each that is exceeded, as texts. */
export function unmet(f: Figures, { flashBytes, ramBytes, latencyMs }: Limits): [what: string, need: string, limit: string][] {
  const size = (n: number) => (n < 1024 ? `${n} bytes` : `${(n / 1024).toFixed(1)} KiB`);
  const time = (ms: number) => `${Number(ms.toPrecision(3))} ms`;
  const all: [string, number, number | null, (n: number) => string][] = [
    ['flash', f.flashBytes, flashBytes, size],
    ['RAM', f.ramBytes, ramBytes, size],
    ['latency', f.latencyMs, latencyMs, time],
  ];
  return all.flatMap(([what, need, limit, show]) => (limit !== null && need > limit ? [[what, show(need), show(limit)]] : []));
}

export const fits = (f: Figures, limits: Limits): boolean => violations(f, limits).every((over) => over <= 0);

/** Weighted mean of the figures, each as a share of what plain int8 quantization needs; lower is better, 1 = as plain int8. */
export function costOf(f: Figures, plain: Figures, { objective }: Settings): number {
  const terms: [number, number][] = [
    [objective.flash, f.flashBytes / plain.flashBytes],
    [objective.ram, f.ramBytes / plain.ramBytes],
    [objective.latency, f.latencyMs / plain.latencyMs],
    [objective.energy, f.energyUj !== null && plain.energyUj ? f.energyUj / plain.energyUj : 0],
  ];
  const total = terms.reduce((sum, [weight]) => sum + weight, 0);
  return terms.reduce((sum, [weight, share]) => sum + weight * share, 0) / (total || 1);
}

/** A point of accuracy under the goal weighs as much as a fifth of what plain int8 needs. */
const PENALTY = 20;

export const penaltyOf = (accuracy: number | null, floor: number): number => PENALTY * Math.max(0, floor - (accuracy ?? 0));
