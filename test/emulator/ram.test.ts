import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { profile } from '../../src/mcu/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { layersGraph } from '../c/layers.ts';
import { chipOf, withTools } from './tools.ts';

const test = suite('generated C that saves memory');
const emulated = withTools(test);
const heap = await Heap.open();
const model = await loadModel(await demoModel());
const graph = asStored(await quantize().run(model, { heap, data: gestures(), seed: 1, original: model }));

for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
  emulated(`outputs over inputs need a smaller arena and keep all bits: ${core}`, async () => {
    const [speed, ram] = await Promise.all(
      (['speed', 'ram'] as const).map((trade) => generateC(heap, graph, chipOf(core), { name: 'network', trade })),
    );
    assert.ok(ram.network.arenaBytes < 0.95 * speed.network.arenaBytes, `${ram.network.arenaBytes}`);
    assert.match(ram.files['thumbnet_network.h'], `#define THUMBNET_NETWORK_ARENA_BYTES ${ram.network.arenaBytes}\n`);
    const { difference } = await verifyGraph(heap, graph, chipOf(core), { inputs: 6, generated: ram });
    assert.equal(difference, null);
    assert.is(profile(graph, chipOf(core), { trade: 'ram' }).ram.arena, ram.network.arenaBytes);
  });
}

const chain = layersGraph(
  [
    { op: 'conv2d', x: [1, 9, 8, 3], w: [16, 3, 3, 3], activation: 'relu' },
    { op: 'depthwiseConv2d', x: [], w: [1, 3, 3, 16], activation: 'relu' },
    { op: 'conv2d', x: [], w: [16, 1, 1, 16] },
    { op: 'depthwiseConv2d', x: [], w: [1, 3, 3, 16], attrs: { stride: [2, 2] }, activation: 'relu' },
    { op: 'conv2d', x: [], w: [12, 3, 3, 16], activation: 'relu6' },
    { op: 'depthwiseConv2d', x: [], w: [1, 2, 3, 12], attrs: { padding: 'valid' } },
    { op: 'conv2d', x: [], w: [5, 1, 1, 12] },
  ],
  3,
  true,
);

for (const core of ['cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m55'] as const) {
  emulated(`layers of every kind over each other: ${core}`, async () => {
    const ram = await generateC(heap, chain, chipOf(core), { name: 'network', trade: 'ram' });
    const speed = await generateC(heap, chain, chipOf(core), { name: 'network' });
    assert.ok(ram.network.arenaBytes < speed.network.arenaBytes);
    const { difference } = await verifyGraph(heap, chain, chipOf(core), { inputs: 6, generated: ram });
    assert.equal(difference, null);
  });
}

test.run();
