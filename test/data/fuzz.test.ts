/** Damaged files of every reader are read or refused, never anything else. More of them: scripts/fuzz_formats.ts. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRandom } from '../../src/random.ts';
import { type Counts, mutant } from '../formats/fuzz.ts';
import { readDamaged, SEEDS } from './fuzz.ts';

const MUTANTS = 1000;

for (const [reader, seeds] of Object.entries(SEEDS)) {
  test(`${reader}: ${MUTANTS} mutants`, async () => {
    const counts: Counts = { read: 0, refused: 0 };
    for (const [name, content] of seeds) await readDamaged(name, content, counts);
    assert.is(counts.read, seeds.length);
    const random = createRandom(1, `fuzz/data/${reader}`);
    for (let i = 0; i < MUTANTS; i++) {
      const [name, content] = seeds[i % seeds.length];
      await readDamaged(name, mutant(content, random), counts);
    }
    assert.ok(counts.refused > MUTANTS / 20, `only ${counts.refused} were refused`);
  });
}

test.run();
