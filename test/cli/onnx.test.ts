/** An ONNX model on the command line: arrays in the order of its own file, or in that of the graph. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readNpy, writeNpy } from '../../src/data/index.ts';
import { toGraphOrder } from '../../src/graph/file_order.ts';
import { given } from '../formats/given.ts';
import { inFolder, thumbnet } from './sample.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/onnx/${name}`, import.meta.url));
const order = { shape: [2, 32, 9], fileOrder: [0, 2, 1] };
const first = given(2 * 9 * 32);
const last = toGraphOrder({ shape: [1, 32, 9], fileOrder: order.fileOrder }, first);

test('infer takes either order, and answers in that of the file', async () => {
  writeFileSync(inFolder('first.npy'), writeNpy(first, [2, 9, 32]));
  writeFileSync(inFolder('last.npy'), writeNpy(last, [2, 32, 9]));
  const answers: number[][] = [];
  for (const name of ['first', 'last']) {
    const { code, err } = await thumbnet(
      'infer',
      fixture('tcn.onnx'),
      '--input',
      inFolder(`${name}.npy`),
      '--output',
      inFolder(`${name}_y.npy`),
    );
    assert.is(code, 0, err);
    const y = readNpy(readFileSync(inFolder(`${name}_y.npy`)), 'y');
    assert.equal(y.shape, [2, 6]);
    answers.push(Array.from(y.data as Float32Array));
  }
  assert.equal(answers[1], answers[0]);
  const { values } = JSON.parse(readFileSync(fixture('tcn.json'), 'utf8')).outputs.y;
  values.forEach((v: number, i: number) => {
    assert.ok(Math.abs(answers[0][i] - v) < 1e-5);
  });
});

test('evaluate moves channels that come first, and says so', async () => {
  const y = writeNpy(Uint8Array.of(0, 5), [2]);
  writeFileSync(inFolder('first.npz'), zipSync({ 'x.npy': writeNpy(first, [2, 9, 32]), 'y.npy': y }));
  writeFileSync(inFolder('last.npz'), zipSync({ 'x.npy': writeNpy(last, [2, 32, 9]), 'y.npy': y }));
  const [a, b] = [
    await thumbnet('evaluate', fixture('tcn.onnx'), '--data', inFolder('first.npz')),
    await thumbnet('evaluate', fixture('tcn.onnx'), '--data', inFolder('last.npz')),
  ];
  assert.is(a.code, 0, a.err);
  assert.match(a.out, /channels come first, as in the model: they are moved last/);
  assert.not.match(b.out, /channels come first/);
  const accuracy = (text: string) => /accuracy .*/.exec(text)![0];
  assert.is(accuracy(a.out), accuracy(b.out));
});

test.run();
