/** Damaged files of every format are read or refused, never anything else. More of them: scripts/fuzz_formats.ts. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FORMATS } from '../../src/formats/index.ts';
import { createRandom } from '../../src/random.ts';
import { type Counts, mutant, readMutant } from './fuzz.ts';
import { seedsOf } from './fuzz_seeds.ts';

const MUTANTS = 2000;

for (const format of FORMATS) {
  test(`${format.name}: ${MUTANTS} mutants`, async () => {
    const seeds = await seedsOf(format.name);
    assert.ok(seeds.length > 0);
    const random = createRandom(1, `fuzz/${format.name}`);
    const counts: Counts = { read: 0, refused: 0 };
    for (let i = 0; i < MUTANTS; i++) await readMutant(format, mutant(seeds[i % seeds.length], random), counts);
    assert.is(counts.read + counts.refused, MUTANTS);
    assert.ok(counts.refused > MUTANTS / 20, `only ${counts.refused} were refused`);
  });
}

test.run();
