import type { Graph } from '../graph/graph.ts';
import { profile, type Target } from '../mcu/index.ts';
import type { Settings } from './options.ts';

/** What a candidate needs and how well it does. Bytes, ms, microjoule. */
export interface Figures {
  readonly flashBytes: number;
  readonly ramBytes: number;
  readonly latencyMs: number;
  readonly energyUj: number | null;
  readonly macs: number;
  readonly weightBytes: number;
  /** Right answers, 0..1; null for a task without right and wrong. */
  readonly accuracy: number | null;
  /** The value of the task's metric. */
  readonly quality: number | null;
  /** The same as one number of which more is better, with the least recalls of classes in it: candidates are compared by it. */
  readonly score: number | null;
}

/** How well a network does on a part. */
export type Found = Pick<Figures, 'accuracy' | 'quality' | 'score'>;

const UNKNOWN: Found = { accuracy: null, quality: null, score: null };

type Way = Pick<Settings, 'runtime' | 'clockMhz' | 'trade'>;

/** How candidates are run on the chip. */
export const wayOf = ({ runtime, clockMhz, trade }: Way): Way => ({ runtime, clockMhz, trade });

export function figuresOf(graph: Graph, target: Target, settings: Way, found: Found | null): Figures {
  const { flashBytes, ramBytes, latencyMs, energyUj, macs, weightBytes } = profile(graph, target, wayOf(settings));
  return { flashBytes, ramBytes, latencyMs, energyUj, macs, weightBytes, ...(found ?? UNKNOWN) };
}
