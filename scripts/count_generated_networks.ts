/**
 * Counts whole networks as C on every emulated core, which no fit sees: scripts/data/generated_networks.csv, read by the test of the models
 * and by `node --import tsx scripts/count_generated_networks.ts --table`, which prints what was predicted beside it.
 *
 * Needs arm-none-eabi-gcc, qemu-system-arm and ../shared/data/models.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyGraph } from '../src/emulator/verify.ts';
import { profile } from '../src/mcu/index.ts';
import { asStored, loadModel } from '../src/model.ts';
import { Heap } from '../src/wasm/heap.ts';
import { CORES, chipOf } from '../test/emulator/tools.ts';
import { readCsv } from './fit/instructions.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const models = join(process.env.THUMBNET_SHARED ?? join(here, '../../shared'), 'data/models');
const FILE = join(here, 'data/generated_networks.csv');
const NETWORKS = ['pretrainedResnet_quant', 'kws_ref_model', 'vww_96_int8', 'ad01_int8', 'str_ww_ref_model'];
const load = async (name: string) => asStored(await loadModel(new Uint8Array(readFileSync(join(models, `${name}.tflite`)))));

async function count(): Promise<void> {
  const heap = await Heap.open();
  const lines = ['network,core,layer,kernel,instructions,code_bytes,constant_bytes,stack_bytes'];
  for (const name of NETWORKS) {
    const graph = await load(name);
    for (const core of CORES) {
      const found = await verifyGraph(heap, graph, chipOf(core), { inputs: 1 });
      if (found.difference)
        process.stderr.write(`${name} on ${core}: other bits than the engine's: ${JSON.stringify(found.difference)}\n`);
      for (const [i, l] of found.layers.entries()) lines.push([name, core, i, l.kernel, l.instructions, '', '', ''].join(','));
      lines.push([name, core, 'total', '', found.instructions, found.codeBytes, found.constantBytes, found.stackBytes].join(','));
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
  for (const name of NETWORKS) {
    const graph = await load(name);
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
