/** Every operator through a file: what is read again computes the same. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { FlatFile } from '../../src/formats/tflite/flat.ts';
import { exportTflite, importTflite } from '../../src/formats/tflite/index.ts';
import { IDENTIFIER, MODEL, OPERATOR_CODE, OPTIONS } from '../../src/formats/tflite/schema.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { compile } from '../../src/run/compile.ts';
import { findProblem } from '../../src/run/verify.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { graphOf, INTEGER, samplesOf } from './row_graphs.ts';

const heap = await Heap.open();

function run(graph: Graph) {
  return heap.scope(() => {
    const program = compile(heap, graph, { keepAll: true });
    const random = createRandom(2, 'test/rows/run');
    for (const x of program.inputs) {
      heap.write(
        x,
        Float64Array.from({ length: sizeOf(x.shape) }, () =>
          x.dtype === 'f32' ? random.uniform() - 0.5 : random.below(200) - 100,
        ),
      );
    }
    program.run();
    return program.outputs.map((y) => heap.read(y));
  });
}

for (const [op, row] of Object.entries(OPS)) {
  if (!row.tflite) continue;
  const samples = samplesOf(op);
  test(`${op}: has samples and its options are known`, () => {
    assert.ok(samples.length);
    for (const code of row.tflite!.codes) assert.ok(OPTIONS[code], `options of code ${code}`);
  });
  samples.forEach((sample, i) => {
    for (const dtype of ['f32', 'i8', 'i16'] as const) {
      if (op in INTEGER && dtype !== 'i8') continue;
      test(`${op}, sample ${i}, ${dtype}: written and read again, it computes the same`, () => {
        const graph = graphOf(op, sample, dtype);
        assert.is(findProblem(graph), null);
        let bytes: Uint8Array;
        try {
          bytes = exportTflite(graph);
        } catch (e) {
          // TFLite has no word for pools with padding by sides, nor for concatenations with an activation
          assert.instance(e, CompressError);
          assert.ok(typeof sample.attrs.padding === 'object' || op === 'concat');
          return;
        }
        const again = importTflite(bytes);
        assert.equal(importTflite(exportTflite(again)), again);
        assert.equal(
          again.outputs.map((t) => again.tensors[t]),
          graph.outputs.map((t) => graph.tensors[t]),
        );
        const runs = dtype === 'f32' ? row.float : row.integer;
        if (runs) {
          try {
            assert.equal(run(again), run(graph));
          } catch (e) {
            if (!(e instanceof CompressError) || e.code !== 'unsupported') throw e;
          }
        }
        const version = new FlatFile(bytes).root(IDENTIFIER).tables(MODEL.operatorCodes)[0].i32(OPERATOR_CODE.version, 1);
        assert.ok(version >= 1 && version <= 11);
      });
    }
  });
}

test.run();
