import { metricOf } from '../task/index.ts';
import type { History, ModelMetrics } from './history.ts';
import { digits, points, UNKNOWN } from './units.ts';

/** How the metric of a history is shown: accuracy in percent, an area or an error as it is. */
export interface QualityView {
  /** As a heading: `Accuracy`. */
  readonly label: string;
  readonly of: (figures: ModelMetrics) => number | null;
  readonly show: (value: number | null | undefined) => string;
  /** How far one is from another: in points, as a difference, or as a share of an error. */
  readonly change: (then: number | null, now: number | null) => string;
  /** What the picture's axis says, by what values are multiplied for it, and whether better is lower. */
  readonly axis: { readonly label: string; readonly factor: number; readonly lower: boolean };
}

export function qualityView({ metric = 'accuracy' }: Pick<History, 'metric'>): QualityView {
  const { label, better, inPercent, show } = metricOf(metric);
  const name = label[0].toUpperCase() + label.slice(1);
  const of = (f: ModelMetrics) => f.quality ?? f.accuracy;
  const lower = better === 'lower';
  const axis = { label: inPercent ? `${name} (%)` : name, factor: inPercent ? 100 : 1, lower };
  const known = (n: number | null | undefined): n is number => typeof n === 'number' && Number.isFinite(n);
  const plain = (value: number | null | undefined) => (known(value) ? show(value) : UNKNOWN);
  const percent = (value: number | null | undefined) => (known(value) ? `${(100 * value).toFixed(2)} %` : UNKNOWN);
  return { label: name, of, show: inPercent ? percent : plain, change: inPercent ? points : lower ? growth : difference, axis };
}

/** `+0.0123` */
function difference(then: number | null, now: number | null): string {
  if (then === null || now === null) return UNKNOWN;
  return `${now < then ? '−' : '+'}${Math.abs(now - then).toFixed(4)}`;
}

/** `3.1 % more`: what an error has grown by. */
function growth(then: number | null, now: number | null): string {
  if (then === null || now === null || then === 0) return UNKNOWN;
  const share = 100 * (now / then - 1);
  return Math.abs(share) < 0.05 ? 'the same' : `${digits(Math.abs(share))} % ${share > 0 ? 'more' : 'less'}`;
}
