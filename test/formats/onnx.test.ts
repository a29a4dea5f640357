/** The ONNX reader: networks of PyTorch with PyTorch's answers, real models with their accuracies, and files written by hand. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { CompressError } from '../../src/errors.ts';
import { evaluateGraph } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { fileShape } from '../../src/graph/file_order.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { compile, isBatchable } from '../../src/run/compile.ts';
import type { Model } from '../../src/stage.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { sharedPath } from '../shared.ts';
import { close, runInFileOrder } from './agree.ts';
import { given } from './given.ts';
import { floats, type HandModel, type HandNode, int64s, onnxFile } from './onnx_file.ts';

const heap = await Heap.open();
const FIXTURES = new URL('../fixtures/onnx/', import.meta.url);

interface Fixture {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>;
}

const run = (graph: Graph, inputs: Readonly<Record<string, Float32Array>>) => runInFileOrder(heap, graph, inputs);
const load = async (bytes: Uint8Array): Promise<Model> => loadModel(bytes);
const count = (graph: Graph, op: string) => graph.nodes.filter((n) => n.op === op).length;

/** Transposes that are left: sequences of both directions are joined by reshapes while time stands in front. */
const LEFT: Readonly<Record<string, number>> = { 'gru_bidirectional.onnx': 4 };

for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith('.onnx'))) {
  const bytes = readFileSync(new URL(file, FIXTURES));
  const facts: Fixture = JSON.parse(readFileSync(new URL(file.replace('.onnx', '.json'), FIXTURES), 'utf8'));

  test(`${file}: PyTorch's answers, and no transpose is left that need not be`, async () => {
    const { graph, facts: known } = await load(bytes);
    assert.is(known.notes, undefined);
    assert.equal(Object.fromEntries(graph.inputs.map((t) => [graph.tensors[t].name, fileShape(graph.tensors[t])])), facts.inputs);
    assert.is(count(graph, 'transpose'), LEFT[file] ?? 0);
    assert.is(isBatchable(graph), file !== 'gru_bidirectional.onnx');
    const inputs = Object.fromEntries(Object.entries(facts.inputs).map(([name, shape]) => [name, given(sizeOf(shape))]));
    const outputs = run(graph, inputs);
    graph.outputs.forEach((t) => {
      const { name } = graph.tensors[t];
      assert.equal(fileShape(graph.tensors[t]), facts.outputs[name].shape);
      close(outputs[name], facts.outputs[name].values, `${file} ${name}`);
    });
  });

  test(`${file}: two examples at once answer as one after the other`, async () => {
    const { graph } = await load(bytes);
    if (!isBatchable(graph)) return;
    heap.scope(() => {
      const programs = [1, 2].map((batch) => compile(heap, graph, { batch }));
      const examples = [0, 1].map((k) =>
        graph.inputs.map((t) => given(sizeOf(graph.tensors[t].shape)).map((v) => (k ? v * v - 0.3 : v))),
      );
      programs[1].inputs.forEach((x, i) => {
        heap.write(x, [...examples[0][i], ...examples[1][i]]);
      });
      programs[1].run();
      examples.forEach((values, k) => {
        values.forEach((v, i) => {
          heap.write(programs[0].inputs[i], v);
        });
        programs[0].run();
        programs[0].outputs.forEach((y, o) => {
          const size = sizeOf(y.shape);
          close(
            heap.read(programs[1].outputs[o], k * size, size) as Float32Array,
            [...(heap.read(y) as Float32Array)],
            `${file}, example ${k}`,
          );
        });
      });
    });
  });

  test(`${file}: written as .tflite it computes the same`, async () => {
    const model = await load(bytes);
    const inputs = Object.fromEntries(
      model.graph.inputs.map((t) => [model.graph.tensors[t].name, given(sizeOf(model.graph.tensors[t].shape))]),
    );
    const plain = (graph: Graph): Graph => ({ ...graph, tensors: graph.tensors.map(({ fileOrder: _, ...t }) => t) });
    const again = importTflite(exportTflite(asStored(model)));
    const [mine, theirs] = [run(plain(asStored(model)), inputs), run(again, inputs)];
    for (const [name, values] of Object.entries(mine)) close(theirs[name], values, `${file} ${name}`);
  });
}

test('batch normalizations are kept for training', async () => {
  const { graph } = await load(readFileSync(new URL('resnet18_norms.onnx', FIXTURES)));
  assert.is(count(graph, 'batchNorm'), 20);
});

const REAL: readonly [model: string, data: string, options: Parameters<typeof loadDataset>[1], percent: number][] = [
  ['mnist-8', 'mnist', {}, 98.9],
  ['squeezenet_cifar10', 'cifar10/test.npz', { scale: 1 / 255 }, 76.5],
  ['kws_dscnn_small_alibaba', 'kws01/test_mfcc.npz', {}, 89.8],
];

