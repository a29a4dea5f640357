/**
 * Counts what the C that Thumbnet writes executes, layer by layer, and takes, on every emulated core, and writes
 * scripts/data/generated_counts.json, which fit_generated.ts reads.
 *
 *   node --import tsx scripts/count_generated.ts [core ...]
 *
 * Needs arm-none-eabi-gcc and qemu-system-arm. The networks are made by scripts/count/generated_cases.ts.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyGraph } from '../src/emulator/verify.ts';
import { Heap } from '../src/wasm/heap.ts';
import { CORES, chipOf } from '../test/emulator/tools.ts';
import { type GeneratedCounts, generatedCases } from './count/generated_cases.ts';

const FILE = join(fileURLToPath(new URL('.', import.meta.url)), 'data/generated_counts.json');
const heap = await Heap.open();
const cases = generatedCases();

const all: Record<string, GeneratedCounts> = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {};
for (const core of CORES.filter((c) => process.argv.length < 3 || process.argv.includes(c))) {
  const found: GeneratedCounts = { instructions: [], code: [], stack: [] };
  for (const graph of cases) {
    const { difference, layers, codeBytes, stackBytes } = await verifyGraph(heap, graph, chipOf(core), { inputs: 1 });
    if (difference) process.stderr.write(`${core}: other bits than the engine's: ${JSON.stringify(difference)}\n`);
    found.instructions.push(layers.map((l) => l.instructions));
    found.code.push(codeBytes);
    found.stack.push(stackBytes);
    process.stderr.write(`${core} ${found.code.length}/${cases.length}\n`);
  }
  all[core] = found;
  const ordered = Object.fromEntries(CORES.filter((c) => all[c]).map((c) => [c, all[c]]));
  writeFileSync(FILE, `${JSON.stringify(ordered)}\n`);
}
