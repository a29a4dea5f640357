/** What tasks are judged by. */

export interface Metric {
  /** As people read it. */
  readonly label: string;
  readonly better: 'higher' | 'lower';
  /**
   * What a largest drop is counted in: `points`, the difference of two shares (0.01 is one point), or `share`, a part of the value itself
   * (0.02: it may be 2 % worse).
   */
  readonly drop: 'points' | 'share';
  /** Whether it is shown in percent. */
  readonly inPercent: boolean;
  /** A value in words: `97.2 %`, `0.0123`. */
  show(value: number): string;
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const plain = (value: number): string => String(Number(value.toPrecision(4)));

/** A share of examples, 0..1. */
const share = (label: string): Metric => ({ label, better: 'higher', drop: 'points', inPercent: true, show: percent });
/** An area or a coefficient, 1 at best. */
const score = (label: string): Metric => ({
  label,
  better: 'higher',
  drop: 'points',
  inPercent: false,
  show: (v) => v.toFixed(4),
});
/** In the unit of the targets (or its square), 0 at best. */
const error = (label: string): Metric => ({ label, better: 'lower', drop: 'share', inPercent: false, show: plain });

export const METRICS = {
  accuracy: share('accuracy'),
  balanced: share('balanced accuracy'),
  f1: share('F1'),
  exact: share('all labels right'),
  auc: score('area under the ROC curve (AUC)'),
  rmse: error('root mean squared error (RMSE)'),
  mae: error('mean absolute error (MAE)'),
  mse: error('mean squared error'),
  r2: score('R2'),
} satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

export const metricOf = (name: MetricName): Metric => METRICS[name];

/** A metric's value so that more is better. */
export const upward = (name: MetricName, value: number): number => (metricOf(name).better === 'higher' ? value : -value);

/** `97.2 % accuracy`, `mean squared error 0.0123`; `-` for what has no value. */
export function showMetric(name: MetricName, value: number | null): string {
  const { label, show } = metricOf(name);
  return value === null ? `${label} -` : `${label} ${show(value)}`;
}

/** How much worse `after` is than `before`, in the unit of the metric's drop; below 0 where it is better. */
export function dropBetween(name: MetricName, before: number, after: number): number {
  const worse = upward(name, before) - upward(name, after);
  if (metricOf(name).drop === 'points') return worse;
  return worse / Math.max(Math.abs(before), Number.MIN_VALUE);
}

/** A drop in words: `1.25 points` of a share, `1.3 %` of an error. */
export const showDrop = (name: MetricName, drop: number): string =>
  metricOf(name).drop === 'points' ? `${(100 * drop).toFixed(2)} points` : `${Number((100 * drop).toPrecision(2))} %`;

/** The value that is left after a drop. */
export function afterDrop(name: MetricName, before: number, drop: number): number {
  const { better, drop: unit } = metricOf(name);
  const change = unit === 'points' ? drop : drop * Math.abs(before);
  return better === 'higher' ? before - change : before + change;
}
