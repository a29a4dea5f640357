import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelOf, ownCounts, quantile } from '../../scripts/fit/instructions.ts';
import { nnls } from '../../scripts/nnls.ts';
import { coefficientsOf, executedBy } from '../../src/mcu/instructions.ts';
import { type CoreName, TARGETS } from '../../src/targets/index.ts';
import { KINDS } from '../../src/targets/kinds.ts';

const counts = ownCounts(fileURLToPath(new URL('../../scripts/data/instruction_counts.csv', import.meta.url)));

test('every kernel that was counted is predicted on every core, the usual ones within a few percent', () => {
  for (const kernel of [
    'convolve_s8',
    'depthwise_conv_s8',
    'fully_connected_s8',
    'elementwise_add_s8',
    'avg_pool_s8',
    'max_pool_s8',
  ]) {
    for (const core of new Set(counts.map((c) => c.core))) {
      const errors = counts
        .filter((c) => c.core === core && c.geometry.kernel === kernel)
        .map((c) => {
          const { kernel: counted, features } = kernelOf(c.core, c.geometry);
          return Math.abs(executedBy(coefficientsOf(core as CoreName, counted), features) / c.instructions - 1);
        });
      assert.ok(quantile(errors, 0.5) < 0.05 && quantile(errors, 0.9) < 0.12, `${kernel} on ${core}: ${quantile(errors, 0.9)}`);
    }
  }
});

const unseen = fileURLToPath(new URL('../../scripts/data/network_counts.csv', import.meta.url));

test('layers of networks that no fit has seen are right within 10 %, all together within 1 %', () => {
  const layers = ownCounts(unseen);
  for (const core of new Set(layers.map((c) => c.core))) {
    let [predicted, counted] = [0, 0];
    for (const c of layers.filter((l) => l.core === core)) {
      const { kernel, key, features } = kernelOf(core, c.geometry);
      const n = executedBy(coefficientsOf(core as CoreName, kernel), features);
      assert.ok(Math.abs(n / c.instructions - 1) < 0.1, `${key} on ${core}: ${n} of ${c.instructions}`);
      predicted += n;
      counted += c.instructions;
    }
    assert.ok(Math.abs(predicted / counted - 1) < 0.01, `${core}: ${predicted} of ${counted}`);
  }
});

test('every core of the table has instruction counts for every kernel that its kind of core runs', () => {
  const geometries = counts.filter((c) => c.core === 'cortex-m4').map((c) => c.geometry);
  for (const { core, kind } of new Map(TARGETS.map((t) => [t.core, t])).values()) {
    const model = (Object.keys(KINDS) as CoreName[]).find((c) => KINDS[c] === kind)!;
    const kernels = new Map(geometries.map((g) => kernelOf(model, g)).map(({ key, kernel }) => [key, kernel]));
    for (const [key, kernel] of kernels) {
      if (kernel.name === 'fully_connected_per_channel') continue;
      assert.ok(Object.keys(coefficientsOf(core, kernel)).length > 0, `${key} on ${core}`);
    }
  }
});

test('non-negative least squares', () => {
  const rows = [
    [1, 0, 1],
    [1, 1, 0],
    [1, 2, 5],
    [1, 3, 1],
  ];
  const near = (a: number[], b: number[]) => a.forEach((v, i) => void assert.ok(Math.abs(v - b[i]) < 1e-5, `${a}`));
  near(
    nnls(
      rows,
      rows.map(([a, b, c]) => 3 * a + 2 * b + 0.5 * c),
    ),
    [3, 2, 0.5],
  );
  assert.is(
    nnls(
      rows,
      rows.map(([a, b]) => 10 * a - b),
    )[1],
    0,
  );
});

test.run();
