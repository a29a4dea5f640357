/**
 * Plain twins of whole networks under sanitizers on the host, on 1,000 inputs each.
 *
 *   [STATE=FILE] npm run bench -- c_sanitizers      FILE keeps what was found, program by program, and the command goes on behind it
 */
import { generateC } from '../src/c/index.ts';
import type { CoreName } from '../src/targets/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import { casesOf, onHost, SANITIZERS, WARNINGS } from '../test/c/tools.ts';
import { chipOf } from '../test/emulator/tools.ts';
import { C_NETWORKS, withFourBits } from './c/networks.ts';
import { type Section, table } from './section.ts';
import { openState } from './state.ts';

const INPUTS = 1000;
/** One core of each variant that has code of its own. */
const CORES: readonly CoreName[] = ['cortex-m0', 'cortex-m4', 'cortex-m55'];

export default async function bench(): Promise<Section> {
  const heap = await Heap.open();
  const state = openState();
  const rows: string[][] = [];
  // The smallest first.
  for (const network of C_NETWORKS.toReversed()) {
    const whole = await network.load(heap);
    for (const [bits, graph] of [['int8', whole] as const, ['4 and 8 bits', withFourBits(whole)] as const]) {
      let cases: ReturnType<typeof casesOf> | null = null;
      const cells: string[] = [];
      for (const core of CORES) {
        const cell = async () => {
          cases ??= casesOf(heap, graph, INPUTS);
          const generated = await generateC(heap, graph, chipOf(core), { name: 'safe', trade: 'flash' });
          return cases.wanted.equals(onHost(generated, 'gcc', [...WARNINGS, ...SANITIZERS], cases.given)) ? 'equal' : 'DIFFERENT';
        };
        cells.push(await state(`${network.name}, ${bits}, ${core}`, cell));
        if (cells.at(-1) !== 'equal') process.exitCode = 1;
      }
      rows.push([network.name, bits, ...cells]);
      console.error(rows.at(-1)!.join('  '));
    }
  }
  const text = [
    `The plain twins of each variant, compiled on the host with \`${SANITIZERS.join(' ')}\` and every warning an error, on ${INPUTS.toLocaleString('en')} inputs (noise over the whole range, its`,
    'ends alone, mostly the zero point): nothing was found by the sanitizers, which end the program, and all outputs compared with the engine bit for bit.',
    '',
    table(['network', 'weights', ...CORES.map((c) => c.replace('cortex-m', 'M'))], rows),
  ].join('\n');
  return { title: 'Generated C under sanitizers', text };
}
