/**
 * Damaged files of models and of data by the thousand, each reader in a process of its own with 1 GB of memory at most:
 *
 *     node --import tsx scripts/fuzz_formats.ts [mutants] [seed] [format]
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FORMATS } from '../src/formats/index.ts';
import { createRandom } from '../src/random.ts';
import { readDamaged, SEEDS } from '../test/data/fuzz.ts';
import { type Counts, mutant, readMutant } from '../test/formats/fuzz.ts';
import { seedsOf } from '../test/formats/fuzz_seeds.ts';

const [mutants = '100000', seed = '1', name] = process.argv.slice(2);

/** MB of all memory, of the heap and beside it. */
const MOST_MEMORY = 1024;

/** Whole files, and what reads a damaged one of them. */
interface Reader {
  readonly seeds: readonly Uint8Array[];
  read(bytes: Uint8Array, seed: number, counts: Counts): Promise<void>;
}

async function readerOf(name: string): Promise<Reader> {
  const format = FORMATS.find((f) => f.name === name);
  if (format) return { seeds: await seedsOf(name), read: (bytes, _, counts) => readMutant(format, bytes, counts) };
  const files = SEEDS[name];
  return {
    seeds: files.map(([, content]) => content),
    read: (bytes, seed, counts) => readDamaged(files[seed][0], bytes, counts),
  };
}

async function run(formatName: string): Promise<void> {
  const { seeds, read } = await readerOf(formatName);
  const random = createRandom(Number(seed), `fuzz/${formatName}`);
  const counts: Counts = { read: 0, refused: 0 };
  for (let i = 0; i < Number(mutants); i++) {
    const bytes = mutant(seeds[i % seeds.length], random);
    try {
      await read(bytes, i % seeds.length, counts);
    } catch (e) {
      const file = join(tmpdir(), `mutant_${formatName}_${i}`);
      writeFileSync(file, bytes);
      console.error(`mutant ${i} of ${formatName}, kept in ${file}:`);
      throw e;
    }
  }
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);
  if (memory > MOST_MEMORY) throw new Error(`${formatName} took ${memory} MB`);
  console.log(`${formatName}: ${mutants} mutants, ${counts.refused} refused, ${counts.read} read; ${memory} MB at most`);
}

if (name) await run(name);
else {
  for (const reader of [...FORMATS.map((f) => f.name), ...Object.keys(SEEDS)]) {
    const args = [
      `--max-old-space-size=${MOST_MEMORY}`,
      '--import',
      'tsx',
      fileURLToPath(import.meta.url),
      mutants,
      seed,
      reader,
    ];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) process.exit(1);
  }
}
