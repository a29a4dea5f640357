/**
 * Counts what the C that Thumbnet writes executes, layer by layer, and takes, on an emulated core for each way to write it, and writes
 * scripts/data/generated_counts.json, which fit_generated.ts reads.
 *
 *   node --import tsx scripts/count_generated.ts [core ...]
 *
 * Networks whose C is what it was are not counted again, and counting that was stopped goes on.
 *
 * Needs arm-none-eabi-gcc and qemu-system-arm. The networks are made by scripts/count/generated_cases.ts.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CExport, generateC } from '../src/c/index.ts';
import { sha256 } from '../src/digest.ts';
import { verifyGraph } from '../src/emulator/verify.ts';
import type { CoreName } from '../src/targets/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import { chipOf } from '../test/emulator/tools.ts';
import {
  COUNTED,
  type CountedNetwork,
  fittedCases,
  type GeneratedCase,
  type GeneratedCounts,
  keptCases,
} from './count/generated_cases.ts';

const FILE = join(fileURLToPath(new URL('.', import.meta.url)), 'data/generated_counts.json');
const heap = await Heap.open();
const cases = { fitted: fittedCases(heap), kept: keptCases() };

const read = (): Partial<Record<CoreName, GeneratedCounts>> => (existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {});

/** Digits of a digest that tell networks apart. */
const DIGITS = 12;

/** The C that is compiled, without what comments say of version and chip. */
async function sourceOf({ name, files }: CExport): Promise<string> {
  const text = [`${name}.c`, `${name}_weights.c`].map((f) => files[f].replace(/\/\*[\s\S]*?\*\//g, '')).join('');
  return (await sha256(new TextEncoder().encode(text))).slice(0, DIGITS);
}

async function counted({ graph, trade }: GeneratedCase, core: CoreName, known: Known): Promise<CountedNetwork> {
  const chip = chipOf(core);
  const generated = await generateC(heap, graph, chip, { name: 'network', trade });
  const source = await sourceOf(generated);
  const before = known.get(source);
  if (before) return before;
  const { difference, layers, codeBytes } = await verifyGraph(heap, graph, chip, { inputs: 1, generated });
  if (difference) process.stderr.write(`${core}: other bits than the engine's: ${JSON.stringify(difference)}\n`);
  process.stderr.write('.');
  return { source, instructions: layers.map((l) => l.instructions), code: codeBytes };
}

type Known = ReadonlyMap<string, CountedNetwork>;

const cores = Object.values(COUNTED);

/** Another core may have been counted meanwhile. */
function save(core: CoreName, own: GeneratedCounts): void {
  const counts = { ...read(), [core]: own };
  // Whole at any moment, since others read it.
  writeFileSync(`${FILE}.${core}`, `${JSON.stringify(Object.fromEntries(cores.map((c) => [c, counts[c]])))}\n`);
  renameSync(`${FILE}.${core}`, FILE);
}

/** So many networks are lost at most where counting is stopped. */
const UNSAVED = 10;

for (const core of cores.filter((c) => process.argv.length < 3 || process.argv.includes(c))) {
  const before = read()[core];
  const known: Known = new Map([...(before?.fitted ?? []), ...(before?.kept ?? [])].map((n) => [n.source, n]));
  const fitted: CountedNetwork[] = [];
  for (const each of cases.fitted) {
    fitted.push(await counted(each, core, known));
    // Too few for fit_generated.ts, which takes all or none.
    if (fitted.length % UNSAVED === 0 && fitted.length < cases.fitted.length) save(core, { fitted, kept: [...known.values()] });
  }
  const kept: CountedNetwork[] = [];
  for (const each of cases.kept) kept.push(await counted(each, core, known));
  save(core, { fitted, kept });
  process.stderr.write(`\n${core}: ${fitted.length} networks, and ${kept.length} that no fit sees\n`);
}
