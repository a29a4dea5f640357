import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { built, inFolder, model, testFile } from './sample.ts';

const given = ['--data', testFile, '--target', 'stm32l476rg', '--workers', '1', '--samples', '4K', '--parallel', '3'];

test('a recipe makes the same file, also where validation examples were taken from the train part', async () => {
  const out = inFolder('study');
  const made = await built('compress', model, ...given, '--max-drop', '0.1', '--out', out);
  assert.is(made.code, 0, made.err);
  const recipe = JSON.parse(readFileSync(`${out}/recipe.json`, 'utf8'));
  assert.is(recipe.validation, 600);
  assert.match(readFileSync(`${out}/history.json`, 'utf8'), /of the train part were moved to it/);
  const replayed = await built('run', `${out}/recipe.json`, model, '--data', testFile, '--out', inFolder('again.tflite'));
  assert.is(replayed.code, 0, replayed.err);
  assert.equal(readFileSync(inFolder('again.tflite')), readFileSync(`${out}/model.tflite`));
});

test('a folder with other things is not written to, nor is the model as given', async () => {
  // What a process that was killed at once may leave behind is no hindrance.
  const left = inFolder('left');
  mkdirSync(left);
  writeFileSync(`${left}/study.journal.running`, `${hostname()} 999999999`);
  const begun = await built('compress', model, ...given, '--max-drop', '0.1', '--trials', '1', '--out', left, '--resume');
  assert.is(begun.code, 0, begun.err);
  const mine = inFolder('mine');
  mkdirSync(mine);
  writeFileSync(`${mine}/report.html`, 'notes');
  const other = await built('compress', model, ...given, '--out', mine, '--resume');
  assert.is(other.code, 2);
  assert.match(other.err, /there is no study in it/);
  assert.is(readFileSync(`${mine}/report.html`, 'utf8'), 'notes');
  copyFileSync(model, inFolder('study/model.tflite'));
  const over = await built('compress', inFolder('study/model.tflite'), ...given, '--out', inFolder('study'), '--resume');
  assert.is(over.code, 2);
  assert.match(over.err, /would be written over the model/);
  assert.equal(readFileSync(inFolder('study/model.tflite')), readFileSync(model));
});

test.run();