for (const [name, data, options, percent] of REAL) {
  const paths = [sharedPath(`data/models/${name}.onnx`), sharedPath(`data/${data}`)] as const;
  if (!paths[0] || !paths[1]) continue;
  test(`${name} has the accuracy that is stated`, async () => {
    const { graph } = await load(readFileSync(paths[0]!));
    const folder = data === 'mnist' ? null : readFileSync(paths[1]!);
    const files = folder
      ? { 'test.npz': folder }
      : Object.fromEntries(
          readdirSync(paths[1]!)
            .filter((f) => f.startsWith('t10k'))
            .map((f) => [f, readFileSync(`${paths[1]}/${f}`)]),
        );
    const dataset = await loadDataset(files, { ...options, whole: true });
    const { accuracy } = await evaluateGraph(graph, dataset);
    assert.is(Math.round(1000 * accuracy!) / 10, percent);
  });
}

/** y of a hand-written model with one input x; its shape there. */
async function answers(model: HandModel): Promise<{ graph: Graph; y: number[] }> {
  const { graph } = await load(onnxFile(model));
  const shape = Object.values(model.inputs)[0].map((d) => (typeof d === 'number' ? d : 1));
  return { graph, y: Array.from(Object.values(run(graph, { x: given(sizeOf(shape)) }))[0]) };
}

const node = (type: string, inputs: string, outputs: string, attributes?: HandModel['nodes'][number]['attributes']) => ({
  type,
  inputs: inputs.split(' '),
  outputs: outputs.split(' '),
  attributes,
});

test('bounds of a Clip as constants of the graph, and as attributes of an older file', async () => {
  const bound = (value: number) => floats([], [value]);
  const newer = {
    inputs: { x: ['N', 4] },
    outputs: ['y'],
    nodes: [
      node('Constant', '', 'low', { value: bound(-0.25) }),
      node('Constant', '', 'high', { value: bound(6) }),
      node('Clip', 'x low high', 'y'),
    ],
  };
  newer.nodes[0].inputs = [];
  newer.nodes[1].inputs = [];
  const older = {
    opset: 7,
    inputs: { x: [1, 4] },
    outputs: ['y'],
    nodes: [node('Clip', 'x', 'y', { min: { float: 0 }, max: { float: 6 } })],
  };
  const expected = Array.from(given(4));
  close(
    (await answers(newer)).y,
    expected.map((v) => Math.max(-0.25, v)),
    'opset 13',
  );
  const { graph, y } = await answers(older);
  close(
    y,
    expected.map((v) => Math.max(0, v)),
    'opset 7',
  );
  assert.equal(
    graph.nodes.map((n) => n.op),
    ['relu6'],
  );
});

test('auto_pad puts the odd column behind or before', async () => {
  const conv = (auto_pad: string): HandModel => ({
    inputs: { x: [1, 1, 4] },
    outputs: ['y'],
    constants: { w: floats([1, 1, 2], [1, 10]) },
    nodes: [node('Conv', 'x w', 'y', { auto_pad, kernel_shape: [2] })],
  });
  const x = Array.from(given(4));
  close(
    (await answers(conv('SAME_UPPER'))).y,
    x.map((v, i) => v + 10 * (x[i + 1] ?? 0)),
    'upper',
  );
  close(
    (await answers(conv('SAME_LOWER'))).y,
    x.map((v, i) => (x[i - 1] ?? 0) + 10 * v),
    'lower',
  );
  close(
    (await answers(conv('VALID'))).y,
    x.slice(0, 3).map((v, i) => v + 10 * x[i + 1]),
    'valid',
  );
});

test('weights computed in the graph from constants', async () => {
  const { y, graph } = await answers({
    inputs: { x: ['N', 2] },
    outputs: ['y'],
    constants: { v: floats([4], [1, 2, 3, 4]), s: int64s(2, 2), half: floats([1], [0.5]) },
    nodes: [
      node('Reshape', 'v s', 'm'),
      node('Transpose', 'm', 't', { perm: [1, 0] }),
      node('Mul', 't half', 'w'),
      node('MatMul', 'x w', 'y'),
    ],
  });
  const [a, b] = given(2);
  close(y, [0.5 * a + b, 1.5 * a + 2 * b], 'y');
  assert.equal(
    graph.nodes.map((n) => n.op),
    ['fullyConnected'],
  );
});

async function refused(bytes: Uint8Array, code: string, what: RegExp, fix = /./): Promise<void> {
  const e = await load(bytes).then(
    () => null,
    (error) => error,
  );
  assert.instance(e, CompressError, String(e));
  assert.is(e.code, code);
  assert.match(e.what, what);
  assert.match(e.fix, fix);
}

const relu = { inputs: { x: ['N', 4] }, outputs: ['y'], nodes: [node('Relu', 'x', 'y')] };

