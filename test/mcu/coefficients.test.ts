import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { coefficientTable, formatCoefficients, parseCoefficients } from '../../src/mcu/coefficients.ts';

const EACH = { one: 5.64, 'gather#1a': 0, 'gather#b': 0.0118, 'memcpy/2': 23.7, 'pack#1a': 3, memcpy: 0 };

test('coefficients are a line of text, the function of neighbours told once', () => {
  const line = formatCoefficients(EACH);
  assert.is(line, 'gather#1a #b=0.0118 memcpy memcpy/2=23.7 one=5.64 pack#1a=3');
  assert.equal(parseCoefficients(line), EACH);
});

test('a table reads the lines it has', () => {
  const table = coefficientTable({ add: 'one=2 add#x' });
  assert.equal(table('add'), { one: 2, 'add#x': 0 });
  assert.is(table('add'), table('add'));
  assert.is(table('mul'), null);
});

test.run();
