/**
 * `export --runtime cmsis-nn` linked with the real library on every emulated core, against the integer engine.
 *
 *   CMSIS_NN=<checkout of CMSIS-NN 99f736a> npm run bench -- c_cmsis_nn
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportC } from '../src/c/export.ts';
import type { CExport } from '../src/c/index.ts';
import { BOARDS } from '../src/c/project/boards.ts';
import { verifyGraph } from '../src/emulator/verify.ts';
import { CompressError } from '../src/errors.ts';
import type { Graph } from '../src/graph/graph.ts';
import { quirksOf } from '../src/mcu/index.ts';
import type { CoreName, Target } from '../src/targets/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import { allOf } from '../test/emulator/all_operators.ts';
import { CORES, chipOf } from '../test/emulator/tools.ts';
import { checkoutOf, linkedWith } from './c/cmsis_nn.ts';
import { C_NETWORKS, withFourBits } from './c/networks.ts';
import { type Section, table } from './section.ts';

const INPUTS = 4;

export default async function bench(): Promise<Section> {
  const checkout = checkoutOf();
  const heap = await Heap.open();
  const work = mkdtempSync(join(tmpdir(), 'thumbnet-cmsis-nn-'));
  try {
    const graphs: (readonly [string, Graph])[] = [
      ['every operator, int8', allOf(heap, 'i8').graph],
      ['every operator, int16', allOf(heap, 'i16').graph],
    ];
    for (const network of C_NETWORKS) {
      const graph = await network.load(heap);
      graphs.push([network.name, graph], [`${network.name}, 4 and 8 bits`, withFourBits(graph)]);
    }
    const rows = graphs.map(([name]) => [name]);
    for (const core of CORES) {
      const flags = linkedWith(checkout, core, join(work, core));
      for (const [i, [name, graph]] of graphs.entries()) {
        rows[i].push(await cellOf(heap, graph, core, flags));
        console.error(core, name, rows[i].at(-1));
      }
    }
    const text = [
      `The folder of \`export --format c --runtime cmsis-nn\` linked with CMSIS-NN 99f736a: outputs of ${INPUTS} inputs compared with the engine bit for bit; executed instructions`,
      'of one inference, and bytes of stack in use. A difference is named with the defect of the library that the model hits, of which `export` warns.',
      '',
      table(['network', ...CORES.map((c) => c.replace('cortex-m', 'M'))], rows),
    ].join('\n');
    return { title: 'C that calls CMSIS-NN', text };
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function cellOf(heap: Heap, graph: Graph, core: CoreName, flags: readonly string[]): Promise<string> {
  const board = BOARDS[core];
  const target = { ...chipOf(core), kind: kindOf(core), flashBytes: board.code.bytes, ramBytes: board.ram.bytes };
  let generated: CExport;
  try {
    generated = await exportC({ graph, facts: {} }, target, { heap, kernels: 'cmsis-nn' });
  } catch (e) {
    if (e instanceof CompressError && e.code === 'does-not-fit') return 'no room';
    throw e;
  }
  const { difference, instructions, stackBytes } = await verifyGraph(heap, graph, target, { inputs: INPUTS, generated, flags });
  if (!difference) return `equal, ${instructions.toLocaleString('en')}, stack ${stackBytes}`;
  const known = quirksOf(graph, target.kind).find(({ node }) => node === difference.layer);
  if (known) return known.quirk;
  process.exitCode = 1;
  const { layer, kernel, index, expected, actual } = difference;
  return `DIFFERENT: ${layer} (${kernel}), ${index}: ${expected}, ${actual}`;
}

const kindOf = (core: CoreName): Target['kind'] =>
  core === 'cortex-m55' ? 'mve' : core === 'cortex-m0' || core === 'cortex-m3' ? 'c' : 'dsp';
