import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { CORES, chipOf, withTools } from './tools.ts';

const test = suite('the demo network on emulated cores');
const emulated = withTools(test);
const heap = await Heap.open();
const model = await loadModel(await demoModel());
const graph = asStored(await quantize().run(model, { heap, data: gestures(), seed: 1, original: model }));

for (const core of CORES) {
  emulated(`all outputs are the engine's, bit for bit: ${core}`, async () => {
    const { difference, examples, stackBytes, stackBoundBytes } = await verifyGraph(heap, graph, chipOf(core), { inputs: 6 });
    assert.equal(difference, null);
    assert.is(examples, 6);
    assert.ok(stackBytes > 0 && stackBytes <= stackBoundBytes, `${stackBytes} bytes of stack, at most ${stackBoundBytes}`);
  });
}

test.run();
