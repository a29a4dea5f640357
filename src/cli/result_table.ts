/** What a compression came to beside what it began with: a table of 80 columns, each row in one unit. */
import type { CompressResult } from '../compress/index.ts';
import { digits, ratio } from '../report/units.ts';
import { dropBetween, type MetricName, metricOf } from '../task/index.ts';
import { table } from './output.ts';

/** Units of one kind, from the largest, and what one of them is of the smallest. */
type Units = readonly (readonly [name: string, size: number])[];

const BYTES: Units = [
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['B', 1],
];
const TIME: Units = [
  ['s', 1e3],
  ['ms', 1],
];
const ENERGY: Units = [
  ['mJ', 1e3],
  ['µJ', 1],
];
const COUNT: Units = [
  ['M', 1e6],
  ['k', 1e3],
  ['', 1],
];

/** Values of a row in the largest unit in which none is below 1. */
function inOneUnit(values: readonly (number | null)[], units: Units): string[] {
  const least = Math.min(...values.filter((n) => n !== null));
  const [name, size] = units.find((u) => least >= u[1]) ?? units[units.length - 1];
  return values.map((n) => (n === null ? '-' : `${digits(n / size)} ${name}`.trim()));
}

type Found = CompressResult['result'];

/** The test part's quality, and figures with how many times less they are than those of the model as given and of plain int8. */
export function resultTable({
  original,
  ptq,
  result,
  task: { metric },
}: Pick<CompressResult, 'original' | 'ptq' | 'result' | 'task'>): string {
  const all = [original, ptq, result];
  const row = (label: string, pick: (f: Found) => number | null, units: Units) => {
    const [a, b, c] = all.map(pick);
    return [label, ...inOneUnit([a, b, c], units), ratio(a, c), ratio(b, c)];
  };
  const quality = ({ quality: q }: Found) => (q === null ? '-' : metricOf(metric).show(q));
  const rows = [
    row('flash', (f) => f.flashBytes, BYTES),
    row('RAM', (f) => f.ramBytes, BYTES),
    row('latency', (f) => f.latencyMs, TIME),
    row('energy', (f) => f.energyUj, ENERGY),
    row('MACs', (f) => f.macs, COUNT),
    row('weights', (f) => f.weightBytes, BYTES),
    [metric, ...all.map(quality), ...[original, ptq].map((then) => qualityChange(metric, then.quality, result.quality))],
  ];
  return table(['', 'as given', 'plain int8', 'Thumbnet', 'vs given', 'vs int8'], rows);
}

/** `-0.3 points`; of an error `1.2 % worse`. */
export function qualityChange(metric: MetricName, then: number | null, now: number | null): string {
  if (then === null || now === null) return '-';
  const lost = 100 * dropBetween(metric, then, now);
  if (metricOf(metric).drop === 'points') return `${lost <= 0 ? '+' : ''}${(-lost).toFixed(1)} points`;
  return `${Math.abs(lost).toFixed(1)} % ${lost > 0 ? 'worse' : 'better'}`;
}
