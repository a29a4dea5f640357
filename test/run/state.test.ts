import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sizeOf } from '../../src/graph/graph.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { graphOf, samplesOf } from '../formats/row_graphs.ts';

for (const op of ['svdf', 'lstm', 'stream']) {
  test(`${op}: state is kept from run to run, and reset takes it back to its beginning`, async () => {
    const heap = await Heap.open();
    const graph = graphOf(op, samplesOf(op)[0], 'i8');
    const program = compile(heap, graph);
    heap.write(
      program.inputs[0],
      Int8Array.from({ length: sizeOf(program.inputs[0].shape) }, (_, i) => (i % 7) * 12 - 40),
    );
    const changing = program.operands.filter((_, i) => graph.tensors[i].variable || graph.outputs.includes(i));
    const run = () => {
      program.run();
      return changing.map((t) => heap.read(t));
    };
    const first = run();
    const second = run();
    assert.not.equal(second, first);
    program.reset();
    assert.equal(run(), first);
    assert.equal(run(), second);
  });
}

test.run();
