import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withFourBits } from '../../bench/c/networks.ts';
import { type CExport, generateC } from '../../src/c/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { allOf } from '../emulator/all_operators.ts';
import { type CORES, chipOf, withTools } from '../emulator/tools.ts';
import { layersGraph } from './layers.ts';
import { hasProgram, inFolder, WARNINGS } from './tools.ts';

const test = suite('C that calls CMSIS-NN');
const heap = await Heap.open();
const DECLARATIONS = fileURLToPath(new URL('./declarations', import.meta.url));

const layers = layersGraph(
  [
    { op: 'conv2d', x: [1, 6, 5, 3], w: [4, 3, 3, 3] },
    { op: 'depthwiseConv2d', x: [1, 6, 5, 4], w: [1, 3, 3, 4] },
    { op: 'fullyConnected', x: [1, 12], w: [5, 12] },
  ],
  1,
);

const GRAPHS: Readonly<Record<string, Graph>> = {
  'every operator on int8': allOf(heap, 'i8').graph,
  'every operator on int16': allOf(heap, 'i16').graph,
  'weights of 4 bits': withFourBits(layers),
};

const ofLibrary = (graph: Graph, core: (typeof CORES)[number]): Promise<CExport> =>
  generateC(heap, graph, chipOf(core), { name: 'called', kernels: 'cmsis-nn' });

for (const [name, graph] of Object.entries(GRAPHS)) {
  withTools(test, hasProgram('gcc'))(
    `${name}: the folder builds against the library's declarations without a warning`,
    async () => {
      for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
        const { files } = await ofLibrary(graph, core);
        const sources = Object.keys(files).filter((file) => /^[^/]+\.c$/.test(file));
        const built = inFolder(files, (cwd) =>
          spawnSync('gcc', ['-std=c11', ...WARNINGS, '-fsyntax-only', '-I', DECLARATIONS, ...sources], { cwd }),
        );
        assert.is(String(built.stderr), '', core);
      }
    },
  );
}

test('every layer with weights is a call of the library, with its weights as they are', async () => {
  const { files, notes, network } = await ofLibrary(layers, 'cortex-m4');
  assert.equal(notes, []);
  const code = files['thumbnet_called.c'];
  for (const word of ['arm_convolve_wrapper_s', 'arm_depthwise_conv_wrapper_s', 'arm_fully_connected']) assert.match(code, word);
  assert.ok(network.layers.some((l) => l.scratchBytes > 0));
});

test('what the library lacks is plain C and is named', async () => {
  const { notes } = await ofLibrary(allOf(heap, 'i8').graph, 'cortex-m4');
  assert.ok(notes.length > 0);
  assert.ok(notes.every(({ note }) => note.startsWith('CMSIS-NN has no function')));
});

test.run();
