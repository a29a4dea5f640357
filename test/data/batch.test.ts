import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type DataOptions,
  type Dataset,
  describeNormalization,
  inputStatistics,
  loadDataset,
  type ModelInput,
  needPart,
  parseNumbers,
  parseScale,
  planBatch,
  rangeWarning,
  takeBatch,
} from '../../src/data/index.ts';
import type { CompressError } from '../../src/errors.ts';
import { sharedTest } from '../shared_test.ts';

const input = (shape: number[], dtype: ModelInput['dtype'] = 'f32', scale = 1, zero = 0): ModelInput => ({
  name: 'input',
  shape: [1, ...shape],
  dtype,
  quant: dtype === 'f32' ? null : { bits: dtype === 'i16' ? 16 : 8, scales: [scale], zeros: [zero], axis: null },
});
const data = (x: Uint8Array | Int8Array | Float32Array | Int16Array, shape: number[], options: DataOptions = {}) =>
  loadDataset({ x, shape }, { whole: true, ...options });
const first = (d: Dataset, i: ModelInput) => [...takeBatch(planBatch(d, [i]), d.test!, [0])[0]];

test('(x * scale - mean) / std by channel, the same for bytes and floats', async () => {
  const options = { scale: 1 / 255, mean: [0.5, 0.25], std: [0.5, 2] };
  const expected = [0, 255, 51, 204].map((v, i) => Math.fround((v * (1 / 255) - [0.5, 0.25][i % 2]) / [0.5, 2][i % 2]));
  for (const x of [Uint8Array.of(0, 255, 51, 204), Float32Array.of(0, 255, 51, 204), Int16Array.of(0, 255, 51, 204)]) {
    assert.equal(first(await data(x, [1, 2, 2], options), input([2, 2])), expected);
  }
  assert.equal(first(await data(Int8Array.of(-128, -1, 0, 127), [1, 4], { scale: 2 }), input([4])), [-256, -2, 0, 254]);
});

test('examples are taken in the order asked for', async () => {
  const d = await data(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  assert.equal([...takeBatch(planBatch(d, [input([2])]), d.test!, [2, 0, 2])[0]], [5, 6, 1, 2, 5, 6]);
});

test('quantized: halves away from zero, clamped', async () => {
  const d = await data(Float32Array.of(0.5, -0.5, 1.5, -1.5, 1000, -1000), [1, 6]);
  assert.equal(first(d, input([6], 'i8', 1, 3)), [4, 2, 5, 1, 127, -128]);
  assert.equal(first(d, input([6], 'u8', 1, 3)), [4, 2, 5, 1, 255, 0]);
  assert.equal(first(d, input([6], 'i16', 0.5)), [1, -1, 3, -3, 2000, -2000]);
  assert.equal(first(await data(Uint8Array.of(0, 255), [1, 2]), input([2], 'i8', 1, -128)), [-128, 127]);
});

test('shapes agree up to dimensions of 1', async () => {
  const d = await data(new Uint8Array(28), [1, 14, 2]);
  for (const shape of [
    [14, 2],
    [14, 2, 1],
    [1, 14, 2],
    [14, 1, 2],
  ])
    assert.is(planBatch(d, [input(shape)]).inputs[0].size, 28);
  const fails = (shape: number[], fix: RegExp) =>
    assert.throws(
      () => planBatch(d, [input(shape)]),
      (e: CompressError) => e.code === 'shape-mismatch' && /\[14,2\]/.test(e.message) && fix.test(e.fix),
    );
  fails([15, 2], /\[count, 15, 2\]$/);
  fails([2, 14], /--layout nchw/);
  fails([7, 4], /reshape/);
  fails([5, 1, 2], /--window 5, or prepare the data as \[count, 5, 1, 2\]/);
});

test('a warning only where the range plainly does not fit', async () => {
  const ramp = Uint8Array.from({ length: 256 }, (_, i) => i);
  const warn = async (options: DataOptions, i: ModelInput) => {
    const d = await data(ramp, [16, 16], options);
    return rangeWarning(inputStatistics(d, [i])[0], i);
  };
  const pixels = input([16], 'i8', 1, -128);
  const unit = input([16], 'i8', 1 / 255, -128);
  assert.is(await warn({}, pixels), null);
  assert.is(await warn({ scale: 1 / 255 }, unit), null);
  assert.is(await warn({}, input([16])), null);
  assert.match((await warn({ scale: 1 / 255 }, pixels))!, /0 to 1 .* 0 to 255: only 0\.39/);
  assert.match((await warn({}, unit))!, /0 to 255 .* 0 to 1: 99 % .* --scale 1\/255/);
});

test('parts that are needed', async () => {
  const d = await loadDataset({ x: new Float32Array(4), y: [0, 1, 2, 5], shape: [4, 1] }, { whole: true });
  assert.is(needPart(d, 'test').count, 4);
  assert.throws(() => needPart(d, 'train'), /no train part/);
});

test('numbers in flags', async () => {
  assert.is(parseScale('1/255'), 1 / 255);
  assert.is(parseScale('-2e3'), -2000);
  assert.equal(parseNumbers('0.5, 1/4,2'), [0.5, 0.25, 2]);
  for (const text of ['', '1/0', 'a', '1/2/3', '1/', '/2'])
    assert.throws(
      () => parseScale(text),
      (e: CompressError) => e.code === 'bad-option',
    );
  assert.match(describeNormalization(await data(new Float32Array(4), [2, 2], { scale: 1 / 255 })), /\(x \* 1\/255 - 0\) \/ 1/);
});

const golden: [name: string, file: string][] = [
  ['ds_cnn_int8', 'kws01/test_mfcc.npz'],
  ['resnet8_int8', 'cifar10/test.npz'],
];
for (const [name, file] of golden) {
  sharedTest(
    `${name}: the quantized inputs are those of the golden file`,
    [`vectors/models/${name}.json`, `data/${file}`],
    async (path, source) => {
      const { input: i, dataset } = JSON.parse(readFileSync(path, 'utf8'));
      const d = await loadDataset(source, { whole: true });
      const plan = planBatch(d, [input(i.shape.slice(1), 'i8', i.scale, i.zero_point)]);
      const [q] = takeBatch(
        plan,
        d.test!,
        Int32Array.from({ length: d.test!.count }, (_, k) => k),
      );
      assert.is(createHash('sha256').update(q).digest('hex'), dataset.int8_inputs_sha256);
    },
  );
}

test.run();
