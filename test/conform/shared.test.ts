import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { conform } from '../../src/conform/index.ts';
import { sharedPath } from '../shared.ts';
import { bothHalves } from '../wasm/halves.ts';
import { skipped } from '../skipped.ts';

const folder = sharedPath('vectors');
if (!folder) skipped('the golden files: vectors is absent');
else {
  // quirks.json: the definition, where CMSIS-NN deviates from it.
  for (const name of ['quirks.json', 'buffer_sizes.json', 'luts.json']) {
    test(name, async () => {
      const json = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      const { failures, unsupported } = await conform([{ name, json }]);
      assert.equal(failures, []);
      assert.is(unsupported, 0);
    });
  }

  for (const [half, engines] of Object.entries(await bothHalves())) {
    for (const part of ['cmsis-nn', 'fuzz', 'networks']) {
      for (const name of readdirSync(join(folder, part))) {
        test(`${part}/${name}, ${half} dots`, async () => {
          const json = JSON.parse(readFileSync(join(folder, part, name), 'utf8'));
          const { failures, unsupported } = await conform([{ name: basename(name), json }], { engines });
          assert.equal(failures, []);
          assert.is(unsupported, 0);
        });
      }
    }
  }
}

test.run();
