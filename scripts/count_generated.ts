/**
 * Counts what the C that Thumbnet writes executes, layer by layer, and takes, on an emulated core for each way to write it, and writes
 * scripts/data/generated_counts.json, which fit_generated.ts reads.
 *
 *   node --import tsx scripts/count_generated.ts [core ...]
 *
 * Networks that the file has are not counted again: delete it after a change of the generator.
 *
 * Needs arm-none-eabi-gcc and qemu-system-arm. The networks are made by scripts/count/generated_cases.ts.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateC } from '../src/c/index.ts';
import { type Verification, verifyGraph } from '../src/emulator/verify.ts';
import type { CoreName } from '../src/targets/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import { chipOf } from '../test/emulator/tools.ts';
import { COUNTED, fittedCases, type GeneratedCase, type GeneratedCounts, keptCases } from './count/generated_cases.ts';

const FILE = join(fileURLToPath(new URL('.', import.meta.url)), 'data/generated_counts.json');
const heap = await Heap.open();
const [cases, kept] = [fittedCases(heap), keptCases()];

async function counted({ graph, trade }: GeneratedCase, core: CoreName): Promise<Verification> {
  const chip = chipOf(core);
  const generated = await generateC(heap, graph, chip, { name: 'network', trade });
  const found = await verifyGraph(heap, graph, chip, { inputs: 1, generated });
  if (found.difference) process.stderr.write(`${core}: other bits than the engine's: ${JSON.stringify(found.difference)}\n`);
  process.stderr.write('.');
  return found;
}

const read = (): Record<string, GeneratedCounts> => (existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {});

const layersOf = ({ layers }: Verification): number[] => layers.map((l) => l.instructions);

const cores = Object.values(COUNTED);
for (const core of cores.filter((c) => process.argv.length < 3 || process.argv.includes(c))) {
  const before = read()[core];
  const found: GeneratedCounts = before ?? { instructions: [], code: [], kept: [] };
  for (const each of cases.slice(found.code.length)) {
    const one = await counted(each, core);
    found.instructions.push(layersOf(one));
    found.code.push(one.codeBytes);
  }
  for (const each of kept.slice(found.kept.length)) found.kept.push(layersOf(await counted(each, core)));
  process.stderr.write(`\n${core}: ${cases.length} networks, and ${kept.length} that no fit sees\n`);
  // Another core may have been counted meanwhile.
  const all = read();
  all[core] = found;
  const ordered = Object.fromEntries(cores.filter((c) => all[c]).map((c) => [c, all[c]]));
  writeFileSync(FILE, `${JSON.stringify(ordered)}\n`);
}
