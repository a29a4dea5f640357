import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conform } from '../../src/conform/index.ts';
import { bothHalves } from '../wasm/halves.ts';

const FILE = new URL('../vectors/small.json', import.meta.url);

for (const [half, engines] of Object.entries(await bothHalves())) {
  test(`the golden cases that come with the project, ${half} dots`, async () => {
    const files = [{ name: 'small.json', json: JSON.parse(readFileSync(FILE, 'utf8')) }];
    const { passed, failures, unsupported } = await conform(files, { engines });
    assert.equal(failures, []);
    assert.ok(passed > 0);
    assert.is(unsupported, 0);
  });
}

test.run();
