/** Every operator through an ONNX file: what is written computes the same when it is read again, and in ONNX Runtime where that is installed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { onnx } from '../../src/formats/onnx/index.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { fileShape, toFileOrder, toGraphOrder } from '../../src/graph/file_order.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { given } from './given.ts';
import { openOnnxRuntime } from './onnxruntime.ts';
import { graphOf, samplesOf } from './row_graphs.ts';

const heap = await Heap.open();
const ort = openOnnxRuntime();

/** By name, in the file's order of axes. */
function run(graph: Graph, inputs: ReadonlyMap<string, Float32Array>): Map<string, ArrayLike<number>> {
  return heap.scope(() => {
    const program = compile(heap, graph);
    graph.inputs.forEach((t, i) => {
      heap.write(program.inputs[i], toGraphOrder(graph.tensors[t], inputs.get(graph.tensors[t].name)!));
    });
    program.run();
    return new Map(
      graph.outputs.map((t, i) => [
        graph.tensors[t].name,
        toFileOrder(graph.tensors[t], heap.read(program.outputs[i]) as Float32Array),
      ]),
    );
  });
}

function close(found: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const largest = Array.from(expected, Math.abs).reduce((a, b) => Math.max(a, b), 1e-9);
  assert.is(found.length, expected.length, what);
  // the bound is 1e-4 of the largest value
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(found[i] - expected[i]) <= 1e-4 * largest, `${what}, element ${i}: ${found[i]}, not ${expected[i]}`);
}

/** Samples that ONNX has no word for, and why. */
const BEYOND: Readonly<Record<string, RegExp>> = {
  batchMatmul: /turned matrices/,
  softmax: /factor/,
  mirrorPad: /repeats the edge/,
};

/** Operators of numbers above 0. */
const POSITIVE = ['sqrt', 'rsqrt', 'log', 'batchNorm'];

for (const [op, row] of Object.entries(OPS)) {
  if (!row.onnx?.write || !row.float) continue;
  samplesOf(op).forEach((sample, i) => {
    for (const opset of [13, 21] as const) {
      test(`${op}, sample ${i}, opset ${opset}: written and read again, it computes the same`, async () => {
        const graph = graphOf(op, sample, 'f32');
        const valuesFor = (count: number) => (POSITIVE.includes(op) ? given(count).map((v) => v + 1.01) : given(count));
        const inputs = new Map(graph.inputs.map((t) => [graph.tensors[t].name, valuesFor(sizeOf(graph.tensors[t].shape))]));
        let bytes: Uint8Array;
        try {
          ({ bytes } = writeOnnx(graph, { opset }));
        } catch (e) {
          assert.ok(e instanceof CompressError && e.code === 'unsupported' && BEYOND[op]?.test(e.message), String(e));
          return;
        }
        const expected = run(graph, inputs);
        // a batch of more than one is no batch of ours: such samples are for ONNX Runtime alone
        const isOne = graph.inputs.every((t) => graph.tensors[t].shape[0] === 1);
        if (isOne) {
          const { graph: again } = await onnx.read(bytes, {});
          for (const [name, values] of run(again, inputs)) close(values, expected.get(name)!, `${op} read again`);
        }
        if (!ort) return;
        const feeds = graph.inputs.map((t) => ({
          name: graph.tensors[t].name,
          values: inputs.get(graph.tensors[t].name)!,
          dims: fileShape(graph.tensors[t]),
        }));
        const found = await ort.run(bytes, feeds);
        for (const [name, values] of expected) close(values, found[name].data, `${op} in ONNX Runtime`);
      });
    }
  });
}

test.run();
