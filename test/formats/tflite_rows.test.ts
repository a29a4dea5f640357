/** Every operator through a file: what is read again computes the same. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { OPTIONS } from '../../src/formats/tflite/schema.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { createRandom } from '../../src/random.ts';
import { compile } from '../../src/run/compile.ts';
import { findProblem } from '../../src/run/verify.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { graphOf, INTEGER, isWritable, samplesOf } from './row_graphs.ts';

const heap = await Heap.open();

/** Operators that are written with int16 but not run. */
const NO_INT16 = ['hardSwish', 'squaredDifference', 'elu', 'gelu', 'abs', 'rsqrt', 'exp', 'prelu', 'logSoftmax', 'l2Normalize'];

const isUnsupported = (e: unknown) => e instanceof CompressError && e.code === 'unsupported';

function run(graph: Graph) {
  return heap.scope(() => {
    const program = compile(heap, graph, { keepAll: true });
    const random = createRandom(2, 'test/rows/run');
    const least = graph.name === 'sqrt' || graph.name === 'rsqrt' ? 0.1 : -0.5;
    for (const x of program.inputs) {
      heap.write(
        x,
        Float64Array.from({ length: sizeOf(x.shape) }, () =>
          x.dtype === 'f32' ? random.uniform() + least : random.below(200) - 100,
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
      const graph = graphOf(op, sample, dtype);
      if (!isWritable(op, sample)) {
        test(`${op}, sample ${i}, ${dtype}: is refused`, () => {
          assert.throws(() => exportTflite(graph), isUnsupported);
        });
        continue;
      }
      test(`${op}, sample ${i}, ${dtype}: written and read again, it computes the same`, () => {
        assert.is(findProblem(graph), null);
        const again = importTflite(exportTflite(graph));
        assert.equal(importTflite(exportTflite(again)), again);
        assert.equal(
          again.outputs.map((t) => again.tensors[t]),
          graph.outputs.map((t) => graph.tensors[t]),
        );
        if (dtype === 'i16' && (NO_INT16.includes(op) || (op === 'pad' && sample.attrs.value !== 0)))
          assert.throws(() => run(again), isUnsupported);
        else if (dtype === 'f32' ? row.float : row.lower) assert.equal(run(again), run(graph));
      });
    }
  });
}

test.run();
