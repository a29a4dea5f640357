/**
 * Counts whole networks as C on every emulated core, which no fit sees: scripts/data/generated_networks.csv, read by the test of the models
 * and by `node --import tsx scripts/count_generated_networks.ts --table`, which prints what was predicted beside it.
 *
 * Needs arm-none-eabi-gcc, qemu-system-arm and ../shared/data/models.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { C_NETWORKS } from '../bench/c/networks.ts';
import { variantOf } from '../src/c/parts.ts';
import { verifyGraph } from '../src/emulator/verify.ts';
import { generated } from '../src/mcu/generated.ts';
import { toldStack } from '../src/mcu/generated_stack.ts';
import { onChip } from '../src/mcu/graph_cost.ts';
import { profile } from '../src/mcu/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import { CORES, chipOf } from '../test/emulator/tools.ts';
import { readCsv } from './fit/instructions.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const FILE = join(here, 'data/generated_networks.csv');
async function count(): Promise<void> {
  const heap = await Heap.open();
  const lines = ['network,core,layer,kernel,instructions,code_bytes,constant_bytes,stack_bytes,told_stack_bytes'];
  for (const { file: name, load } of C_NETWORKS) {
    const graph = await load(heap);
    for (const core of CORES) {
      const found = await verifyGraph(heap, graph, chipOf(core), { inputs: 1 });
      if (found.difference)
        process.stderr.write(`${name} on ${core}: other bits than the engine's: ${JSON.stringify(found.difference)}\n`);
      const variant = variantOf(core);
      const told = Math.max(...toldStack(generated(onChip(graph), { variant, trade: 'balanced' })!, variant).values());
      for (const [i, l] of found.layers.entries())
        lines.push([name, core, i, l.kernel, l.instructions, '', '', '', ''].join(','));
      lines.push(
        [name, core, 'total', '', found.instructions, found.codeBytes, found.constantBytes, found.stackBytes, told].join(','),
      );
      process.stderr.write(`${lines[lines.length - 1]}\n`);
      writeFileSync(FILE, `${lines.join('\n')}\n`);
    }
  }
}

async function table(): Promise<void> {
  const rows = readCsv(FILE);
  const off = (a: number, b: number) => `${(100 * (a / b - 1)).toFixed(1)} %`;
  console.log('| network | core | flash | predicted | off | instructions | predicted | off | worst layer |');
  console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|');
  const heap = await Heap.open();
  for (const { file: name, load } of C_NETWORKS) {
    const graph = await load(heap);
    for (const core of CORES) {
      const own = rows.filter((r) => r.network === name && r.core === core);
      const total = own.find((r) => r.layer === 'total');
      if (!total) continue;
      const p = profile(graph, chipOf(core));
      const layers = p.layers.filter((l) => l.instructions > 0);
      const each = own.filter((r) => r.layer !== 'total').map((r) => Number(r.instructions));
      const worst = Math.max(
        ...each.map((n, i) => (layers.length === each.length ? Math.abs(layers[i].instructions / n - 1) : 0)),
      );
      const flash = Number(total.code_bytes) + Number(total.constant_bytes);
      const cells = [
        name,
        core,
        flash,
        p.flashBytes,
        off(p.flashBytes, flash),
        total.instructions,
        p.instructions,
        off(p.instructions, Number(total.instructions)),
        `${(100 * worst).toFixed(1)} %`,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}

await (process.argv.includes('--table') ? table() : count());
