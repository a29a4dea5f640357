import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { expTable, oneOverOnePlusTable, sigmoidTable } from '../../src/wasm/luts.ts';
import { sharedTest } from '../shared_test.ts';

test('tables begin and end as their functions do', () => {
  assert.equal([expTable()[0], expTable()[512]], [2, 32767]);
  assert.equal([oneOverOnePlusTable()[0], oneOverOnePlusTable()[512]], [32767, 16384]);
  assert.equal([sigmoidTable()[0], sigmoidTable()[255]], [32768, 65535]);
});

sharedTest('tables equal those of CMSIS-NN', ['vectors/luts.json'], (file) => {
  const golden = JSON.parse(readFileSync(file, 'utf8'));
  const bytes = (t: Int16Array | Uint16Array) => Buffer.from(t.buffer).toString('base64');
  assert.is(bytes(expTable()), golden.softmax_s16_exp_lut.data);
  assert.is(bytes(oneOverOnePlusTable()), golden.softmax_s16_one_by_one_lut.data);
  assert.is(bytes(sigmoidTable()), golden.sigmoid_table_uint16.data);
});

test.run();
