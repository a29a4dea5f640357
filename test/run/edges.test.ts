/** Conversions at the edges of integer networks: taken off when a file is read, put back when one is written. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gestures } from '../../src/demo/gestures.ts';
import { demoModel } from '../../src/demo/model.ts';
import { distill } from '../../src/distill/index.ts';
import type { CompressError } from '../../src/errors.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize, toFloat, toInteger } from '../../src/quant/index.ts';
import { compile } from '../../src/run/compile.ts';
import { edgesFor, type IoType, withEdges } from '../../src/run/edges.ts';
import { simplify } from '../../src/simplify/index.ts';
import type { Model } from '../../src/stage.ts';
import { finetune } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';

const heap = await Heap.open();
const data = gestures();
const float = await loadModel(await demoModel());
const quantized = await runPipeline(float, [quantize({ examples: 64 })], { heap, data, seed: 0, original: float });
const int8 = asStored(quantized);

const typesOf = ({ tensors, inputs, outputs }: Graph) => [...inputs, ...outputs].map((t) => tensors[t].dtype);
const load = async (bytes: Uint8Array): Promise<Model> => loadModel(bytes);

const fileWith = (io: IoType): Uint8Array => exportTflite(withEdges(int8, edgesFor(int8, io)));

/** Answers to the first examples, in the type of the graph's own output. */
function answers(graph: Graph, convert: (x: number) => number): number[] {
  return heap.scope(() => {
    const program = compile(heap, graph);
    const [x] = data.test!.inputs;
    const size = 128 * 3;
    return Array.from({ length: 8 }, (_, i) => {
      heap.write(program.inputs[0], Array.from(x.subarray(i * size, (i + 1) * size), convert));
      program.run();
      return Array.from(heap.read(program.outputs[0]) as Int8Array);
    }).flat();
  });
}

const { scales, zeros } = int8.tensors[int8.inputs[0]].quant!;
const step = (x: number) => Math.max(-128, Math.min(127, Math.round(x / scales[0]) + zeros[0]));
const plain = answers(int8, step);

