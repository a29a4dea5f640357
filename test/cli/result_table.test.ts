import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resultTable } from '../../src/cli/result_table.ts';
import type { CompressResult } from '../../src/compress/index.ts';
import { inTurns } from '../../src/report/units.ts';
import { METRIC_NAMES, type MetricName } from '../../src/task/index.ts';

type Found = CompressResult['result'];

const found = (times: number, quality: number): Found => ({
  flashBytes: Math.round(15_974 * times),
  ramBytes: Math.round(2906 * times),
  latencyMs: 3.354 * times,
  energyUj: 165.04 * times,
  macs: Math.round(169_152 * times),
  weightBytes: Math.round(5384 * times),
  accuracy: null,
  quality,
  score: null,
});

const tableOf = (metric: MetricName, [given, plain, result]: readonly Found[]): string[] =>
  resultTable({ original: given, ptq: plain, result, task: { metric } as CompressResult['task'] }).split('\n');

test('80 columns hold every metric, and figures of networks of any size', () => {
  for (const metric of METRIC_NAMES) {
    for (const size of [0.1, 1, 1000]) {
      const lines = tableOf(metric, [found(640 * size, 0.0123456), found(3.2 * size, 0.987654), found(size, 0.0109876)]);
      const widest = Math.max(...lines.map((line) => line.length));
      assert.ok(widest < 80, `${widest}\n${lines.join('\n')}`);
    }
  }
});

test('a row has one unit, and says what is more as well as what is less', () => {
  const smaller = { ...found(1, 0.983), ramBytes: 9000 };
  const lines = tableOf('accuracy', [found(10, 0.986), found(2, 0.986), smaller]);
  const row = (name: string) => lines.find((line) => line.includes(` ${name} `))!;
  assert.is(row('RAM').match(/KiB/g)!.length, 3);
  assert.not.match(row('RAM'), / B /);
  assert.match(row('RAM'), /1\.55 × more/);
  assert.match(row('flash'), /10 × less .* 2 × less/);
  assert.match(row('accuracy'), /-0\.3 points/);
});

test('a stage that is repeated is named once', () => {
  assert.equal(inTurns(['prune', 'prune', 'prune', 'distill', 'quantize', 'distill']), [
    '3 × prune',
    'distill',
    'quantize',
    'distill',
  ]);
  assert.equal(inTurns([]), []);
});

test.run();
