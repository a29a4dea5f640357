/** Several inputs, and labels by name. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type DataOptions,
  type DataSource,
  loadDataset,
  normalizationFacts,
  normalizationOptions,
} from '../../src/data/index.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { fails } from './fails.ts';
import { counted, npz } from './sources.ts';

const { x, y } = counted(60, 4);

const several = { accel: [x.subarray(0, 120), [30, 4]], press: [counted(30, 2).x, [30, 2]] } as const;
const thirty = y.subarray(0, 30);
const twoInputs = {
  graph: {
    name: 'two',
    tensors: [
      { name: 'serving_default_accel:0', shape: [1, 4], dtype: 'f32' as const, data: null, quant: null },
      { name: 'press', shape: [1, 2, 1], dtype: 'f32' as const, data: null, quant: null },
      { name: 'out', shape: [1, 3], dtype: 'f32' as const, data: null, quant: null },
    ],
    nodes: [],
    inputs: [0, 1],
    outputs: [2],
  },
};

test('several inputs: by name, by number, in order, by shape; in an archive, a folder of arrays, or a folder for each part', async () => {
  const { accel, press } = several;
  const labels = [thirty, [30]] as const;
  const archives = [
    { accel, press, y: labels },
    { press, Accel: accel, labels },
    { x0: accel, x1: press, y: labels },
    { input_1: accel, input_2: press, y: labels },
    { arr_0: accel, arr_1: press, arr_2: labels },
    { first: press, second: accel, y: labels },
  ].map((arrays) => ({ 'd.npz': npz(arrays as unknown as Parameters<typeof npz>[0]) }));
  const npys = (prefix: string) => ({
    [`${prefix}accel.npy`]: writeNpy(...accel),
    [`${prefix}press.npy`]: writeNpy(...press),
    [`${prefix}y.npy`]: writeNpy(...labels),
  });
  for (const source of [
    ...archives,
    npys(''),
    { inputs: { a: { x: accel[0], shape: accel[1] }, b: { x: press[0], shape: press[1] } }, y: thirty },
  ]) {
    const d = await loadDataset(source as DataSource, { whole: true, model: twoInputs });
    assert.equal(
      d.inputs.map((i) => i.shape),
      [[4], [2]],
    );
    assert.equal([...d.test!.inputs[1]], [...press[0]]);
    assert.equal([...d.test!.y!], [...thirty]);
  }
  const parts = await loadDataset({ ...npys('train/'), ...npys('test/') }, { model: twoInputs });
  assert.equal([parts.train!.count + parts.validation!.count, parts.test!.count], [30, 30]);
  assert.equal([...parts.test!.inputs[1]], [...press[0]]);
  const named = await loadDataset(
    { 'd.npz': npz({ train_accel: accel, train_press: press, y_train: labels, accel_test: accel, press_test: press }) },
    { model: twoInputs },
  );
  assert.is(named.test!.count, 30);
});

test('several inputs: what is missing is named, and examples that are not as many', async () => {
  const { accel, press } = several;
  const lone = { 'd.npz': npz({ x: accel, y: [thirty, [30]] }) };
  await fails(
    lone,
    'bad-data',
    /takes 2 inputs, but d\.npz holds nothing for "press" \[2,1\] \("x" is "serving_default_accel:0"\)/,
    { model: twoInputs },
  );
  const fewer = [press[0].subarray(0, 50), [25, 2]] as const;
  await fails(
    { 'd.npz': npz({ accel, press: fewer }) },
    'shape-mismatch',
    /d\.npz:press has 25 examples, but d\.npz:accel has 30/,
    { model: twoInputs },
  );
  await fails(
    { inputs: { a: { x: accel[0], shape: accel[1] }, b: { x: fewer[0], shape: fewer[1] } } },
    'shape-mismatch',
    /"b", has 25 examples, not 30/,
  );
});

test('several inputs: each in its own unit, kept for a recipe', async () => {
  const { accel, press } = several;
  const source = { inputs: { accel: { x: accel[0], shape: accel[1] }, press: { x: press[0], shape: press[1] } } };
  const options = { scale: { press: 2 }, mean: { press: [1, 3], accel: 5 }, std: 4 };
  const d = await loadDataset(source, options);
  assert.equal(
    d.inputs.map((i) => i.normalization),
    [
      { scale: 1, mean: [5], std: [4] },
      { scale: 2, mean: [1, 3], std: [4] },
    ],
  );
  const facts = normalizationFacts(d);
  assert.equal((await loadDataset(source, normalizationOptions(facts))).inputs, d.inputs);
  const plain = await loadDataset(source, { scale: 3 });
  assert.equal(normalizationFacts(plain), { normalization: { scale: 3, mean: [0], std: [1] } });
  assert.equal((await loadDataset(source, normalizationOptions(normalizationFacts(plain)))).normalization, plain.normalization);
  await fails(source, 'bad-option', /no input "depth" to be scaled/, { scale: { depth: 2 } });
  await fails(source, 'bad-option', /--mean 1,2,3 does not fit/, { mean: { press: [1, 2, 3] } });
});

test('a part of the examples keeps what belongs together over all inputs', async () => {
  const { accel, press } = several;
  const d = await loadDataset({ 'd.npz': npz({ accel, press, y: [thirty, [30]] }) }, { model: twoInputs });
  for (const part of [d.train!, d.validation!, d.test!]) {
    for (let i = 0; i < part.count; i++) {
      const [a, b] = [part.inputs[0][4 * i], part.inputs[1][2 * i]];
      assert.is(a, b); // example i holds i in all places
      assert.is(part.y![i], a % 3);
    }
  }
});

test('labels by another name, or by an output of the model', async () => {
  const [accel, extra] = [several.accel, [new Float32Array(30).fill(0.5), [30]] as const];
  const one = { graph: { ...twoInputs.graph, inputs: [0] } };
  const read = async (arrays: Parameters<typeof npz>[0], options: DataOptions = {}) =>
    loadDataset({ 'd.npz': npz(arrays) }, { whole: true, model: one, ...options });
  const labels = [thirty, [30]] as const;
  assert.equal([...(await read({ x: accel, kind: labels, id: extra }, { labels: 'kind' })).test!.y!], [...thirty]);
  assert.equal([...(await read({ x: accel, out: labels, id: extra })).test!.y!], [...thirty]);
  assert.equal([...(await read({ x: accel, y: labels, kind: extra }, { labels: 'kind' })).test!.y!], new Array(30).fill(0.5));
  const { graph } = twoInputs;
  const second = { ...graph.tensors[2], name: 'value' };
  const heads = { graph: { ...graph, tensors: [...graph.tensors, second], inputs: [0], outputs: [2, 3] } };
  const both = { 'd.npz': npz({ x: accel, y_out: labels, y_value: extra }) };
  await fails(both, 'bad-option', /labels for several outputs of the model: "y_out", "y_value"/, { model: heads });
  const named = await loadDataset(both, { whole: true, model: heads, output: 'out' });
  assert.equal([...named.test!.y!], [...thirty]);
  assert.equal(named.notes, ['not used in d.npz: the array y_value']);
});

test.run();
