import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conform } from '../../src/conform/index.ts';

const FILE = new URL('../vectors/small.json', import.meta.url);

test('the golden cases that come with the project', async () => {
  const { passed, failures, unsupported } = await conform([{ name: 'small.json', json: JSON.parse(readFileSync(FILE, 'utf8')) }]);
  assert.equal(failures, []);
  assert.ok(passed > 0);
  assert.is(unsupported, 0);
});

test.run();
