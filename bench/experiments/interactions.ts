/**
 * Writes the section on interactions in README.md here from what `thumbnet interactions --json` printed.
 *   node --import tsx bench/experiments/interactions.ts NAME=FILE..
 */
import { readFileSync } from 'node:fs';
import { movesOf } from '../../src/ablate/interactions.ts';
import { table } from '../section.ts';
import { writeSection } from './sections.ts';

type Range = Parameters<typeof movesOf>[0][number] & { readonly beforeDb: number | null; readonly afterDb: number | null };

interface Printed {
  readonly ratio: number;
  readonly kinds: readonly {
    readonly kind: string;
    readonly macs: number;
    readonly float: number;
    readonly integer: number;
    readonly ranges: readonly Range[];
  }[];
  readonly recoveries: readonly {
    readonly degree: number;
    readonly teacher: string;
    readonly given: number;
    readonly cut: number;
    readonly distilled: number;
    readonly examples: number;
    readonly multiplications: number;
  }[];
}

const percent = (share: number): string => (100 * share).toFixed(1);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const files = process.argv.slice(2).map((text) => text.split('='));
if (files.length === 0 || files.some((f) => f.length !== 2)) throw new Error('give NAME=FILE');
const found = files.map(([name, file]): [string, Printed] => [name, JSON.parse(readFileSync(file, 'utf8'))]);

function moved(ranges: readonly Range[]): string[] {
  if (ranges.length === 0) return ['', '', ''];
  const { width, schemes } = movesOf(ranges);
  const gains = ranges.flatMap(({ beforeDb, afterDb }) => (beforeDb === null || afterDb === null ? [] : [afterDb - beforeDb]));
  return [width.toFixed(2), `${schemes} of ${ranges.length}`, mean(gains).toFixed(1)];
}

const kinds = found.flatMap(([name, { kinds }]) =>
  kinds.map((k) => [`${name}, ${k.kind}`, percent(k.macs), percent(k.float), percent(k.integer), ...moved(k.ranges)]),
);
const recoveries = found.flatMap(([name, { recoveries }]) =>
  recoveries.map((r) => [
    `${name}, ${percent(r.degree)} %, ${r.teacher}`,
    percent(r.given),
    percent(r.cut),
    percent(r.distilled),
    r.examples,
    (r.multiplications / 1e9).toFixed(1),
  ]),
);
writeSection(
  'interactions',
  [
    table(
      ['pruned', 'MACs, %', 'in float, %', 'in int8, %', 'width of ranges, of that before', 'another scheme', 'chosen again, dB'],
      kinds,
    ),
    table(['channels cut, teacher', 'given, %', 'after the cut, %', 'distilled, %', 'examples', 'G multiplications'], recoveries),
  ].join('\n\n'),
);
