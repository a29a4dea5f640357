import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDataset, withValidationOf } from '../../src/data/index.ts';
import { counted } from './sources.ts';

const { x, y } = counted(120, 2);
const data = await loadDataset({ x, y, shape: [120, 2] }, { split: [0.7, 0.1, 0.2] });

const places = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => i % 2 === 0);

test('a small validation part grows from the train part, stratified; no example is in both', () => {
  const grown = withValidationOf(data, 30, 1);
  assert.ok(Math.abs(grown.validation!.count - 30) <= 3, String(grown.validation!.count));
  const [train, validation] = [places(grown.train!.inputs[0]), places(grown.validation!.inputs[0])];
  const before = [...places(data.train!.inputs[0]), ...places(data.validation!.inputs[0])];
  assert.equal(
    [...train, ...validation].sort((a, b) => a - b),
    before.sort((a, b) => a - b),
  );
  for (const label of [0, 1, 2]) {
    const own = [...grown.validation!.y!].filter((v) => v === label).length;
    assert.ok(Math.abs(own - 10) <= 1, `${own} of class ${label}`);
  }
  assert.equal(
    [...grown.validation!.y!],
    validation.map((i) => i % 3),
  );
  assert.is(grown.test, data.test);
});

test('the train part keeps two thirds of both', () => {
  const grown = withValidationOf(data, 1000, 1);
  assert.ok(Math.abs(grown.validation!.count - 32) <= 3, String(grown.validation!.count));
});

test('a validation part that is large enough stays, and so does a lone one', () => {
  assert.is(withValidationOf(data, 12, 1), data);
  const lone = { ...data, train: null };
  assert.is(withValidationOf(lone, 1000, 1), lone);
});

test.run();
