/** A model that names its front end: what is stated again, what is stated otherwise. */
import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readModel } from '../../src/cli/files.ts';
import { chosenFrontEnd } from '../../src/cli/front_ends.ts';
import { createOutput } from '../../src/cli/output.ts';
import { frontEndIn, loadDataset } from '../../src/data/index.ts';
import { inProcess as thumbnet } from './in_process.ts';
import { inFolder } from './sample.ts';

const rows = Array.from({ length: 60 * 64 }, (_, i) => {
  const [example, t] = [Math.floor(i / 64), i % 64];
  const value = ((t * (example % 2 ? 5 : 11) + example) % 32) / 8;
  return `${value},${example},${example % 2 ? 'slow' : 'fast'}`;
});
const data = inFolder('waves.csv');
writeFileSync(data, ['v,recording,class', ...rows].join('\n'));
const model = inFolder('waves.tflite');

test('the front end of a model, stated again, keeps its normalization', async () => {
  const given = ['--data', data, '--window', '32', '--features', 'fft'];
  const trained = await thumbnet('train', 'dense', ...given, '--epochs', '2', '--out', model);
  assert.is(trained.code, 0, trained.err);
  const alone = await thumbnet('evaluate', model, '--data', data);
  const stated = await thumbnet('evaluate', model, ...given);
  assert.is(alone.code, 0, alone.err);
  assert.match(alone.out, /the model is given \(x \* 1 - /);
  assert.is(stated.out, alone.out);
});

test('front ends are chosen by examples that are read as the data was, whoever said how', async () => {
  const read = await readModel(model);
  const { facts, normalization } = frontEndIn(read.graph)!;
  const given = await loadDataset(data, { model: read, window: 32, stride: 16, features: facts, ...normalization });
  const task = { model: read, data: given, options: { target: 'stm32f446re', maxDrop: 0.5 } };
  const flags = { data, frontEnds: 'stats', frontEndEpochs: 20 };
  const choice = await chosenFrontEnd(flags, task, { ...createOutput(false), say: () => {} });
  assert.is(choice!.features, 'stats');
  assert.equal(choice!.data.train!.y, given.train!.y);
  assert.equal(choice!.data.test!.y, given.test!.y);
});

test.run();
