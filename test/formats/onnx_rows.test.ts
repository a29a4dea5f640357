/** Every operator through an ONNX file: what is written computes the same when it is read again, and in ONNX Runtime where that is installed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { onnx } from '../../src/formats/onnx/index.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { fileShape } from '../../src/graph/file_order.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { close, runInFileOrder } from './agree.ts';
import { given } from './given.ts';
import { openOnnxRuntime } from './onnxruntime.ts';
import { graphOf, samplesOf } from './row_graphs.ts';

const heap = await Heap.open();
const ort = openOnnxRuntime();

const run = (graph: Graph, inputs: ReadonlyMap<string, Float32Array>) =>
  new Map(Object.entries(runInFileOrder(heap, graph, Object.fromEntries(inputs))));

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
