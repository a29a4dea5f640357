/** Padding that TFLite cannot say is a layer in a file, and none in C. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { profile } from '../../src/mcu/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { layersGraph } from '../c/layers.ts';
import { CORES, chipOf, withTools } from './tools.ts';

const test = suite('padding of files');
const emulated = withTools(test);
const heap = await Heap.open();

const padding = { top: 1, bottom: 1, left: 1, right: 1 };
const graph = layersGraph(
  [
    { op: 'conv2d', x: [1, 16, 16, 4], w: [8, 3, 3, 4], attrs: { stride: [2, 2], padding }, yZero: 7 },
    { op: 'depthwiseConv2d', x: [], w: [1, 3, 3, 8], attrs: { stride: [2, 2], padding } },
  ],
  5,
  true,
);
const stored = importTflite(exportTflite(graph));

test('a file has the layers, the C and its figures have not', async () => {
  const ops = stored.nodes.map((n) => n.op);
  assert.equal(ops, ['pad', 'conv2d', 'pad', 'depthwiseConv2d']);
  const chip = chipOf('cortex-m4');
  const { network } = await generateC(heap, stored, chip, { name: 'network' });
  assert.is(network.layers.length, 2);
  const [own, other] = (['thumbnet', 'tflm'] as const).map((runtime) => profile(stored, chip, { runtime }));
  assert.equal(
    own.layers.map((l) => l.op),
    ['conv2d', 'depthwiseConv2d'],
  );
  assert.is(own.ram.arena, network.arenaBytes);
  assert.equal(
    other.layers.map((l) => l.op),
    ops,
  );
});

for (const core of CORES) {
  emulated(`the same bits: ${core}`, async () => {
    const { difference } = await verifyGraph(heap, stored, chipOf(core), { inputs: 4 });
    assert.equal(difference, null);
  });
}

test.run();
