import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { exportTflite } from '../../src/index.ts';
import { COUNT, fruit } from '../cases/make.ts';
import { npz } from '../data/sources.ts';
import { inProcess as thumbnet } from './in_process.ts';
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

test('a recipe keeps how data was read and the types at the edges; compress takes them from it too', async () => {
  const made = fruit();
  writeFileSync(inFolder('fruit.tflite'), exportTflite({ graph: made.graph, facts: {} }));
  const { x, shape } = made.x.x;
  const arrays = { x: [x, shape], kinds: [made.y, [COUNT]], y: [made.y.map((v) => (v + 1) % 3), [COUNT]] } as const;
  writeFileSync(inFolder('fruit.npz'), npz(arrays as unknown as Parameters<typeof npz>[0]));
  const base = ['--data', inFolder('fruit.npz'), '--target', 'stm32l476rg', '--workers', '1', '--max-drop', '0.1'];
  const brief = [...base, '--samples', '2K', '--trials', '1'];
  const out = inFolder('edges');
  const read = ['--labels', 'kinds', '--split', '0.5,0.25,0.25', '--io', 'uint8', '--seed', '3'];
  const study = await built('compress', inFolder('fruit.tflite'), ...brief, ...read, '--out', out);
  assert.is(study.code, 0, study.err);
  const { stages, ...recipe } = JSON.parse(readFileSync(`${out}/recipe.json`, 'utf8'));
  assert.equal([recipe.io, recipe.reading, recipe.split, recipe.seed], ['uint8', { labels: 'kinds' }, [0.5, 0.25, 0.25], 3]);
  const model = readFileSync(`${out}/model.tflite`);
  assert.is(importTflite(new Uint8Array(model)).tensors.filter((t) => t.dtype === 'u8').length, 2);
  const run = ['run', `${out}/recipe.json`, inFolder('fruit.tflite'), '--data', inFolder('fruit.npz')];
  const again = await thumbnet(...run, '--out', inFolder('edges.tflite'));
  assert.is(again.code, 0, again.err);
  assert.equal(readFileSync(inFolder('edges.tflite')), model);
  const followed = await built(
    'compress',
    inFolder('fruit.tflite'),
    ...brief,
    '--recipe',
    `${out}/recipe.json`,
    '--out',
    inFolder('followed'),
  );
  assert.is(followed.code, 0, followed.err);
  const { stages: _, ...kept } = JSON.parse(readFileSync(inFolder('followed/recipe.json'), 'utf8'));
  assert.equal(kept, recipe);
});

test('what is refused leaves no folder behind, with --resume too', async () => {
  const place = ['--out', inFolder('refused'), '--resume'];
  const wrong = ['--data', inFolder('fruit.npz'), '--labels', 'y', '--target', 'stm32l476rg', '--max-drop', '0.1'];
  const chance = await thumbnet('compress', inFolder('fruit.tflite'), ...wrong, ...place);
  assert.is(chance.code, 2);
  assert.match(chance.err, /a new one begins\nerror: .*no better than chance/);
  const dry = await thumbnet('compress', model, ...given, ...place, '--dry-run');
  assert.is(dry.code, 2);
  assert.match(dry.err, /--dry-run and --resume are both given[\s\S]*fix:/);
  const stray = await thumbnet('compress', model, ...given, '--study', 'mine');
  assert.match(stray.err, /--study is for a study in a database[\s\S]*--storage/);
  assert.not(existsSync(inFolder('refused')));
});

test('a folder with other things is not written to, nor is the model as given; a dry run says that it is there', async () => {
  // What a process that was killed at once may leave behind is no hindrance.
  const left = inFolder('left');
  mkdirSync(left);
  writeFileSync(`${left}/study.journal.running`, `${hostname()} 999999999`);
  const begun = await built('compress', model, ...given, '--max-drop', '0.1', '--trials', '1', '--out', left, '--resume');
  // So little training may miss the goal.
  assert.ok(begun.code === 0 || begun.code === 1, begun.err);
  const mine = inFolder('mine');
  mkdirSync(mine);
  writeFileSync(`${mine}/report.html`, 'notes');
  const other = await built('compress', model, ...given, '--out', mine, '--resume');
  assert.is(other.code, 2);
  assert.match(other.err, /there is no study in it/);
  assert.is(readFileSync(`${mine}/report.html`, 'utf8'), 'notes');
  const dry = await thumbnet('compress', model, ...given, '--out', mine, '--dry-run');
  assert.is(dry.code, 0, dry.err);
  assert.match(dry.out, /"[^"]*" exists already: a new study needs another --out; nothing was written/);
  copyFileSync(model, inFolder('study/model.tflite'));
  const over = await built('compress', inFolder('study/model.tflite'), ...given, '--out', inFolder('study'), '--resume');
  assert.is(over.code, 2);
  assert.match(over.err, /would be written over the model/);
  assert.equal(readFileSync(inFolder('study/model.tflite')), readFileSync(model));
});

test.run();
