import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nameMeant, shortName } from '../../src/graph/names.ts';

const NAMES = [
  'net/conv2d/Relu;net/conv2d/Conv2D1',
  'net/conv2d_1/Conv2D1',
  `net/${'deep/'.repeat(10)}dense`,
  'a/dense',
  'b/dense',
];

test('a layer is named whole, by its last name, or by an end that is its alone', () => {
  for (const name of NAMES) for (const given of [name, shortName(name)]) assert.is(nameMeant(given, NAMES), name, given);
  assert.is(nameMeant('…conv2d_1/Conv2D1', NAMES), NAMES[1]);
  for (const given of ['…/dense', 'dense', '…', 'none']) assert.is(nameMeant(given, NAMES), undefined, given);
});

test.run();
