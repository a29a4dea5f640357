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
    const [balanced, ram] = await Promise.all(
      (['balanced', 'ram'] as const).map((trade) => generateC(heap, graph, chipOf(core), { name: 'network', trade })),
    );
    assert.ok(ram.network.arenaBytes < 0.95 * balanced.network.arenaBytes, `${ram.network.arenaBytes}`);
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
    const balanced = await generateC(heap, chain, chipOf(core), { name: 'network' });
    assert.ok(ram.network.arenaBytes < balanced.network.arenaBytes);
    const { difference } = await verifyGraph(heap, chain, chipOf(core), { inputs: 6, generated: ram });
    assert.equal(difference, null);
  });
}

const edges = layersGraph(
  [
    { op: 'conv2d', x: [1, 40, 40, 3], w: [4, 3, 3, 3], attrs: { stride: [2, 2] }, activation: 'relu' },
    { op: 'conv2d', x: [], w: [3, 3, 3, 4], attrs: { stride: [2, 2] } },
    { op: 'conv2d', x: [], w: [16, 1, 1, 3] },
  ],
  5,
  true,
);

for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
  emulated(`conversions at the edges take no memory where inputs may be overwritten: ${core}`, async () => {
    const arenas: Record<string, number> = {};
    for (const io of ['int8', 'uint8', 'float32'] as const) {
      const converted = asStored({ graph: edges, facts: {} }, io);
      const generated = await generateC(heap, converted, chipOf(core), { name: 'network', trade: 'ram' });
      arenas[io] = generated.network.arenaBytes;
      assert.is(profile(converted, chipOf(core), { trade: 'ram' }).ram.arena, arenas[io]);
      assert.match(generated.files['thumbnet_network.h'], io === 'int8' ? /_invoke\(const int8_t \*in, / : /_invoke\(\w+ \*in, /);
      const { difference } = await verifyGraph(heap, converted, chipOf(core), { inputs: 4, generated });
      assert.equal(difference, null);
      // The caller's inputs are kept elsewhere: the first layer reads a copy.
      const kept = await generateC(heap, converted, chipOf(core), { name: 'network' });
      assert.match(kept.files['thumbnet_network.h'], /_invoke\(const \w+ \*in, /);
      assert.is(kept.network.arenaBytes > 40 * 40 * 3, io !== 'int8');
    }
    assert.is(arenas.uint8, arenas.int8);
    assert.ok(arenas.float32 < 1.1 * arenas.int8, `${arenas.float32}`); // outputs over inputs in another order
  });
}

test.run();
