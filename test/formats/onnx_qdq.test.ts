/** Quantized ONNX files: QuantizeLinear and DequantizeLinear pairs, and QLinear operators, as integer networks. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gestures } from '../../src/demo/gestures.ts';
import { demoModel } from '../../src/demo/model.ts';
import { CompressError } from '../../src/errors.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { toFileOrder, toGraphOrder } from '../../src/graph/file_order.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import { compile } from '../../src/run/compile.ts';
import { IO_TYPES } from '../../src/run/edges.ts';
import type { Model } from '../../src/stage.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { given } from './given.ts';
import { floats, type HandModel, type HandNode, int8s, onnxFile } from './onnx_file.ts';

const heap = await Heap.open();
const float = await loadModel(await demoModel());
const load = async (bytes: Uint8Array): Promise<Model> => loadModel(bytes);
const opsOf = (graph: Graph) => graph.nodes.map((n) => n.op);

function answers(graph: Graph): number[] {
  return heap.scope(() => {
    const program = compile(heap, graph);
    program.inputs.forEach((x, i) => {
      const whole = (v: number) => Math.round(v * 120) + (x.dtype === 'u8' ? 128 : 0);
      const values = given(sizeOf(x.shape)).map(x.dtype === 'f32' ? (v) => v : whole);
      heap.write(x, toGraphOrder(graph.tensors[graph.inputs[i]], values));
    });
    program.run();
    return program.outputs.flatMap((y, i) => Array.from(toFileOrder(graph.tensors[graph.outputs[i]], heap.read(y)) as Int8Array));
  });
}

for (const bits of [8, 4] as const) {
  for (const io of IO_TYPES) {
    for (const opset of [13, 21] as const) {
      test(`${bits}-bit weights, ${io} at the edges, opset ${opset}: written and read again, every integer is the same`, async () => {
        const context = { heap, data: gestures(), seed: 0, original: float };
        const model = await runPipeline(float, [quantize({ examples: 64, weightBits: bits })], context);
        const graph = asStored(model, io);
        const again = await load(writeOnnx(graph, { opset }).bytes);
        assert.equal(opsOf(asStored(again)), opsOf(graph));
        assert.equal(answers(asStored(again)), answers(graph));
        assert.is(again.facts.quantize?.activationBits, 8);
        const tflite = importTflite(exportTflite(asStored(again)));
        assert.equal(answers(tflite), answers(graph));
      });
    }
  }
}

const scale = (v: number) => floats([], [v]);
const node = (type: string, inputs: string, outputs: string, attributes?: HandNode['attributes'], domain?: string): HandNode => ({
  type,
  inputs: inputs.split(' '),
  outputs: outputs.split(' '),
  attributes,
  domain,
});

const weights = [10, -20, 30, 40, 50, -60, 70, 80, 90, 100, 110, -120];
const qlinear: HandModel = {
  inputs: { x: ['N', 2, 3] },
  outputs: ['y'],
  constants: {
    xs: scale(1 / 127),
    z: int8s([], [0]),
    w: int8s([3, 2, 2], weights),
    ws: floats([3], [0.01, 0.02, 0.005]),
    wz: int8s([3], [0, 0, 0]),
    b: { ...int8s([3], []), dataType: 6, rawData: new Uint8Array(Int32Array.of(100, -200, 300).buffer) },
    ys: scale(0.05),
    zs: int8s([], [-10]),
  },
  nodes: [
    node('QuantizeLinear', 'x xs z', 'q'),
    node('QLinearConv', 'q xs z w ws wz ys zs b', 'c', { kernel_shape: [2] }),
    node('QLinearAdd', 'c ys zs c ys zs ys zs', 's', {}, 'com.microsoft'),
    node('DequantizeLinear', 's ys zs', 'y'),
  ],
};

test('QLinear operators with weights by channel', async () => {
  const model = await load(onnxFile(qlinear));
  const graph = asStored(model);
  assert.ok(opsOf(graph).includes('conv2d') && opsOf(graph).includes('add'));
  const conv = graph.nodes.find((n) => n.op === 'conv2d')!;
  assert.equal(Array.from(graph.tensors[conv.inputs[1]].data as Int8Array).sort(), [...weights].sort());
  const x = Array.from(given(6), (v) => Math.round(v * 127) / 127);
  const sums = [0, 1, 2].flatMap((o) =>
    [0, 1].map((at) => {
      let sum = [100, -200, 300][o] / 127;
      for (const i of [0, 1]) for (const k of [0, 1]) sum += x[3 * i + at + k] * weights[4 * o + 2 * i + k];
      return 2 * sum * [0.01, 0.02, 0.005][o];
    }),
  );
  const found = answers(graph);
  sums.forEach((v, i) => {
    const limited = Math.max(0.05 * (-128 + 10), Math.min(0.05 * (127 + 10), v));
    // a step of the convolution counts twice in the sum
    assert.ok(Math.abs(found[i] - limited) <= 0.05 * 2.01, `${i}: ${found[i]}, not ${limited}`);
  });
});

test('what follows the last integers stays float', async () => {
  const model = await load(
    onnxFile({ ...qlinear, outputs: ['p'], nodes: [...qlinear.nodes, node('Softmax', 'y', 'p', { axis: 1 })] }),
  );
  const ops = opsOf(asStored(model));
  assert.ok(ops.indexOf('dequantize') >= 0 && ops.indexOf('dequantize') < ops.indexOf('softmax'), ops.join(' '));
  const all = answers(asStored(model));
  assert.ok(Math.abs(all[0] + all[2] + all[4] - 1) < 1e-5);
});

async function refused(model: HandModel, what: RegExp): Promise<void> {
  const e = await load(onnxFile(model)).then(
    () => null,
    (error) => error,
  );
  assert.instance(e, CompressError, String(e));
  assert.is(e.code, 'unsupported');
  assert.match(e.what, what);
}

test('quantization that no kernel has is named', async () => {
  const around = { ...qlinear, constants: { ...qlinear.constants, wz: int8s([3], [0, 5, 0]) } };
  await refused(around, /the weights "w".*are quantized around 5, not around 0/);
  const [first, ...rest] = qlinear.nodes;
  await refused({ ...qlinear, nodes: [{ ...first, attributes: { block_size: 2 } }, ...rest] }, /quantizes in blocks/);
  const computed = { ...qlinear, inputs: { x: ['N', 2, 3], xs: [1] }, constants: { ...qlinear.constants } };
  const { xs: _, ...others } = computed.constants!;
  await refused({ ...computed, constants: others }, /a scale that is computed|scale/);
  await refused(
    { ...qlinear, nodes: [node('DynamicQuantizeLinear', 'x', 'q a b'), ...qlinear.nodes.slice(1)] },
    /DynamicQuantizeLinear.*not supported/,
  );
});

test.run();
