/**
 * The stack that the compiler's frames and calls give for the C of random networks on every emulated core, and what its text tells of it by
 * kind of layer: scripts/data/generated_stack.csv, which fit_generated.ts reads.
 *
 * Needs arm-none-eabi-gcc.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { randomGraph } from '../bench/c/random_graphs.ts';
import { generateC } from '../src/c/index.ts';
import { variantOf } from '../src/c/parts.ts';
import { build } from '../src/emulator/program.ts';
import { stackBound } from '../src/emulator/stack.ts';
import { sourcesOf } from '../src/emulator/verify.ts';
import { generated } from '../src/mcu/generated.ts';
import { FRAME_KINDS, toldStack } from '../src/mcu/generated_stack.ts';
import { onChip } from '../src/mcu/graph_cost.ts';
import { Heap } from '../src/wasm/heap.ts';
import { CORES, chipOf } from '../test/emulator/tools.ts';
import { STACK_SEEDS } from './count/generated_cases.ts';

const FILE = fileURLToPath(new URL('data/generated_stack.csv', import.meta.url));
const heap = await Heap.open();
const lines = [`seed,core,${FRAME_KINDS.join()},stack_bytes`];
for (const seed of STACK_SEEDS) {
  const graph = randomGraph(heap, seed);
  for (const core of CORES) {
    const own = await generateC(heap, graph, chipOf(core), { name: 'network' });
    const program = await build({ core, sources: sourcesOf(graph, own), flags: ['-O2', '-DTHUMBNET_HOOKS'] });
    const bytes = stackBound(program.stack, `${own.name}_invoke`);
    await program.remove();
    const variant = variantOf(core);
    const told = toldStack(generated(onChip(graph), { variant, trade: 'balanced' })!, variant);
    lines.push([seed, core, ...FRAME_KINDS.map((kind) => told.get(kind) ?? ''), bytes].join());
  }
  process.stderr.write('.');
}
writeFileSync(FILE, `${lines.join('\n')}\n`);
