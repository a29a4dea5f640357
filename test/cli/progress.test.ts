/** The line of a bar, in terminals of several widths. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { barLine, stageBar } from '../../src/cli/progress.ts';

const BEST = 'best so far #18 97.6 %, 15.6 KiB, 3.354 ms';
const state = (done: number) => ({
  done,
  total: 150_000,
  progress: done / 150_000,
  seconds: 95,
  detail: `${BEST} | #19 distill/6 epoch 4/5`,
});

test('80 columns hold the share, the time left and all of what is best', () => {
  const line = barLine('search', state(65_749), 80);
  assert.ok(line.length < 80, line);
  assert.match(line, /^search ████░░░░ 43 %, 2m02s left best so far #18 97\.6 %, 15\.6 KiB, 3\.354 ms.*…$/);
});

test('a time left that is not known is not said', () => {
  assert.not.match(barLine('search', state(0), 80), /left|NaN|Infinity/);
  assert.not.match(barLine('search', state(150_000), 200), /left|NaN|Infinity/);
});

test('wide terminals have counts and rate too; none is passed over', () => {
  for (const columns of [40, 60, 80, 110, 160, 240])
    assert.ok(barLine('search', state(65_749), columns).length < Math.max(columns, 40));
  assert.match(barLine('search', state(65_749), 160), / 65749\/150000, 1m35s, 692\/s, 2m02s left best/);
});

test('the time left knows the limit', () => {
  const state = { done: 10, total: 1000, progress: 0.01, seconds: 10, detail: 'best so far -' };
  assert.match(barLine('search', state, 80), /, 16m30s left best so far -$/);
  assert.match(barLine('search', { ...state, limit: 30 }, 80), /, 20s left best so far -$/);
  assert.match(barLine('search', { ...state, done: 0, limit: 30 }, 80), /, 20s left /);
  assert.not.match(barLine('search', { ...state, done: 0 }, 80), /left|NaN|Infinity/);
});

test('between two pieces of work the time left falls, and is not said when it is over', () => {
  const state = { done: 10, total: 100, progress: 0.1, seconds: 10, detail: 'best so far -' };
  assert.match(barLine('search', state, 80), /, 1m30s left /);
  assert.match(barLine('search', { ...state, seconds: 40, since: 30 }, 80), /, 1m00s left /);
  assert.not.match(barLine('search', { ...state, seconds: 120, since: 110 }, 80), /left/);
});

test('a stage that is followed by another has come to its end; one that is broken off has not', () => {
  const said: string[] = [];
  const before = process.stderr.write;
  process.stderr.write = ((text: string) => said.push(text) > 0) as typeof process.stderr.write;
  try {
    const bar = stageBar();
    bar.progress({ what: 'prune', done: 0, total: 2 });
    bar.progress({ what: 'quantize', done: 1, total: 1 });
    bar.progress({ what: 'train', done: 1, total: 4 });
    bar.stop();
  } finally {
    process.stderr.write = before;
  }
  const shown = said.map((line) => line.split(',')[0]);
  assert.equal(shown, ['prune 0/2 (0 %)', 'prune 2/2 (100 %)', 'quantize 1/1 (100 %)', 'train 1/4 (25 %)']);
});

test.run();
