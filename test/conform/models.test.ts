import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conform } from '../../src/conform/index.ts';
import { sharedPath } from '../shared.ts';
import { bothHalves } from '../wasm/halves.ts';
import { skipped } from '../skipped.ts';

const folder = sharedPath('vectors/models');
const models = sharedPath('data/models');
if (!folder || !models) skipped('the golden models: vectors/models or data/models is absent');
else {
  const model = async (file: string) => {
    const path = join(models, file);
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : null;
  };
  for (const [half, engines] of Object.entries(await bothHalves())) {
    for (const name of readdirSync(folder)) {
      test(`${name}, ${half} dots`, async () => {
        const json = JSON.parse(readFileSync(join(folder, name), 'utf8'));
        const { failures, unsupported } = await conform([{ name, json }], { model, engines });
        assert.equal(failures, []);
        assert.is(unsupported, 0);
      });
    }
  }

  test('a model that is not there, or another one, is a failure', async () => {
    const json = JSON.parse(readFileSync(join(folder, 'ad_int8.json'), 'utf8'));
    const missing = await conform([{ name: 'x', json }]);
    assert.is(missing.failed, 1);
    assert.match(String(missing.failures[0].actual), /ad01_int8\.tflite was not found/);
    const other = await conform([{ name: 'x', json }], { model: async () => new Uint8Array(8) });
    assert.match(String(other.failures[0].actual), /not the one/);
  });
}

test.run();
