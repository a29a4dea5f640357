/** ONNX files that are written: read again they compute the same, and hold what was asked for. */

import { readdirSync, readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gestures } from '../../src/demo/gestures.ts';
import { demoModel } from '../../src/demo/model.ts';
import type { CompressError } from '../../src/errors.ts';
import { ModelProtoSchema, type NodeProto } from '../../src/formats/onnx/generated/onnx_pb.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { fileShape } from '../../src/graph/file_order.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import { compile } from '../../src/run/compile.ts';
import type { Model } from '../../src/stage.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { given } from './given.ts';

const heap = await Heap.open();
const FIXTURES = new URL('../fixtures/onnx/', import.meta.url);

function run(graph: Graph): number[][] {
  return heap.scope(() => {
    const program = compile(heap, graph);
    for (const x of program.inputs) heap.write(x, given(sizeOf(x.shape)));
    program.run();
    return program.outputs.map((y) => Array.from(heap.read(y) as Float32Array));
  });
}

function close(found: readonly number[], expected: readonly number[], what: string): void {
  const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9);
  // sums in another order
  expected.forEach((v, i) => {
    assert.ok(Math.abs(found[i] - v) <= 1e-5 * largest, `${what}: element ${i} is ${found[i]}, not ${v}`);
  });
}

const nodesOf = (bytes: Uint8Array): NodeProto[] => fromBinary(ModelProtoSchema, bytes).graph!.node;
const count = (bytes: Uint8Array, type: string) => nodesOf(bytes).filter((n) => n.opType === type).length;
const load = async (bytes: Uint8Array): Promise<Model> => loadModel(bytes);

for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith('.onnx'))) {
  for (const opset of [13, 21] as const) {
    test(`${file}, opset ${opset}: read again it computes the same, with inputs and outputs as they were and no transpose`, async () => {
      const graph = asStored(await load(readFileSync(new URL(file, FIXTURES))));
      const { bytes, notes } = writeOnnx(graph, { opset });
      assert.equal(notes, []);
      assert.is(count(bytes, 'Transpose'), 0);
      const again = asStored(await load(bytes));
      for (const ends of ['inputs', 'outputs'] as const) {
        assert.equal(
          again[ends].map((t) => [again.tensors[t].name, fileShape(again.tensors[t])]),
          graph[ends].map((t) => [graph.tensors[t].name, fileShape(graph.tensors[t])]),
        );
      }
      const expected = run(graph);
      run(again).forEach((values, i) => {
        close(values, expected[i], file);
      });
      assert.equal(writeOnnx(graph, { opset }).bytes, bytes);
    });
  }
}

const float = await load(await demoModel());
const data = gestures();
const quantized = await runPipeline(float, [quantize({ examples: 64 })], { heap, data, seed: 0, original: float });

test('a model with channels last keeps its input, which is turned once', () => {
  const { bytes } = writeOnnx(asStored(float));
  const { graph } = fromBinary(ModelProtoSchema, bytes);
  const { value } = graph!.input[0].type!;
  const dims = value.case === 'tensorType' ? value.value.shape!.dim.map((d) => d.value.value) : [];
  assert.equal(dims, ['batch', ...float.graph.tensors[float.graph.inputs[0]].shape.slice(1).map(BigInt)]);
  assert.ok(count(bytes, 'Transpose') <= 1);
});

test('an int8 model has a QuantizeLinear behind every layer, weights as int8 and biases as int32', () => {
  const graph = asStored(quantized);
  const { bytes } = writeOnnx(graph);
  const file = fromBinary(ModelProtoSchema, bytes).graph!;
  const types = new Map(file.initializer.map((t) => [t.name, t.dataType]));
  const layers = file.node.filter((n) => n.opType === 'Conv' || n.opType === 'Gemm');
  assert.ok(layers.length >= 3);
  for (const layer of layers) {
    const [, w, b] = layer.input.map((name) => file.node.find((n) => n.output[0] === name)!);
    assert.equal([w.opType, types.get(w.input[0])], ['DequantizeLinear', 3]);
    assert.equal([b.opType, types.get(b.input[0])], ['DequantizeLinear', 6]);
  }
  assert.ok(count(bytes, 'QuantizeLinear') >= graph.nodes.length);
});

test('what ONNX cannot say is refused with the layer or the opset', async () => {
  const wide = await runPipeline(float, [quantize({ examples: 32, activationBits: 16 })], {
    heap,
    data,
    seed: 0,
    original: float,
  });
  assert.throws(
    () => writeOnnx(asStored(wide), { opset: 13 }),
    (e: CompressError) => e.code === 'unsupported' && /opset 13/.test(e.what) && /--opset 21/.test(e.fix),
  );
  assert.ok(writeOnnx(asStored(wide), { opset: 21 }).bytes.length > 0);
});

test.run();
