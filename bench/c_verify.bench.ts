/**
 * Generated C of whole networks against the integer engine, on every emulated core.
 *
 *   [STATE=FILE] npm run bench -- c_verify      FILE keeps what was found, program by program, and the command goes on behind it
 */
import { exportC } from '../src/c/export.ts';
import type { CExport } from '../src/c/index.ts';
import type { Trade } from '../src/c/parts.ts';
import { BOARDS } from '../src/c/project/boards.ts';
import { verifyGraph } from '../src/emulator/verify.ts';
import { CompressError } from '../src/errors.ts';
import type { Graph } from '../src/graph/graph.ts';
import type { CoreName } from '../src/targets/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import { CORES, chipOf } from '../test/emulator/tools.ts';
import { C_NETWORKS, withFourBits } from './c/networks.ts';
import { type Section, table } from './section.ts';
import { openState } from './state.ts';

const INPUTS = 8;

export default async function bench(): Promise<Section> {
  const heap = await Heap.open();
  const state = openState();
  const rows: string[][] = [];
  for (const network of C_NETWORKS) {
    const graph = await network.load(heap);
    for (const [bits, form, trade] of [
      ['int8', graph, 'flash'],
      ['4 and 8 bits, `--trade flash`', withFourBits(graph), 'flash'],
      ['4 and 8 bits, `--trade balanced`', withFourBits(graph), 'balanced'],
    ] as const) {
      const cells: string[] = [];
      for (const core of CORES) {
        cells.push(await state(`${network.name}, ${bits}, ${core}`, () => cellOf(heap, form, core, trade)));
      }
      rows.push([network.name, bits, ...cells]);
      console.error(rows.at(-1)!.join('  '));
    }
  }
  const text = [
    `Outputs of ${INPUTS} inputs (noise over the whole range, its ends alone, mostly the zero point), compared with the engine bit for bit; executed instructions of one`,
    'inference; bytes of constants. In the rows of 4 and 8 bits every other layer that can have them got weights of 4 bits, by rounding: a check of bits, not of accuracy. HAR, MNIST and the demo',
    'network are float files after `quantize` with its defaults.',
    '',
    table(['network', 'weights', ...CORES.map((c) => c.replace('cortex-m', 'M'))], rows),
  ].join('\n');
  return { title: 'Generated C against the engine', text };
}

/** A chip with the memory of the core's board. */
async function cellOf(heap: Heap, graph: Graph, core: CoreName, trade: Trade): Promise<string> {
  const board = BOARDS[core];
  const target = { ...chipOf(core), flashBytes: board.code.bytes, ramBytes: board.ram.bytes };
  let generated: CExport;
  try {
    generated = await exportC({ graph, facts: {} }, target, { heap, trade });
  } catch (e) {
    if (e instanceof CompressError && e.code === 'does-not-fit') return 'no room';
    throw e;
  }
  const { difference, instructions } = await verifyGraph(heap, graph, target, { inputs: INPUTS, generated });
  if (!difference) return `equal, ${instructions.toLocaleString('en')}; ${generated.constantBytes.toLocaleString('en')}`;
  process.exitCode = 1;
  const { layer, index, expected, actual } = difference;
  return `DIFFERENT: ${layer}, ${index}: ${expected}, ${actual}`;
}
