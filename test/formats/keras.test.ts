/** The Keras reader: networks with the answers of TensorFlow.js and, own_*, of Keras itself, real models with their accuracies, and files that cannot be read. */
import { readdirSync, readFileSync } from 'node:fs';
import { strToU8, unzipSync, zipSync } from 'fflate';
import * as h5wasm from 'h5wasm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset } from '../../src/data/index.ts';
import { CompressError } from '../../src/errors.ts';
import { evaluateGraph } from '../../src/evaluate.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { compile } from '../../src/run/compile.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { sharedPath } from '../shared.ts';
import { close } from './agree.ts';
import { given } from './given.ts';

const heap = await Heap.open();
const FIXTURES = new URL('../fixtures/keras/', import.meta.url);

function run(graph: Graph, inputs: readonly Float32Array[]): Float32Array[] {
  return heap.scope(() => {
    const program = compile(heap, graph);
    inputs.forEach((x, i) => {
      heap.write(program.inputs[i], x);
    });
    program.run();
    return program.outputs.map((y) => heap.read(y) as Float32Array);
  });
}

for (const file of readdirSync(FIXTURES).filter((name) => !name.endsWith('.json'))) {
  test(`${file}: the answers of TensorFlow.js or Keras, and no transpose but where axes are permuted`, async () => {
    const { graph } = await loadModel(readFileSync(new URL(file, FIXTURES)));
    const facts = JSON.parse(readFileSync(new URL(file.replace(/\.\w+$/, '.json'), FIXTURES), 'utf8'));
    assert.equal(
      graph.inputs.map((t) => graph.tensors[t].shape),
      facts.inputs,
    );
    assert.is(graph.nodes.filter((n) => n.op === 'transpose').length, 0);
    const found = run(
      graph,
      facts.inputs.map((s: number[]) => given(sizeOf(s))),
    );
    facts.outputs.forEach(({ shape, values }: { shape: number[]; values: number[] }, i: number) => {
      assert.equal(graph.tensors[graph.outputs[i]].shape, shape);
      close(found[i], values, `${file}, output ${i}`);
    });
  });
}

const shared = (path: string): Uint8Array | null => {
  const found = sharedPath(`data/${path}`);
  return found && !path.endsWith('mnist') ? readFileSync(found) : null;
};

const REAL: readonly [model: string, data: string, percent: number][] = [
  ['pretrainedResnet.h5', 'cifar10/test.npz', 87.9],
  ['str_ww_ref_model.h5', 'sww01/calibration_samples.npz', 91.1],
];

for (const [name, data, percent] of REAL) {
  const [model, part] = [shared(`models/${name}`), shared(data)];
  if (!model || !part) continue;
  test(`${name} has the accuracy that is stated`, async () => {
    const { graph } = await loadModel(model);
    const { accuracy } = await evaluateGraph(graph, await loadDataset({ 'test.npz': part }, { whole: true }));
    assert.is(Math.round(1000 * accuracy!) / 10, percent);
  });
}

const twins = [shared('models/pretrainedResnet.h5'), shared('models/pretrainedResnet.tflite')] as const;
if (twins[0] && twins[1]) {
  test('ResNet8 answers as its .tflite twin', async () => {
    const x = Float32Array.from(given(32 * 32 * 3), (v) => 128 * (v + 1));
    const [keras] = run(asStored(await loadModel(twins[0]!)), [x]);
    const [tflite] = run(importTflite(twins[1]!), [x]);
    close(keras, tflite, 'probabilities');
  });
}

async function refused(bytes: Uint8Array, code: string, what: RegExp, fix = /./): Promise<void> {
  const e = await Promise.resolve()
    .then(() => loadModel(bytes))
    .then(
      () => null,
      (error) => error,
    );
  assert.instance(e, CompressError, String(e?.stack));
  assert.is(e.code, code, e.message);
  assert.match(e.what, what);
  assert.match(e.fix, fix);
}

