/** Single layers with 16-bit activations among layers of 8. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel, gestures } from '../../src/demo/index.ts';
import type { CompressError } from '../../src/errors.ts';
import { evaluatePart } from '../../src/evaluate.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { exportTflite } from '../../src/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { outlineOf, runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize } from '../../src/quant/index.ts';
import { layerOf } from '../../src/run/layers.ts';
import type { Model } from '../../src/stage.ts';
import { finetune } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const data = gestures();
const model = await loadModel(await demoModel());
const context = { heap, data, seed: 0, original: model };
const layers = model.graph.nodes.filter(layerOf).map((n) => n.name);

const typesOf = (graph: Graph) => graph.nodes.map((n) => `${n.op} ${graph.tensors[n.outputs[0]].dtype}`);
const typeOf = ({ nodes, tensors }: Graph, name: string) => {
  const node = nodes.find((n) => n.name === name)!;
  return [tensors[node.inputs[0]].dtype, tensors[node.outputs[0]].dtype];
};
const wide = (...names: string[]) => Object.fromEntries(names.map((n) => [n, 16 as const]));
const quantized = (names: string[]) => runPipeline(model, [quantize({ layerActivationBits: wide(...names) })], context);

test('a layer of 16 bits is converted to and from, two beside each other are not converted between', async () => {
  const plain = asStored(await quantized([]));
  for (const names of [[layers[0]], [layers[1]], [layers.at(-1)!], [layers[0], layers[1]], layers]) {
    const stored = asStored(await quantized(names));
    for (const name of layers) assert.equal(typeOf(stored, name), names.includes(name) ? ['i16', 'i16'] : ['i8', 'i8'], name);
    for (const t of [...stored.inputs, ...stored.outputs]) assert.is(stored.tensors[t].dtype, 'i8');
    assert.equal(
      typesOf(stored).filter((t) => !t.startsWith('quantize')),
      typesOf(plain)
        .map((t, i) => (names.includes(plain.nodes[i].name) ? t.replace('i8', 'i16') : t))
        .map((t, i) => viewed(stored, plain, t, i)),
    );
  }
});

/** What only changes the shape has the type of what it reads. */
function viewed(stored: Graph, plain: Graph, text: string, i: number): string {
  const { op, name } = plain.nodes[i];
  if (op !== 'reshape') return text;
  const node = stored.nodes.find((n) => n.name === name)!;
  return `${op} ${stored.tensors[node.inputs[0]].dtype}`;
}

test('the wider the layers, the smaller the error of the answers', async () => {
  const error = async (names: string[]) => (await quantized(names)).facts.quantization!.outputError;
  const [none, all] = [await error([]), await error(layers)];
  assert.ok(all < none / 1.2, `${none} -> ${all}`);
});

test('files, later stages and outlines keep it', async () => {
  const names = [layers[1]];
  const found = await quantized(names);
  const file = exportTflite(found);
  const read = await loadModel(file);
  assert.equal(read.facts.quantize!.layerActivationBits, wide(...names));
  assert.is(read.facts.quantize!.activationBits, 8);
  const accuracy = evaluatePart(heap, importTflite(file), data, 'validation').accuracy!;
  assert.ok(accuracy > evaluatePart(heap, model.graph, data, 'validation').accuracy! - 0.02);
  const short = { epochs: 0.05, batch: 32 } as const;
  for (const begin of [found, read] as Model[]) {
    for (const stages of [[prune({ ratio: 0.2 })], [finetune({ ...short, qat: 'learned' })], [finetune(short)]]) {
      const after = await runPipeline(begin, stages, context);
      assert.equal(typesOf(asStored(after)), typesOf(importTflite(file)), stages[0].name);
      assert.equal(typesOf((await outlineOf(begin, stages, context))!.graph).length, typesOf(after.graph).length);
    }
  }
  const outline = (await outlineOf(model, [quantize({ layerActivationBits: wide(...names) })], context))!;
  assert.equal(typesOf(asStored(outline)), typesOf(importTflite(file)));
});

test('names that no layer has are refused', async () => {
  const error: CompressError = await quantized([`${layers[0]}x`]).then(
    () => assert.unreachable(),
    (e) => e,
  );
  assert.is(error.code, 'bad-option');
  assert.ok(error.message.includes(layers[0]));
});

test.run();
