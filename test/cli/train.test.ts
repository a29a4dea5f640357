import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { inFolder, model, testFile, thumbnet, trainFile } from './sample.ts';

test('a hint that names nothing is refused with the nearest names', async () => {
  const base = ['distill', model, '--data', trainFile, '--out', inFolder('hint.tflite'), '--json'];
  const { code, out, err } = await thumbnet(...base, '--hint', 'relu_44');
  assert.is(code, 2);
  assert.is(out, '');
  assert.match(err, /no inner tensor "relu_44"[\s\S]*fix: the nearest are "relu_4"/);
  const malformed = await thumbnet(...base, '--hint', '=relu_1');
  assert.is(malformed.code, 2);
  assert.match(malformed.err, /NAME=TEACHER@WEIGHT/);
});

test('learned scales: a stage alone and a recipe write the same file', async () => {
  const given = ['--data', trainFile, '--seed', '3'];
  const small = inFolder('int4.tflite');
  assert.is((await thumbnet('quantize', model, ...given, '--weight-bits', '4', '--examples', '64', '--out', small)).code, 0);
  const training = ['--epochs', '0.3', '--learning-rate', '0.0005', '--qat', 'learned', '--freeze-ranges', '0.2'];
  const alone = await thumbnet('finetune', small, ...given, ...training, '--out', inFolder('alone.tflite'));
  assert.is(alone.code, 0, alone.err);
  const stage = { stage: 'finetune', epochs: 0.3, learningRate: 0.0005, qat: 'learned', freezeRanges: 0.2 };
  writeFileSync(inFolder('qat.json'), JSON.stringify({ version: 1, seed: 3, stages: [stage] }));
  const replayed = await thumbnet('run', inFolder('qat.json'), small, '--data', trainFile, '--out', inFolder('replayed.tflite'));
  assert.is(replayed.code, 0, replayed.err);
  assert.equal(readFileSync(inFolder('replayed.tflite')), readFileSync(inFolder('alone.tflite')));
  const scales = (file: string) => importTflite(readFileSync(inFolder(file))).tensors.map((t) => t.quant?.scales);
  assert.not.equal(scales('alone.tflite'), scales('int4.tflite'));
  const other = await thumbnet('finetune', small, ...given, '--qat', 'always', '--out', inFolder('other.tflite'));
  assert.is(other.code, 2);
  assert.match(other.err, /off, fixed, learned/);
});

test('examples are varied as the command line says, as by a recipe', async () => {
  const given = ['finetune', model, '--data', trainFile, '--epochs', '0.2'];
  const out = ['--out', inFolder('varied.tflite')];
  assert.is((await thumbnet(...given, '--augment', 'shift=4x0,scale=0.1,mixup=0.3', ...out)).code, 0);
  const stage = { stage: 'finetune', epochs: 0.2, augment: { shift: [4, 0], scale: 0.1, mixup: 0.3 } };
  writeFileSync(inFolder('varied.json'), JSON.stringify({ version: 1, seed: 0, stages: [stage] }));
  const recipe = ['run', inFolder('varied.json'), model, '--data', trainFile, '--out', inFolder('varied2.tflite')];
  assert.is((await thumbnet(...recipe)).code, 0);
  assert.equal(readFileSync(inFolder('varied.tflite')), readFileSync(inFolder('varied2.tflite')));
  const wrong = await thumbnet(...given, '--augment', 'turn=3', '--out', inFolder('turned.tflite'));
  assert.is(wrong.code, 2);
  assert.match(wrong.err, /"turn=3" is not flip/);
});

test('patience needs a validation part', async () => {
  const { code, err } = await thumbnet(
    ...['finetune', model, '--data', trainFile, '--split', '1,0,0', '--patience', '2', '--out', inFolder('patience.tflite')],
  );
  assert.is(code, 2);
  assert.match(err, /no validation part[\s\S]*fix:/);
});

test('evaluate counts the k largest', async () => {
  const base = ['evaluate', model, '--data', testFile];
  const { code, out, err } = await thumbnet(...base, '--top', '2', '--json');
  assert.is(code, 0, err);
  const { accuracy, topK, examples, auc } = JSON.parse(out);
  assert.is(topK.k, 2);
  assert.is(topK.accuracy, topK.correct / examples);
  assert.ok(topK.accuracy > accuracy && topK.accuracy <= 1);
  assert.is(auc, null);
  assert.match((await thumbnet(...base, '--top', '2')).out, /among the 2 largest \d+\.\d %/);
  const many = await thumbnet(...base, '--top', '7');
  assert.is(many.code, 2);
  assert.match(many.err, /from 1 to 6/);
});

test.run();