const archive = unzipSync(readFileSync(new URL('series3.keras', FIXTURES)));
const config = JSON.parse(new TextDecoder().decode(archive['config.json']));

/** series3.keras with another configuration. */
const changed = (
  change: (layers: { class_name: string; config: Record<string, unknown>; [key: string]: unknown }[]) => void,
): Uint8Array => {
  const copy = structuredClone(config);
  change(copy.config.layers);
  return zipSync({ ...archive, 'config.json': strToU8(JSON.stringify(copy)) });
};

test('what cannot be read is named', async () => {
  const mine = changed((layers) => {
    layers[1] = { ...layers[1], class_name: 'Magic' };
  });
  await refused(mine, 'unsupported', /the layer ".*" is of the class "Magic", which is not known/, /Conv2D, .*Dense/);
  const custom = changed((layers) => {
    layers[1] = { ...layers[1], module: 'my_project', registered_name: 'my_project>Magic' };
  });
  await refused(custom, 'unsupported', /the custom class "my_project>Magic"/, /ONNX/);
  const odd = changed((layers) => {
    layers[0].config.activation = 'mine';
  });
  await refused(odd, 'unsupported', /has the activation "mine"/);
  const open = changed((layers) => {
    for (const l of layers) if (l.config.batch_input_shape) l.config.batch_input_shape = [null, null, 4];
  });
  await refused(open, 'unsupported', /dimension 1 of the input .* is open/);
  const { 'model.weights.h5': _, ...without } = archive;
  await refused(zipSync({ ...without, 'model.weights.npz': strToU8('x') }), 'bad-file', /model\.weights\.npz/, /./);
  await refused(zipSync({ ...archive, 'config.json': strToU8('{') }), 'bad-file', /no JSON/);
});

async function hdf5(write: (file: h5wasm.File) => void): Promise<Uint8Array> {
  const { FS } = await h5wasm.ready;
  FS.writeFile('/test.h5', new Uint8Array(0));
  const file = new h5wasm.File('/test.h5', 'w');
  write(file);
  file.close();
  return FS.readFile('/test.h5');
}

test('weights alone, and arrays that claim more than their file holds, are refused', async () => {
  const alone = await hdf5((file) => {
    file.create_attribute('layer_names', ['dense']);
    file.create_group('dense');
  });
  await refused(alone, 'unsupported', /weights without a network/, /model\.save/);
  await refused(
    await hdf5((file) => {
      file.create_group('data');
    }),
    'unsupported',
    /no Keras model/,
  );
  const bomb = await hdf5((file) => {
    const layer = {
      class_name: 'Dense',
      config: { name: 'dense', units: 2, activation: 'linear', batch_input_shape: [null, 40_000_000] },
    };
    file.create_attribute('model_config', JSON.stringify({ class_name: 'Sequential', config: { name: 'm', layers: [layer] } }));
    const group = file.create_group('model_weights').create_group('dense');
    (group as h5wasm.Group).create_attribute('weight_names', ['kernel:0', 'bias:0']);
    (group as h5wasm.Group).create_dataset({
      name: 'kernel:0',
      data: new Float32Array(1e6),
      shape: [1000, 1000],
      chunks: [1000, 1000],
      compression: 9,
    });
    (group as h5wasm.Group).create_dataset({ name: 'bias:0', data: new Float32Array(2) });
  });
  // an honest array of zeros is read, and then does not fit the input
  await refused(bomb, 'bad-file', /features|does not fit|expect/);
});

test('a file that is cut off is refused, though its layers may all be there', async () => {
  const whole = readFileSync(new URL('series.h5', FIXTURES));
  let message = '';
  await Promise.resolve()
    .then(() => loadModel(whole.subarray(0, whole.length - 8)))
    .catch((e) => {
      message = e.message;
    });
  assert.match(message, /cut off: it has \d+ of \d+ bytes/);
});

test.run();
