/** What is said of errors of memory and power is what measurements say. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { profile, RUNTIMES } from '../../src/mcu/index.ts';
import { vendorError } from '../../src/mcu/power.ts';
import { TARGETS } from '../../src/targets/index.ts';
import { sharedTest } from '../shared_test.ts';

const NETWORKS = ['pretrainedResnet_quant', 'kws_ref_model', 'vww_96_int8', 'ad01_int8', 'str_ww_ref_model'];
const CHIPS = {
  m0: 'stm32f072rb',
  m3: 'stm32l152re',
  m4: 'stm32l4r5zi',
  m7: 'stm32h743zi',
  m33: 'stm32u575zi',
  m55: 'apollo510',
} as const;
const models = NETWORKS.map((name) => `data/models/${name}.tflite`);
const load = (path: string) => importTflite(new Uint8Array(readFileSync(path)));
const near = (got: number | null, wanted: number) => assert.ok(Math.abs(got! - wanted) < 0.0015, `${got} for ${wanted}`);

sharedTest(
  'code of CMSIS-NN: the error stated is that of five networks that were linked',
  ['data/measured/code_opponents.csv', ...models],
  (csv, ...paths) => {
    const rows = readFileSync(csv, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const graphs = new Map(paths.map((path, i) => [NETWORKS[i], load(path)]));
    for (const [core, chip] of Object.entries(CHIPS)) {
      const errors = rows
        .filter((r) => r[1] === core && r[2] === 'O2')
        .map(([network, , , text, , sizes]) => {
          const { flash } = profile(graphs.get(network)!, chip, { runtime: 'cmsis-nn' });
          return Math.abs(flash.code / (Number(text) - Number(sizes)) - 1);
        })
        .sort((a, b) => a - b);
      const { median, p90, count } = profile(graphs.get(NETWORKS[0])!, chip, { runtime: 'cmsis-nn' }).heldOutError.flash;
      assert.is(count, errors.length);
      near(median, errors[2]);
      near(p90, errors[4]);
    }
  },
);

// helia-profiler 01ae7b31, docs/guide/output.md: 29,780 bytes of the arena used
sharedTest(
  'arena of TFLite Micro: the error stated is that of DS-CNN on an Apollo510',
  ['data/models/kws_ref_model.tflite'],
  (path) => {
    const { ram, heldOutError } = profile(load(path), 'apollo510', { runtime: 'tflm' });
    near(heldOutError.ram.median, Math.abs((ram.arena + ram.runtime) / 29780 - 1));
  },
);

sharedTest(
  'cores of which one chip was measured get the error of the core that errs most',
  ['data/models/ad01_int8.tflite'],
  (path) => {
    const graph = load(path);
    for (const runtime of ['tflm', 'thumbnet'] as const) {
      const errorOf = (chip: string) => profile(graph, chip, { runtime }).heldOutError;
      for (const chip of ['apollo510', 'stm32n657x0', 'r7fa8d1ahecbd']) {
        const { latency } = errorOf(chip);
        assert.match(latency.condition, /^on a cortex-m\d+, .*: of cortex-m[58]5 one chip was measured/);
        assert.ok(latency.p90! >= (runtime === 'tflm' ? 0.3 : errorOf('stm32h7a3zi').latency.p90!), `${latency.p90}`);
      }
      // Energy is latency times power.
      if (runtime === 'thumbnet') {
        const { latency, energy } = errorOf('stm32l4r5zi');
        assert.ok(energy.median! > latency.median! && energy.p90! > latency.p90!);
      }
    }
  },
);

sharedTest('every figure on every chip has an error, or a reason why it has none', ['data/models/ad01_int8.tflite'], (path) => {
  const graph = load(path);
  for (const runtime of RUNTIMES) {
    for (const { name, power } of TARGETS) {
      const { heldOutError } = profile(graph, name, { runtime });
      for (const [what, { median, p90, count, condition }] of Object.entries(heldOutError)) {
        assert.ok(condition.length > 3, `${what} on ${name}`);
        assert.is(median === null, count === 0);
        assert.ok(median === null ? p90 === null : p90! >= median);
      }
      assert.is(heldOutError.energy.median === null && power === 'vendor', false);
    }
  }
});

test('a vendor current is further off than a measured one', () => {
  const { median, count } = vendorError();
  near(median, 0.376);
  assert.is(count, 5);
});

test.run();
