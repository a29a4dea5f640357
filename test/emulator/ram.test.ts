import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { profile } from '../../src/mcu/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
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

test.run();
