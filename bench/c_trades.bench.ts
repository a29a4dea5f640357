/** What generated C gives up and gains by `--trade`, on emulated cores. */
import { generateC } from '../src/c/index.ts';
import { verifyGraph } from '../src/emulator/verify.ts';
import { Heap } from '../src/wasm/heap.ts';
import { chipOf } from '../test/emulator/tools.ts';
import { C_NETWORKS } from './c/networks.ts';
import { type Section, table } from './section.ts';
import { openState } from './state.ts';

const NETWORKS = ['pretrainedResnet_quant', 'kws_ref_model', 'vww_96_int8', 'mnist-8.onnx'];
const CORES = ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const;
const TRADES = ['balanced', 'speed', 'ram'] as const;
const INPUTS = 2;

interface Counted {
  readonly instructions: number;
  readonly code: number;
  readonly constants: number;
  readonly arena: number;
  /** Layers by Winograd, and layers that run in bands. */
  readonly special: string;
}

export default async function bench(): Promise<Section> {
  const heap = await Heap.open();
  const state = openState();
  const rows: string[][] = [];
  for (const network of C_NETWORKS.filter(({ file }) => NETWORKS.includes(file))) {
    const graph = await network.load(heap);
    for (const core of CORES) {
      let usual: Counted | null = null;
      for (const trade of TRADES) {
        if (trade === 'speed' && core !== 'cortex-m4') continue;
        const count = async (): Promise<string> => {
          const generated = await generateC(heap, graph, chipOf(core), { name: 'network', trade });
          const { difference, instructions, codeBytes, constantBytes } = await verifyGraph(heap, graph, chipOf(core), {
            inputs: INPUTS,
            generated,
          });
          if (difference) throw new Error(`${network.name}, ${core}, ${trade}: ${JSON.stringify(difference)}`);
          const { layers, arenaBytes } = generated.network;
          const bands = new Set(layers.filter((l) => l.rows).map((l) => l.node)).size;
          const winograd = layers.filter((l) => l.form).length;
          const special = [...(winograd ? [`${winograd} by Winograd`] : []), ...(bands ? [`${bands} in bands`] : [])].join(', ');
          return JSON.stringify({ instructions, code: codeBytes, constants: constantBytes, arena: arenaBytes, special });
        };
        const found: Counted = JSON.parse(await state(`${network.name}, ${core}, ${trade}`, count));
        usual ??= found;
        const figure = (of: (c: Counted) => number) =>
          `${of(found).toLocaleString('en')}${found === usual ? '' : ` (${(of(found) / of(usual!)).toFixed(2)})`}`;
        const figures = [figure((c) => c.instructions), figure((c) => c.code + c.constants), figure((c) => c.arena)];
        rows.push([network.name, core.replace('cortex-m', 'M'), trade, ...figures, found.special || '-']);
        console.error(rows.at(-1)!.join('  '));
      }
    }
  }
  const text = [
    `Executed instructions of one inference, bytes of code and constants, bytes of the arena, of the C that \`export --format c --trade\` writes; in brackets, of those of the default.`,
    `All outputs of ${INPUTS} inputs were equal to the engine bit for bit. Other cores than those with DSP instructions have the same C with \`speed\` as by default.`,
    '',
    table(['network', 'core', '`--trade`', 'instructions', 'flash', 'arena', 'layers'], rows),
  ].join('\n');
  return { title: 'Generated C by what it gives up', text };
}
