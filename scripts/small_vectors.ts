// Picks the smallest golden cases of every operator family out of `shared/vectors/fuzz`, so that a clone without them still tests every family.
//   node --import tsx scripts/small_vectors.ts
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { neededPath } from '../test/shared.ts';

const CASES = 3;
const MOST_CHARACTERS = 6000;

const from = neededPath('vectors/fuzz');
const picked = readdirSync(from).flatMap((file) => {
  const cases: { name: string }[] = JSON.parse(readFileSync(join(from, file), 'utf8'));
  const size = (c: object) => JSON.stringify(c).length;
  return cases
    .filter((c) => size(c) < MOST_CHARACTERS)
    .sort((a, b) => size(a) - size(b))
    .slice(0, CASES);
});
const folder = fileURLToPath(new URL('../test/vectors/', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'small.json'), `[\n${picked.map((c) => JSON.stringify(c)).join(',\n')}\n]\n`);
console.log(`${picked.length} cases`);
