/**
 * Writes the section on ablations in README.md here from what `thumbnet ablate` wrote.
 *   node --import tsx bench/experiments/ablations.ts FOLDER..      the same job for several chips gives one table
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Ablation,
  ablationSchema,
  differenceText,
  heldText,
  ordersOf,
  parseKept,
  spreadOf,
  verdictText,
  wordsOf,
} from '../../src/ablate/index.ts';
import { metricOf } from '../../src/task/index.ts';
import { table } from '../section.ts';
import { writeSection } from './sections.ts';

const read = (folder: string): Ablation => parseKept(ablationSchema, readFileSync(join(folder, 'ablation.json'), 'utf8'), folder);

const found = process.argv.slice(2).map(read);
if (found.length === 0) throw new Error('give folders that `thumbnet ablate` wrote');
const jobs = [...new Set(found.map((a) => a.data))].map((data) => found.filter((a) => a.data === data));
writeSection('ablations', jobs.map(jobText).join('\n\n'));

function jobText(chips: readonly Ablation[]): string {
  const [first] = chips;
  const { show, inPercent, label } = metricOf(first.metric);
  const rows = [{ arm: 'plain int8', runs: [first.plain], adaptive: null }, ...first.arms].map((arm, i) => {
    const mean = (of: Parameters<typeof spreadOf>[1], from: Parameters<typeof spreadOf>[0] = arm) => spreadOf(from, of).mean;
    const { low, high } = spreadOf(arm, (r) => r.cost);
    const onChips = chips.flatMap((a) => {
      const same = i ? a.arms.find(({ arm: name }) => name === arm.arm) : { runs: [a.plain] };
      if (!same) return ['', ''];
      return [(mean((r) => r.figures.flashBytes, same) / 1024).toFixed(1), mean((r) => r.figures.latencyMs, same).toFixed(1)];
    });
    const order = ordersOf(arm).join(', ');
    return [
      order ? `${arm.arm} (${order})` : arm.arm,
      `${mean((r) => r.cost).toFixed(3)}${low === high ? '' : ` (${low.toFixed(3)} to ${high.toFixed(3)})`}`,
      Math.round(mean((r) => r.figures.weightBytes)),
      `${(mean((r) => r.figures.macs) / 1e6).toFixed(2)} M`,
      show(mean((r) => r.test)),
      heldText(arm),
      arm.adaptive ? differenceText(arm.adaptive.cost) : '',
      arm.adaptive ? differenceText(arm.adaptive.score, inPercent ? 100 : 1) : '',
      arm.adaptive ? wordsOf(arm.adaptive) : '',
      ...onChips,
    ];
  });
  const samples = spreadOf(first.arms.find((a) => a.arm === 'adaptive') ?? first.arms[0], (r) => r.samples);
  const head = [
    'arm',
    'objective',
    'weight bytes',
    'MACs',
    'test',
    'goal held',
    'adaptive: objective',
    'adaptive: test',
    'shown',
  ];
  const chipHeads = chips.flatMap(({ target }) => [`${target}, flash KiB`, 'ms']);
  const others = chips.slice(1).map((a) => `On ${a.target}: ${verdictText(a)}`);
  return [
    `**${first.model} on ${first.data}**: ${first.examples} test examples; as given ${label} ${show(first.given.test)}. ${verdictText(first)} The adaptive search used ${samples.low} to ${samples.high} training samples of ${first.samples}, its last check among them.${others.length ? ` ${others.join(' ')}` : ''}`,
    table([...head, ...chipHeads], rows),
  ].join('\n\n');
}
