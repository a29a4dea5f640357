/**
 * Modelled cycles of generated C on a Cortex-M4, layer by layer, beside CMSIS-NN's in its best build of each layer.
 *
 *   CMSIS_NN=<checkout of CMSIS-NN 99f736a> npm run bench -- c_cycles
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CExport, generateC } from '../src/c/index.ts';
import { examplesOf } from '../src/emulator/examples.ts';
import { build, run } from '../src/emulator/program.ts';
import { sourcesOf } from '../src/emulator/verify.ts';
import type { Graph } from '../src/graph/graph.ts';
import { Heap } from '../src/wasm/heap.ts';
import { chipOf } from '../test/emulator/tools.ts';
import { checkoutOf, linkedWith } from './c/cmsis_nn.ts';
import { cyclesOf, instructionsIn } from './c/cycles.ts';
import { C_NETWORKS } from './c/networks.ts';
import { opponentOf } from './c/opponents.ts';
import { type Section, table } from './section.ts';

const CORE = 'cortex-m4';
/** What is aimed at for each layer. */
const GOAL = 0.58;
const FAST = '-DCMSIS_NN_USE_REQUANTIZE_INLINE_ASSEMBLY';
const BUILDS = { O2: ['-O2'], 'O2 fast': ['-O2', FAST], O3: ['-O3'], 'O3 fast': ['-O3', FAST] } as const;

interface Layer {
  readonly kernel: string;
  readonly cycles: number;
  readonly instructions: number;
}

export default async function bench(): Promise<Section> {
  const heap = await Heap.open();
  const work = mkdtempSync(join(tmpdir(), 'thumbnet-cycles-'));
  try {
    const builds = Object.values(BUILDS).map((flags, i) => linkedWith(checkoutOf(), CORE, join(work, `${i}`), flags));
    const whole: (string | number)[][] = [];
    const details: string[] = [];
    const worst = { balanced: 0, speed: 0 };
    for (const network of C_NETWORKS) {
      if (!opponentOf(network.file, CORE)) continue;
      const graph = await network.load(heap);
      const library = await generateC(heap, graph, chipOf(CORE), { name: 'network', kernels: 'cmsis-nn' });
      const theirs: Layer[][] = [];
      for (const flags of builds) theirs.push(await layersOf(graph, library, flags));
      const best = theirs[0].map((_, i) => Math.min(...theirs.map((layers) => layers[i].cycles)));
      for (const trade of ['balanced', 'speed'] as const) {
        const generated = await generateC(heap, graph, chipOf(CORE), { name: 'network', trade });
        const grown = generated.network.layers.some((l) => l.form);
        const ours = await layersOf(graph, generated, []);
        const name = grown ? `${network.name}, \`--trade ${trade}\`` : network.name;
        const ratios = ours.map(({ cycles }, i) => cycles / best[i]);
        const counted = ratios.filter((_, i) => COUNTED.test(ours[i].kernel));
        worst[trade] = Math.max(worst[trade], ...counted);
        if (trade === 'speed' && !grown) continue;
        const rows = ours.map(({ kernel, cycles, instructions }, i) => [
          `${i} ${kernel}`,
          round(cycles),
          (cycles / instructions).toFixed(2),
          round(best[i]),
          `${ratios[i].toFixed(3)}${COUNTED.test(kernel) && ratios[i] > GOAL ? ` (over ${GOAL})` : ''}`,
        ]);
        const all = [sum(ours), Math.min(...theirs.map(sum))];
        whole.push([name, ...all.map(round), (all[0] / all[1]).toFixed(3)]);
        console.error(name, (all[0] / all[1]).toFixed(3));
        const head = [`${name}: layer`, 'cycles', 'for each instruction', "CMSIS-NN's", 'ratio'];
        details.push(`<details><summary>${name}, layer by layer</summary>\n\n${table(head, rows)}\n\n</details>\n`);
      }
    }
    const text = [
      'A model, not a measurement: every instruction that QEMU executed, by its address, at the cost that the Cortex-M4 Technical Reference Manual (r0p1) gives it, with memory',
      'that never makes the core wait, and 3 cycles for a branch that is taken (bench/c/cycles.ts). CMSIS-NN 99f736a is called as `export --runtime cmsis-nn` calls it; of each layer its best of four builds',
      `(${Object.keys(BUILDS).join(', ')}), of a network the best build over all of it. The worst of all convolutions, depthwise and dense layers and additions: ${worst.balanced.toFixed(3)}, with`,
      `\`--trade speed\` (Winograd, weights that grow) ${worst.speed.toFixed(3)}; ${GOAL} is aimed at.`,
      '',
      table(['network', 'cycles', "CMSIS-NN's", 'ratio'], whole),
      '',
      ...details,
    ].join('\n');
    return { title: 'Generated C beside CMSIS-NN: modelled cycles of a Cortex-M4', text };
  } finally {
    rmSync(work, { recursive: true });
  }
}

const sum = (layers: readonly Layer[]): number => layers.reduce((n, l) => n + l.cycles, 0);
const round = (cycles: number) => Math.round(cycles).toLocaleString('en');
/** Layers that the goal is for. */
const COUNTED = /^(convolve|depthwise|fully_connected|elementwise_add)/;

async function layersOf(graph: Graph, generated: CExport, flags: readonly string[]): Promise<Layer[]> {
  const program = await build({ core: CORE, sources: sourcesOf(graph, generated), flags: ['-O2', '-DTHUMBNET_HOOKS', ...flags] });
  try {
    const marks = Array.from({ length: generated.network.layers.length + 1 }, (_, i) => `thumbnet_mark_${i}`);
    const inputs = examplesOf(graph, 1)[0].map((v) => Buffer.from(v.buffer as ArrayBuffer, v.byteOffset, v.byteLength));
    const { executed, exitCode } = await run(program, { files: { 'in.bin': Buffer.concat(inputs) }, marks, profile: true });
    if (exitCode) throw new Error(`the program ended with ${exitCode}`);
    const code = instructionsIn(program.stack.disassembly);
    return generated.network.layers.map(({ kernel }, i) => {
      const own = executed.filter(({ mark }) => mark === marks[i]);
      const count = own.reduce((n, e) => [...e.times.values()].reduce((m, t) => m + t.count, n), 0);
      return { kernel, cycles: own.reduce((n, e) => n + cyclesOf(e, code), 0), instructions: count };
    });
  } finally {
    await program.remove();
  }
}