for (const [io, dtype] of [
  ['uint8', 'u8'],
  ['float32', 'f32'],
] as const) {
  test(`${io} at the edges: stages see the integers inside, a file keeps its types and names`, async () => {
    const bytes = fileWith(io);
    const model = await load(bytes);
    const whole = importTflite(bytes);
    assert.equal(typesOf(whole), [dtype, dtype]);
    assert.equal(typesOf(model.graph), ['i8', 'i8']);
    assert.equal(
      model.graph.nodes.map((n) => n.op),
      int8.nodes.map((n) => n.op),
    );
    for (const end of ['inputs', 'outputs'] as const)
      assert.is(model.graph.tensors[model.graph[end][0]].name, whole.tensors[whole[end][0]].name);
    const again = importTflite(exportTflite(asStored(model)));
    const named = (g: Graph) => [...g.tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.equal(named(again), named(whole));
    assert.equal(
      again.nodes.map((n) => [n.name, n.op]),
      whole.nodes.map((n) => [n.name, n.op]),
    );
  });

  test(`${io} at the edges: the answers are those of the int8 network`, async () => {
    const stored = asStored(await load(fileWith(io)));
    const given = io === 'uint8' ? (x: number) => step(x) + 128 : (x: number) => x;
    const { quant } = int8.tensors[int8.outputs[0]];
    const meant = io === 'uint8' ? (y: number) => y + 128 : (y: number) => Math.fround(quant!.scales[0] * (y - quant!.zeros[0]));
    assert.equal(answers(stored, given), plain.map(meant));
  });

  test(`${io} at the edges can be dropped or changed`, async () => {
    const model = await load(fileWith(io));
    assert.equal(typesOf(asStored(model, 'int8')), ['i8', 'i8']);
    assert.equal(answers(asStored(model, 'int8'), step), plain);
    assert.equal(typesOf(asStored(model, 'uint8')), ['u8', 'u8']);
    assert.equal(typesOf(asStored(model, 'float32')), ['f32', 'f32']);
  });
}

test('a float model has no integers at its edges', () => {
  assert.equal(typesOf(asStored(float, 'float32')), ['f32', 'f32']);
  assert.throws(
    () => asStored(float, 'int8'),
    (e: CompressError) => e.code === 'bad-option' && /float32 and cannot be int8/.test(e.what) && /quantize/.test(e.fix),
  );
});

test('what is read beside its conversion, or is no conversion of a whole tensor, keeps it', async () => {
  const graph = withEdges(int8, edgesFor(int8, 'float32'));
  const twice = { ...graph, outputs: [...graph.outputs, graph.nodes.at(-1)!.inputs[0]] };
  const model = await load(exportTflite(twice));
  assert.equal(typesOf(model.graph), ['i8', 'i8', 'i8']);
  assert.equal(typesOf(asStored(model)), ['f32', 'f32', 'i8']);
});

/** The int8 network with a piece of float arithmetic in its middle, and a change of scale behind it. */
function mixed(): Graph {
  const place = int8.nodes.findIndex((n) => n.op === 'reshape' || n.op === 'mean' || n.op === 'maxPool2d');
  const [cut] = int8.nodes[place].inputs;
  const { shape, quant } = int8.tensors[cut];
  const n = int8.tensors.length;
  const finer = { ...quant!, scales: [quant!.scales[0] * 1.25] };
  const made = (name: string, more: Partial<Graph['tensors'][number]>) => ({
    name,
    shape,
    dtype: 'f32' as const,
    data: null,
    quant: null,
    ...more,
  });
  const tensors = [
    ...int8.tensors,
    made('real', {}),
    made('positive', {}),
    made('back', { dtype: 'i8', quant: finer }),
    made('again', { dtype: 'i8', quant }),
  ];
  const step = (name: string, op: string, from: number, to: number) => ({ name, op, inputs: [from], outputs: [to], attrs: {} });
  const piece = [
    step('real', 'dequantize', cut, n),
    step('positive', 'relu', n, n + 1),
    step('back', 'quantize', n + 1, n + 2),
    step('again', 'quantize', n + 2, n + 3),
  ];
  const after = int8.nodes.slice(place).map((node) => ({ ...node, inputs: node.inputs.map((t) => (t === cut ? n + 3 : t)) }));
  return { ...int8, tensors, nodes: [...int8.nodes.slice(0, place), ...piece, ...after] };
}

const STAGES = {
  'prune without data': { stages: [prune({ ratio: 0.3, criterion: 'l2' })], data: null },
  prune: { stages: [prune({ ratio: 0.3 })], data },
  quantize: { stages: [quantize({ examples: 64 })], data },
  finetune: { stages: [finetune({ epochs: 0.2 })], data },
  'finetune with learned scales': { stages: [finetune({ epochs: 0.2, qat: 'learned' })], data },
  distill: { stages: [distill({ epochs: 0.2 })], data },
  simplify: { stages: [simplify()], data: null },
};

for (const [name, context] of Object.entries(STAGES)) {
  for (const [kind, graph] of [
    ['uint8 edges', withEdges(int8, edgesFor(int8, 'uint8'))],
    ['float arithmetic inside', mixed()],
  ] as const) {
    test(`${name} takes a network with ${kind}`, async () => {
      const model = await load(exportTflite(graph));
      const found = await runPipeline(model, context.stages, { heap, data: context.data, seed: 0, original: model });
      const stored = importTflite(exportTflite(asStored(found)));
      assert.equal(typesOf(stored), typesOf(graph));
      assert.is(
        answers(stored, (x) => (kind === 'uint8 edges' ? step(x) + 128 : step(x))).length,
        8 * stored.tensors[stored.outputs[0]].shape[1],
      );
    });
  }
}

test('float arithmetic inside stays float where nothing is measured, and is quantized where ranges are', async () => {
  const model = await load(exportTflite(mixed()));
  const ops = (m: Model) => asStored(m).nodes.map((n) => n.op);
  const float = toFloat(model.graph);
  assert.equal(answers(toInteger(float), step), answers(model.graph, step));
  const measured = await runPipeline(model, [quantize({ examples: 64 })], { heap, data, seed: 0, original: model });
  assert.ok(ops(model).includes('dequantize'));
  assert.not.ok(ops(measured).some((op) => op === 'dequantize' || op === 'quantize'));
});

test.run();
