import { writeFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNpy } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/gestures.ts';
import { inFolder, model, thumbnet } from './sample.ts';

/** The first examples of the demo's test part. */
function few(name: string, count: number, labels: (i: number) => number): string {
  const [x] = gestures().test!.inputs;
  const y = Uint8Array.from({ length: count }, (_, i) => labels(i));
  const parts = { 'x.npy': writeNpy(x.subarray(0, count * 384), [count, 128, 3]), 'y.npy': writeNpy(y, [count]) };
  writeFileSync(inFolder(name), zipSync(parts, { level: 0 }));
  return inFolder(name);
}

const { y } = gestures().test!;
const json = async (...args: string[]) => {
  const { code, out, err } = await thumbnet('evaluate', model, ...args, '--json');
  assert.is(code, 0, err);
  return { found: JSON.parse(out), err };
};

test('all of one file, or the part that is asked for', async () => {
  const data = few('sixty.npz', 60, (i) => y![i]);
  const { found, err } = await json('--data', data);
  assert.is(found.examples, 60);
  assert.is(found.part, 'all');
  assert.is(found.data, 'sixty.npz');
  assert.is(found.classNames, null);
  assert.match(err, /60 examples; the model/);
  assert.not.match(err, /warning/);
  assert.match((await thumbnet('evaluate', model, '--data', data)).out, /of all 60 examples\n/);
  const part = (await json('--data', data, '--part', 'test')).found;
  assert.is(part.part, 'test');
  assert.ok(part.examples > 6 && part.examples < 20);
});

test('classes that are not the outputs give a warning', async () => {
  const { err } = await json(
    '--data',
    few('five.npz', 20, (i) => i % 5),
  );
  assert.match(err, /warning: the labels of five.npz run from 0 to 4, but the model has 6 outputs/);
});

test.run();
