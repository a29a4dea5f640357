/**
 * What the choice of a front end saves, into README.md: two results of `compress` of one model, with and without --front-ends.
 *
 *     node --import tsx bench/experiments/words_choice.ts WITHOUT WITH
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytes, milliseconds } from '../../src/report/units.ts';
import { writeSection } from './sections.ts';

interface Row {
  readonly name: string;
  readonly figures: {
    readonly flashBytes: number;
    readonly ramBytes: number;
    readonly latencyMs: number;
    readonly accuracy: number;
  };
}

const [without, withChoice] = process.argv.slice(2);
const read = (folder: string, name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const frontEnd = (folder: string): string => read(folder, 'recipe.json').reading.features.features;
const row = (name: string, { flashBytes, ramBytes, latencyMs, accuracy }: Row['figures']) =>
  `| ${name} | ${bytes(flashBytes)} | ${bytes(ramBytes)} | ${milliseconds(latencyMs)} | ${(100 * accuracy).toFixed(1)} % |`;
const [a, b] = [without, withChoice].map(
  (folder) => read(folder, 'history.json') as { rows: Row[]; data: Record<string, number> },
);
writeSection(
  'words_choice',
  [
    `| ${a.data.validation} clips of validation, ${a.data.test} of test, looked at once | flash | RAM | latency | accuracy (test) |`,
    '| --- | --: | --: | --: | --: |',
    row(`plain int8, ${frontEnd(without)}`, a.rows[1].figures),
    row(`compress, ${frontEnd(without)}`, a.rows[2].figures),
    row(`compress --front-ends auto, ${frontEnd(withChoice)}`, b.rows[2].figures),
  ].join('\n'),
);
