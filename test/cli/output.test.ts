/** Prose in lines of a terminal's width, and what is never broken. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkedText } from '../../src/cli/compress_results.ts';
import { createOutput, proseFor, table, typed, wrapped } from '../../src/cli/output.ts';
import type { CheckReport, CompressResult } from '../../src/compress/index.ts';

const PROSE =
  'The latency is estimated: on a new chip or network half of such figures are less than 38 % off, nine of ten less than 118 %.';
const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

test('lines end between words, and none is wider', () => {
  for (const width of [40, 61, 80, 123, 124, 200]) {
    const lines = wrapped(PROSE, width).split('\n');
    for (const line of lines) assert.ok(line.length <= width, line);
    assert.equal(words(lines.join(' ')), words(PROSE));
    assert.is(lines.length, width >= PROSE.length ? 1 : lines.length);
    for (const line of lines.slice(1)) assert.match(line, /^ {2}\S/);
  }
});

test('what is continued stands under the text behind a label', () => {
  const lines = wrapped(`source  ${PROSE}`, 60).split('\n');
  assert.match(lines[0], /^source {2}The latency/);
  for (const line of lines.slice(1)) assert.match(line, /^ {8}\S/);
  const code = `    ${'code '.repeat(30)}`;
  assert.is(wrapped(code, 60), code);
  assert.match(wrapped(`error: a\n  fix: ${PROSE}`, 60).split('\n')[2], /^ {4}\S/);
});

test('a path, and what stands in quotes or backticks, stays whole', () => {
  const path = `/models/${'long/'.repeat(30)}net.tflite`;
  const command = '`thumbnet profile net.tflite --target stm32l476rg --measured LOG`';
  const lines = wrapped(`written to ${path}, "a folder/with blanks in its name/net.tflite"; try ${command} then`, 50).split('\n');
  for (const whole of [path, '"a folder/with blanks in its name/net.tflite"', command])
    assert.is(lines.filter((line) => line.includes(whole)).length, 1, whole);
  assert.is(wrapped(`5" ${PROSE}`, 40).split('\n')[0].slice(0, 6), '5" The');
});

test('a file or a pipe gets whole lines', () => {
  const stream = (isTTY: boolean) => ({ isTTY, columns: 50 }) as typeof process.stdout;
  assert.is(proseFor(stream(false), PROSE), PROSE);
  assert.is(proseFor(stream(true), PROSE), wrapped(PROSE, 50));
});

test('tables and paths are printed as they are, and the columns that are left out are named within the width', () => {
  const said: string[] = [];
  const before = process.stdout.write;
  process.stdout.write = ((text: string) => said.push(text) > 0) as typeof process.stdout.write;
  createOutput(false).print('a  b'.repeat(40));
  process.stdout.write = before;
  assert.equal(said, [`${'a  b'.repeat(40)}\n`]);
  const heads = Array.from({ length: 12 }, (_, i) => `column ${i}`);
  for (const line of table(heads, [heads], 1, { width: 60, drop: heads.slice(3) }).split('\n'))
    assert.ok(line.length <= 60, line);
  const together = table(heads, [heads], 1, { width: 100, drop: ['column 11', heads.slice(1, 11)] });
  assert.match(together, /^┌─+┐\n│ column 0 │\n/);
});

test('names that are cut can be told apart', () => {
  const rows = (names: string[]) => names.map((name) => [name, '1'.repeat(20)]);
  const cells = (names: string[]) =>
    table(['layer', 'n'], rows(names), 1, { width: 39 })
      .split('\n')
      .flatMap((line) => /^│ (\S+) +│ 1/.exec(line)?.[1] ?? []);
  assert.equal(cells(['fullyConnected_1', 'fullyConnected_2', 'a']), ['…Connected_1', '…Connected_2', 'a']);
  assert.equal(cells(['fullyConnected_1', 'softmax_and_more', 'a']), ['fullyConnec…', 'softmax_and…', 'a']);
  assert.equal(cells(['model/first_dense', 'model/first', 'b/last']), ['…first_dense', 'model/first', 'b/last']);
});

const report = (trial: number | null, flashBytes: number, quality: number, holds: boolean) =>
  ({ trial, figures: { flashBytes, latencyMs: 2.7 }, quality, given: 0.986, holds, chance: 0.5 }) as CheckReport;

test('a name that is too long loses its first scope, then its end', () => {
  const rows = ['functional_1/conv2d_1/Conv2D', 'functional_1/conv2d_1/a/long/name', 'Identity'].map((name) => [name, '1']);
  const shown = table(['layer', 'n'], rows, 1, { width: 24 });
  for (const name of ['│ …conv2d_1/Conv2D │', '│ …conv2d_1/a/lon… │', '│ Identity         │'])
    assert.ok(shown.includes(name), shown);
});

test('a last check names each candidate, of several of one trial too', () => {
  const result = {
    checks: [report(19, 10800, 0.974, false), report(7, 12000, 0.97, false), report(19, 11366, 0.98, true)],
    unchecked: null,
    examples: { check: 498 },
    byFolds: false,
    checkSamples: 0,
    together: false,
    task: { metric: 'accuracy' },
    recipe: {},
  } as unknown as CompressResult;
  assert.equal(checkedText(result), [
    'The choice was checked by 498 examples kept from the search. The model as given has 98.6 % there.',
    'A candidate of trial 19 (10.5 KiB, 2.70 ms) has 97.4 %: rejected.',
    'Trial 7 (11.7 KiB, 2.70 ms) has 97.0 %: rejected.',
    'Another candidate of trial 19 (11.1 KiB, 2.70 ms) has 98.0 %: accepted.',
  ]);
  const [byFolds] = checkedText({ ...result, byFolds: true });
  assert.match(
    byFolds,
    /^The choice was checked by 498 examples of other folds of the train part, on which it was made again\. The/,
  );
});

test('commands to go on with are typed as this one was', () => {
  const before = process.env.npm_lifecycle_event;
  process.env.npm_lifecycle_event = 'npx';
  assert.is(typed(), 'npx thumbnet');
  process.env.npm_lifecycle_event = 'test';
  assert.is(typed(), 'thumbnet');
  if (before === undefined) delete process.env.npm_lifecycle_event;
  else process.env.npm_lifecycle_event = before;
});

test.run();