test('what cannot be read is named', async () => {
  const attempt = async (model: HandModel, ...rest: [string, RegExp, RegExp?]) => refused(onnxFile(model), ...rest);
  await attempt(
    { ...relu, nodes: [node('Relu', 'x', 'y', { extra: 1 })] },
    'unsupported',
    /operator 0 \(Relu, output "y"\) has the attribute "extra"/,
  );
  await attempt(
    { ...relu, nodes: [node('NonMaxSuppression', 'x', 'y')] },
    'unsupported',
    /NonMaxSuppression.*not supported/,
    /Conv.*Gemm/,
  );
  await attempt({ ...relu, nodes: [{ ...node('Relu', 'x', 'y'), domain: 'com.mine' }] }, 'unsupported', /domain "com.mine"/);
  await attempt(
    { ...relu, inputs: { x: ['N', 'T'] } },
    'unsupported',
    /dimension 1 of the input "x" is open \("T"\)/,
    /fixed sizes/,
  );
  await attempt({ ...relu, opset: 6 }, 'unsupported', /operator set 6/);
  await attempt({ ...relu, opset: 99 }, 'unsupported', /operator set 99/);
  await attempt({ ...relu, nodes: [node('Relu', 'z', 'y')] }, 'bad-file', /reads "z", which nothing computes/);
  for (const type of ['Cast', 'Shape', 'Add', 'Range', 'Tile', 'Concat', 'Split', 'Reshape'])
    await attempt({ ...relu, nodes: [node(type, '', 'a'), node('Add', 'x a', 'y')] }, 'bad-file', /lacks operand 0/);
  const huge = { one: int64s(1), many: int64s(4096, 4096), end: int64s(2 ** 40) };
  for (const [type, inputs] of [
    ['ConstantOfShape', 'many'],
    ['Expand', 'one many'],
    ['Tile', 'one end'],
    ['Range', 'one end one'],
  ])
    await attempt(
      { ...relu, constants: huge, nodes: [node(type, inputs, 'a'), node('Add', 'x a', 'y')] },
      'unsupported',
      /makes a constant of shape/,
    );
  await attempt({ ...relu, outputs: ['z'] }, 'bad-file', /output "z" is never computed/);
  await attempt(
    { ...relu, nodes: [node('Add', 'x b', 'a'), node('Relu', 'a', 'b'), node('Relu', 'b', 'y')] },
    'bad-file',
    /wait for each other in a circle/,
  );
  const w = floats([4, 2], [1, 2, Number.NaN, 4, 5, 6, 7, 8]);
  await attempt({ ...relu, constants: { w }, nodes: [node('MatMul', 'x w', 'y')] }, 'bad-file', /the constant "w" is NaN/);
});

test('operators in another order than they must run in', async () => {
  const { y } = await answers({ ...relu, nodes: [node('Neg', 'a', 'y'), node('Relu', 'x', 'a')] });
  close(
    y,
    Array.from(given(4), (v) => -Math.max(0, v)),
    'y',
  );
});

/** A constant that lies in another file. */
function outside(location: string, offset = 0): Uint8Array {
  const w = { ...floats([4, 1], []), dims: [4n, 1n], rawData: new Uint8Array(0), dataLocation: 1 };
  const externalData = Object.entries({ location, offset: String(offset), length: '16' }).map(([key, value]) => ({
    $typeName: 'onnx.StringStringEntryProto' as const,
    key,
    value,
  }));
  return onnxFile({ ...relu, constants: { w: { ...w, externalData } }, nodes: [node('MatMul', 'x w', 'y')] });
}

