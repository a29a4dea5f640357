import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel, gestures } from '../../src/demo/index.ts';
import type { CompressError } from '../../src/errors.ts';
import { evaluatePart } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { loadModel } from '../../src/model.ts';
import { quantize, toInteger, withRoundedWeights } from '../../src/quant/index.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const data = gestures();
const model = await loadModel(await demoModel());
const context = { heap, data, seed: 0, original: model };
const layers = model.graph.nodes.filter((n) => n.op === 'conv2d').map((n) => n.name);

test('a layer of 4 bits among layers of 8 is written, read and kept so', async () => {
  const [, second] = layers;
  const { graph } = await quantize({ layerBits: { [second]: 4 } }).run(model, context);
  const file = exportTflite(toInteger(graph));
  const read = await loadModel(file);
  for (const node of read.graph.nodes.filter((n) => layers.includes(n.name)))
    assert.is(read.graph.tensors[node.inputs[1]].dtype, node.name === second ? 'i4' : 'i8');
  assert.equal(read.facts.quantize!.layerBits, { [second]: 4 });
  assert.is(read.facts.quantize!.weightBits, 8);
  assert.equal(exportTflite(read.graph), file);
  const accuracy = (g: typeof graph) => evaluatePart(heap, g, data, 'validation').accuracy!;
  assert.ok(Math.abs(accuracy(read.graph) - accuracy(model.graph)) < 0.05);
});

test('activations that overflow are refused, by name', async () => {
  const weights = model.graph.nodes[0].inputs[1];
  const { [weights]: tensor } = model.graph.tensors;
  for (const value of [3e38, Number.NaN]) {
    const tensors = model.graph.tensors.with(weights, { ...tensor, data: (tensor.data as Float32Array).map(() => value) });
    const error: CompressError = await quantize()
      .run({ ...model, graph: { ...model.graph, tensors } }, context)
      .then(
        () => assert.unreachable(),
        (e) => e,
      );
    assert.is(error.code, 'bad-data', error.stack);
    assert.match(error.message, /^"[\w/;]+" takes values .*(infinity|NaN)/i);
  }
});

test('names that no layer has are refused with the nearest', async () => {
  const error: CompressError = await quantize({ layerBits: { [`${layers[0]}x`]: 4 } })
    .run(model, context)
    .then(
      () => assert.unreachable(),
      (e) => e,
    );
  assert.is(error.code, 'bad-option');
  assert.ok(error.message.includes(layers[0]));
});

test('rounded weights lie on 15 or 255 steps of each channel', () => {
  const node = model.graph.nodes.find((n) => n.name === layers[1])!;
  for (const bits of [4, 8] as const) {
    const { data: values, shape } = withRoundedWeights(heap, model.graph, node, bits).tensors[node.inputs[1]];
    const inner = values!.length / shape[0];
    for (let c = 0; c < shape[0]; c++) {
      const of = new Set((values as Float32Array).subarray(c * inner, (c + 1) * inner));
      assert.ok(of.size > 2 && of.size <= 2 ** bits);
    }
  }
});

test.run();
