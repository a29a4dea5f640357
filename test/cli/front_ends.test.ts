/** A model that names its front end: what is stated again, what is stated otherwise. */
import { writeFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readModel } from '../../src/cli/files.ts';
import { chosenFrontEnd } from '../../src/cli/front_ends.ts';
import { createOutput } from '../../src/cli/output.ts';
import { frontEndIn, loadDataset, writeNpy } from '../../src/data/index.ts';
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

test('what cannot be chosen is refused before any work, by a dry run too', async () => {
  for (const [flags, said] of [
    [['--front-ends', 'fft'], /"fft" is what the model has/],
    [['--front-ends', 'stats; '], /has an empty name/],
    [['--front-ends', 'auto', '--teacher', model], /--teacher is for fft/],
    [['--front-end-epochs', '3'], /none are to be chosen/],
  ] as const) {
    const refused = await thumbnet('compress', model, '--data', data, '--target', 'stm32f446re', '--dry-run', ...flags);
    assert.is(refused.code, 2);
    assert.match(refused.err, said);
  }
});

test('a dry run says that a model at chance would be refused', async () => {
  const dry = await thumbnet('compress', model, '--data', data, '--mean', '1000000', '--target', 'stm32f446re', '--dry-run');
  assert.is(dry.code, 0, dry.err);
  assert.match(dry.out + dry.err, /a model that answers no better than chance has nothing to keep: compress would refuse it/);
});

test('samples in arrays that are named as the model names its edges', async () => {
  const x = Float32Array.from({ length: 60 * 32 }, (_, i) => ((i % 32) * (Math.floor(i / 32) % 2 ? 5 : 11)) % 32);
  const y = Int32Array.from({ length: 60 }, (_, i) => i % 2);
  const file = inFolder('named.npz');
  const npz = (labels: string) => zipSync({ 'wave.npy': writeNpy(x, [60, 32]), [`${labels}.npy`]: writeNpy(y, [60]) });
  writeFileSync(file, npz('labels'));
  const path = inFolder('named.tflite');
  const flags = [
    '--data',
    file,
    '--inputs',
    'wave',
    '--task',
    'classification',
    '--features',
    'fft',
    '--epochs',
    '20',
    '--out',
    path,
  ];
  const trained = await thumbnet('train', 'dense', ...flags);
  assert.is(trained.code, 0, trained.err);
  const read = await readModel(path);
  writeFileSync(file, npz(read.graph.tensors[read.graph.outputs[0]].name));
  const { facts, normalization } = frontEndIn(read.graph)!;
  const given = await loadDataset(file, { model: read, features: facts, ...normalization });
  const options = { target: 'stm32f446re', maxDrop: 0.9, task: 'classification' } as const;
  const asked = { data: file, frontEnds: 'stats', frontEndEpochs: 1 };
  const choice = await chosenFrontEnd(asked, { model: read, data: given, options }, { ...createOutput(false), say: () => {} });
  assert.ok(choice!.trials[1].figures);
});

test.run();