test('external data is read from beside the model, and from nowhere else', async () => {
  const file = new Uint8Array(Float32Array.from([9, 1, 2, 3, 4]).buffer);
  const asked: string[] = [];
  const beside = (name: string) => {
    asked.push(name);
    return file;
  };
  const { graph } = await loadModel(outside('weights/model.bin', 4), { beside });
  const [a, b, c, d] = given(4);
  close(Object.values(run(graph, { x: given(4) }))[0], [a + 2 * b + 3 * c + 4 * d], 'y');
  assert.equal(asked, ['weights/model.bin']);
  for (const name of ['../secret', '/etc/passwd', 'a/../../b', 'C:\\x', '..\\x', ''])
    await refused(outside(name), 'unsupported', /outside of the model's folder/);
  await refused(outside('model.bin'), 'unsupported', /lies in another file, "model.bin"/, /beside/);
  const short = await Promise.resolve(loadModel(outside('model.bin', 8), { beside })).then(
    () => null,
    (e) => e,
  );
  assert.match(short.message, /takes 16 bytes at 8 of "model.bin", which has 20/);
});

test('metadata and unused parts', async () => {
  const { graph, facts } = await load(
    onnxFile({
      ...relu,
      inputs: { x: [1, 4], z: [1, 2] },
      metadata: { author: 'me' },
      nodes: [...relu.nodes, node('Neg', 'x', 'dead')],
    }),
  );
  assert.equal(
    graph.attachments?.metadata.map((m) => [m.name, new TextDecoder().decode(m.bytes)]),
    [['author', 'me']],
  );
  assert.is(facts.notes?.length, 2);
  assert.match(facts.notes![0], /no output depends on the input "z"/);
  assert.match(facts.notes![1], /1 operators that no output needs \(first "dead"\)/);
});

/** The graph that skl2onnx writes of an MLPClassifier: 3 features, 4 hidden, classes by name. */
function classifier(classes: number, zipped: boolean): Uint8Array {
  const units = classes === 2 ? 1 : classes;
  const some = (n: number) => Array.from({ length: n }, (_, i) => ((i * 37) % 11) / 5 - 1);
  const probabilities: HandNode[] =
    classes === 2
      ? [
          { type: 'Sigmoid', inputs: ['add_result1'], outputs: ['positive'] },
          { type: 'Sub', inputs: ['unity', 'positive'], outputs: ['negative'] },
          { type: 'Concat', inputs: ['negative', 'positive'], outputs: ['probabilities'], attributes: { axis: 1 } },
        ]
      : [{ type: 'Softmax', inputs: ['add_result1'], outputs: ['probabilities'], attributes: { axis: 1 } }];
  const map: HandNode[] = [{ type: 'ZipMap', domain: 'ai.onnx.ml', inputs: ['probabilities'], outputs: ['output_probability'] }];
  return onnxFile({
    opset: 15,
    inputs: { X: ['batch', 3] },
    outputs: ['output_label', zipped ? 'output_probability' : 'probabilities'],
    constants: {
      coefficient: floats([3, 4], some(12)),
      intercepts: floats([1, 4], some(4)),
      coefficient1: floats([4, units], some(4 * units)),
      intercepts1: floats([1, units], some(units)),
      classes: int64s(...Array.from({ length: classes }, (_, i) => i)),
      shape_tensor: int64s(-1),
      unity: floats([1], [1]),
    },
    nodes: [
      { type: 'Cast', inputs: ['X'], outputs: ['cast_input'], attributes: { to: 1 } },
      { type: 'MatMul', inputs: ['cast_input', 'coefficient'], outputs: ['mul_result'] },
      { type: 'Add', inputs: ['mul_result', 'intercepts'], outputs: ['add_result'] },
      { type: 'Relu', inputs: ['add_result'], outputs: ['next_activations'] },
      { type: 'MatMul', inputs: ['next_activations', 'coefficient1'], outputs: ['mul_result1'] },
      { type: 'Add', inputs: ['mul_result1', 'intercepts1'], outputs: ['add_result1'] },
      ...probabilities,
      { type: 'ArgMax', inputs: ['probabilities'], outputs: ['argmax_output'], attributes: { axis: 1 } },
      { type: 'ArrayFeatureExtractor', domain: 'ai.onnx.ml', inputs: ['classes', 'argmax_output'], outputs: ['picked'] },
      { type: 'Cast', inputs: ['picked'], outputs: ['cast2_result'], attributes: { to: 7 } },
      { type: 'Reshape', inputs: ['cast2_result', 'shape_tensor'], outputs: ['output_label'] },
      ...(zipped ? map : []),
    ],
  });
}

for (const [classes, zipped] of [
  [3, false],
  [3, true],
  [2, false],
] as const) {
  test(`scikit-learn's MLP of ${classes} classes${zipped ? ', by name' : ''}: its probabilities, and the lookup of names told`, async () => {
    const { graph, facts } = await load(classifier(classes, zipped));
    assert.equal(facts.notes, ['the output "output_label", which looks up the name of the likeliest class, is left out']);
    const x = [0.3, -0.7, 0.9];
    const outputs = run(graph, { X: Float32Array.from(x) });
    assert.equal(Object.keys(outputs), ['probabilities']);
    const some = (n: number) => Array.from({ length: n }, (_, i) => ((i * 37) % 11) / 5 - 1);
    const dense = (v: number[], units: number) =>
      some(units).map((b, u) => v.reduce((s, d, k) => s + d * some(v.length * units)[k * units + u], b));
    const hidden = dense(x, 4).map((v) => Math.max(v, 0));
    const logits = dense(hidden, classes === 2 ? 1 : classes);
    const positive = 1 / (1 + Math.exp(-logits[0]));
    const exps = logits.map(Math.exp);
    const wanted = classes === 2 ? [1 - positive, positive] : exps.map((e) => e / exps.reduce((a, b) => a + b));
    close(outputs.probabilities, wanted, 'probabilities');
  });
}

test.run();
