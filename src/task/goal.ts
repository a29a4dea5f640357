import { listed } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { afterDrop, dropBetween, type MetricName, metricOf, showMetric } from './metrics.ts';
import type { Task } from './task.ts';

/** What is asked of a model's quality. */
export interface GoalOptions {
  /** The value of the metric that must be kept: at least so much, or of an error at most. */
  readonly goal?: number;
  /** Largest loss against the model as given, in the metric's own unit: 0.01 is one point of accuracy, or 1 % more error. */
  readonly maxDrop?: number;
  /** Least recall of single classes, by their names or numbers. */
  readonly minRecall?: Readonly<Record<string, number>>;
}

/** The same as numbers that every candidate is compared with. */
export interface Goal {
  readonly metric: MetricName;
  /** The worst value of the metric that is good enough. */
  readonly floor: number;
  readonly recalls: readonly { readonly class: number; readonly least: number }[];
}

/** What is allowed where nothing is asked. */
const DEFAULT_DROP = { points: 0.01, share: 0.05 } as const;

export const defaultDrop = (metric: MetricName): number => DEFAULT_DROP[metricOf(metric).drop];

/**
 * @param before the metric's value of the model as given
 * @throws CompressError `bad-option` for a value or a class that cannot be
 */
export function goalOf(task: Task, before: number, { goal, maxDrop, minRecall = {} }: GoalOptions): Goal {
  const { metric } = task;
  checkGoal(metric, goal, maxDrop);
  const floor = goal ?? afterDrop(metric, before, maxDrop ?? defaultDrop(metric));
  const recalls = Object.entries(minRecall).map(([name, least]) => ({
    class: classNamed(task, name),
    least: shareOf(name, least),
  }));
  return { metric, floor, recalls };
}

function checkGoal(metric: MetricName, goal: number | undefined, maxDrop: number | undefined): void {
  const { label, better } = metricOf(metric);
  if (goal !== undefined && maxDrop !== undefined) throw bad('a goal and a largest drop are both given', 'give one of them');
  if (maxDrop !== undefined) checkDrop(metric, maxDrop);
  if (goal === undefined) return;
  const fits = Number.isFinite(goal) && (better === 'lower' ? goal >= 0 : goal <= 1);
  if (!fits)
    throw bad(`${label} of ${goal} cannot be reached`, better === 'lower' ? 'give a number from 0' : `give ${asShare(goal)}`);
}

const bad = (what: string, fix: string) => new CompressError('bad-option', what, fix);

/** What a number was meant for that is no share, where it may be one of percents. */
const asShare = (value: number): string =>
  value >= 1 && value <= 100
    ? `a number from 0 to 1: ${value} % is ${Number((value / 100).toPrecision(6))}, on the command line also ${value}%`
    : 'a number from 0 to 1';

/** @throws CompressError `bad-option` for a drop below 0, or one so large that nothing would be kept */
export function checkDrop(metric: MetricName, maxDrop: number): void {
  const { label, drop } = metricOf(metric);
  if (!(maxDrop >= 0)) throw bad(`a drop of ${maxDrop} cannot be`, 'give a number from 0, as 0.01');
  if (drop === 'points' && maxDrop >= 1)
    throw bad(`a drop of ${maxDrop} is ${100 * maxDrop} points of ${label}, so that nothing is kept`, `give ${asShare(maxDrop)}`);
}

function classNamed(task: Task, name: string): number {
  if (task.name === 'regression' || task.name === 'reconstruction') {
    throw new CompressError('bad-option', `${task.name} has no classes, so none has a recall`, 'leave it out');
  }
  const names = classNamesOf(task);
  const found = names.includes(name) ? names.indexOf(name) : /^\d+$/.test(name) ? Number(name) : -1;
  if (found >= 0 && found < names.length) return found;
  throw new CompressError('bad-option', `there is no class "${name}"`, `classes are ${listed(names, 12)}`);
}

/** Of classes or labels; their numbers where they have no names. */
export function classNamesOf({ name, classNames, width }: Pick<Task, 'name' | 'classNames' | 'width'>): string[] {
  const count = name === 'binary' ? 2 : width;
  return Array.from({ length: count }, (_, c) => classNames?.[c] ?? String(c));
}

function shareOf(name: string, least: number): number {
  if (least >= 0 && least <= 1) return least;
  throw bad(`a recall of ${least} for "${name}" cannot be`, `give ${asShare(least)}`);
}

/** What is compared with a goal; an `Evaluation` is one. */
export interface Judged {
  readonly quality: number | null;
  readonly perClass: readonly (number | null)[];
}

/** `accuracy at least 95.0 %, recall of "cat" at least 90.0 %` */
export function describeGoal(goal: Goal, task: Pick<Task, 'classNames'>): string {
  const { label, show, better } = metricOf(goal.metric);
  const own = `${label} ${better === 'higher' ? 'at least' : 'at most'} ${show(goal.floor)}`;
  return [own, ...describeRecalls(goal, task)].join(', ');
}

/** `recall of "cat" at least 90.0 %` of each class that has one. */
export const describeRecalls = ({ recalls }: Goal, { classNames }: Pick<Task, 'classNames'>): string[] =>
  recalls.map((r) => `recall of "${classNames?.[r.class] ?? r.class}" at least ${metricOf('accuracy').show(r.least)}`);

/** What of a goal is missed, in words; empty where it is reached. */
export function missed(goal: Goal, judged: Judged, task: Pick<Task, 'classNames'>): string[] {
  const { metric, floor, recalls } = goal;
  const own = judged.quality === null || dropBetween(metric, floor, judged.quality) > 0;
  const others = recalls.filter((r) => (judged.perClass[r.class] ?? 1) < r.least);
  return [
    ...(own ? [`${showMetric(metric, judged.quality)} where ${metricOf(metric).show(floor)} is asked`] : []),
    ...others.map((r) => {
      const share = metricOf('accuracy').show;
      return `recall of "${task.classNames?.[r.class] ?? r.class}" ${share(judged.perClass[r.class]!)} where ${share(r.least)} is asked`;
    }),
  ];
}
