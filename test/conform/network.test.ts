import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conform } from '../../src/conform/index.ts';

const tensor = (values: number[]) => ({
  shape: [1, 1, 1, values.length],
  dtype: 'int8',
  data: Buffer.from(Int8Array.from(values).buffer).toString('base64'),
});
const from = (layer: number, n: number) => ({ from_layer: layer, shape: [1, 1, 1, n], dtype: 'int8' });

const layers = (last: number[]) => [
  { name: 'clamp', op: 'relu6_s8', params: {}, input: tensor([-3, 2, 9]), output: tensor([0, 2, 6]) },
  {
    name: 'largest',
    op: 'maximum_s8',
    params: { output_shape: [1, 1, 1, 3] },
    input_1: from(0, 3),
    input_2: tensor([1, 1, 1]),
    output: tensor([1, 2, 6]),
  },
  { name: 'both', op: 'concatenation_s8', params: { axis: 3 }, inputs: [from(1, 3), from(0, 3)], output: tensor(last) },
];

test('layers feed each other in any order of tensors', async () => {
  const good = await conform([{ name: 'n', json: { name: 'n', layers: layers([1, 2, 6, 0, 2, 6]) } }]);
  assert.equal(good, { passed: 3, failed: 0, unsupported: 0, failures: [] });
  const { failures } = await conform([{ name: 'n', json: { name: 'n', layers: layers([1, 2, 6, 0, 2, 5]) } }]);
  assert.equal(failures, [{ file: 'n', name: 'both output (double rounding)', index: 5, expected: 5, actual: 6 }]);
});

test('what an unsupported layer feeds is unsupported too', async () => {
  const [clamp, ...rest] = layers([]);
  const { passed, unsupported } = await conform([{ name: 'n', json: { layers: [{ ...clamp, op: 'other' }, ...rest] } }]);
  assert.equal([passed, unsupported], [0, 3]);
});

test.run();
