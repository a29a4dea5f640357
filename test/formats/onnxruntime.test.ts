/**
 * The reader and the writer of ONNX against ONNX Runtime, where bench's packages are installed (`npm ci --prefix bench --ignore-scripts`):
 * what is read computes as the file does there, what is written computes there as here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gestures } from '../../src/demo/gestures.ts';
import { demoModel } from '../../src/demo/model.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { fileShape, toFileOrder, toGraphOrder } from '../../src/graph/file_order.ts';
import { type Graph, sizeOf, type Tensor } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { modelFiles } from '../models.ts';
import { close } from './agree.ts';
import { given } from './given.ts';
import { openOnnxRuntime } from './onnxruntime.ts';

const ort = openOnnxRuntime();
const heap = await Heap.open();
const FIXTURES = new URL('../fixtures/onnx/', import.meta.url);

const inputFor = ({ dtype, shape }: Tensor): Float32Array | Int8Array => {
  const x = given(sizeOf(shape));
  return dtype === 'i8' ? Int8Array.from(x, (v) => Math.round(120 * v)) : x;
};

/** Outputs in the file's order of axes, ours and theirs. */
async function both(graph: Graph, file: Uint8Array): Promise<{ ours: ArrayLike<number>; theirs: ArrayLike<number> }[]> {
  const inputs = graph.inputs.map((t) => graph.tensors[t]);
  const xs = inputs.map(inputFor);
  const found = await ort!.run(
    file,
    inputs.map((t, i) => ({ name: t.name, values: xs[i], dims: fileShape(t) })),
  );
  return heap.scope(() => {
    const program = compile(heap, graph);
    xs.forEach((x, i) => {
      heap.write(program.inputs[i], toGraphOrder(inputs[i], x));
    });
    program.run();
    return graph.outputs.map((t, i) => {
      const { data, dims } = found[graph.tensors[t].name];
      assert.equal([...dims], fileShape(graph.tensors[t]));
      return { ours: toFileOrder(graph.tensors[t], heap.read(program.outputs[i])) as Float32Array, theirs: data };
    });
  });
}

async function agree(graph: Graph, file: Uint8Array): Promise<void> {
  for (const { ours, theirs } of await both(graph, file)) close(ours, theirs, graph.name);
}

if (ort) {
  const fixtures = readdirSync(FIXTURES).filter((name) => name.endsWith('.onnx'));
  const files = [
    ...fixtures.map((name) => ({ name, bytes: readFileSync(new URL(name, FIXTURES)) })),
    ...modelFiles('.onnx').map(({ name, path }) => ({ name, bytes: readFileSync(path) })),
  ];
  for (const { name, bytes } of files) {
    test(`${name}: read, and written again, it agrees with ONNX Runtime`, async () => {
      const graph = asStored(await loadModel(bytes));
      await agree(graph, bytes);
      for (const opset of [13, 21] as const) await agree(graph, writeOnnx(graph, { opset }).bytes);
    });
  }

  test('an int8 model as QuantizeLinear and DequantizeLinear pairs stays within two steps', async () => {
    const float = await loadModel(await demoModel());
    const model = await runPipeline(float, [quantize({ examples: 64 })], { heap, data: gestures(), seed: 0, original: float });
    const graph = asStored(model);
    for (const opset of [13, 21] as const) {
      for (const { ours, theirs } of await both(graph, writeOnnx(graph, { opset }).bytes)) {
        // sums are rounded once there and twice on the chip
        for (let i = 0; i < theirs.length; i++)
          assert.ok(Math.abs(ours[i] - theirs[i]) <= 2, `${i}: ${ours[i]}, not ${theirs[i]}`);
      }
    }
  });
}

test.run();
