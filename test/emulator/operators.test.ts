import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { asStored } from '../../src/model.ts';
import { OPS } from '../../src/ops/index.ts';
import { quantize } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { datasetOf, joinedUnits } from '../cases/make.ts';
import { samplesOf } from '../formats/row_graphs.ts';
import { allOf } from './all_operators.ts';
import { chipOf, withTools } from './tools.ts';

const test = suite('every operator in C');
const emulated = withTools(test);
const heap = await Heap.open();

for (const dtype of ['i8', 'i16'] as const) {
  for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
    emulated(`samples of every operator on ${dtype}: ${core}`, async () => {
      const { graph, operators } = allOf(heap, dtype);
      const wanted =
        dtype === 'i8' ? Object.keys(OPS).filter((op) => OPS[op].lower && samplesOf(op).length) : ['lstm', 'conv2d', 'softmax'];
      for (const op of wanted) assert.ok(operators.has(op), `${op} has no sample that runs`);
      const { difference } = await verifyGraph(heap, graph, chipOf(core), {
        inputs: 3,
        flags: ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Werror'],
      });
      assert.equal(difference, null);
    });
  }
}

for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
  emulated(`features scaled as real numbers before they are rounded, ${core}`, async () => {
    const made = joinedUnits();
    const model = { graph: made.graph, facts: {} };
    const found = await quantize().run(model, { heap, data: await datasetOf(made, {}), seed: 1, original: model });
    const graph = asStored(found);
    assert.equal(graph.nodes.map((n) => n.op).slice(0, 3), ['sub', 'mul', 'quantize']);
    const { difference } = await verifyGraph(heap, graph, chipOf(core), { inputs: 6 });
    assert.equal(difference, null);
  });
}

test.run();
