import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { OPS } from '../../src/ops/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { samplesOf } from '../formats/row_graphs.ts';
import { allOf } from './all_operators.ts';
import { chipOf, hasTools } from './tools.ts';

const test = suite('every operator in C');
const heap = await Heap.open();

for (const dtype of ['i8', 'i16'] as const) {
  for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
    test(`samples of every operator on ${dtype}: ${core}`, async () => {
      if (!hasTools) return;
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

test.run();
