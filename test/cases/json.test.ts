import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNpy } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/index.ts';
import { broken } from '../json_schema.ts';

/** The page on JSON: every call gives what the page shows, in the command as it was built last. */
const page = readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8');
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'thumbnet-json-'));

copyFileSync(new URL('../../assets/gestures.tflite', import.meta.url), join(folder, 'net.tflite'));
mkdirSync(join(folder, 'data'));
const data = gestures();
for (const part of ['train', 'validation', 'test'] as const) {
  const { inputs, y, count } = data[part]!;
  const files = { 'x.npy': writeNpy(inputs[0], [count, 128, 3]), 'y.npy': writeNpy(y!, [count]) };
  writeFileSync(join(folder, 'data', `${part}.npz`), zipSync(files, { level: 0 }));
}
copyFileSync(join(folder, 'data/test.npz'), join(folder, 'test.npz'));
const board = { name: 'my-board', core: 'cortex-m33', flashBytes: '256K', ramBytes: '64K', clockMhz: 64 };
writeFileSync(join(folder, 'my-board.json'), JSON.stringify(board));

/** Objects have at least what is shown, lists begin with it; a number stands for any. */
function shows(actual: unknown, shown: unknown, where: string): void {
  if (typeof shown === 'number') assert.type(actual, 'number', `${where} is ${actual}`);
  else if (Array.isArray(shown)) {
    assert.ok(Array.isArray(actual) && actual.length >= shown.length, `${where} is ${JSON.stringify(actual)}`);
    shown.forEach((one, i) => void shows((actual as unknown[])[i], one, `${where}[${i}]`));
  } else if (typeof shown === 'object' && shown !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, `${where} is ${actual}`);
    for (const [key, value] of Object.entries(shown)) shows((actual as Record<string, unknown>)[key], value, `${where}.${key}`);
  } else assert.is(actual, shown, where);
}

const examples = [...page.matchAll(/```sh\nthumbnet (.*)\n```\n\n```(json|text)\n([\s\S]*?)```/g)];

test('the page has its examples', () => assert.ok(examples.length >= 9));

for (const [, call, kind, shown] of examples) {
  test(`thumbnet ${call}`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...call.split(' ')], { cwd: folder, encoding: 'utf8' });
    if (kind === 'text') {
      assert.equal([status, stdout, stderr], [2, '', shown]);
      return;
    }
    assert.is(status, 0, stderr);
    assert.is(stdout.trim().split('\n').length, 1);
    const printed = JSON.parse(stdout);
    shows(printed, JSON.parse(shown), 'the object');
    const schema = new URL(`../../docs/schemas/printed/${call.split(' ')[0]}.json`, import.meta.url);
    assert.equal(broken(printed, JSON.parse(readFileSync(schema, 'utf8'))), []);
  });
}

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (hasPython) {
  test('the example in Python', () => {
    const [, program] = /```python\n([\s\S]*?)```/.exec(page)!;
    const command = join(folder, 'thumbnet');
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
    chmodSync(command, 0o755);
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
    const { status, stdout, stderr } = spawnSync('python3', ['-c', program], { cwd: folder, encoding: 'utf8', env });
    assert.is(status, 0, stderr);
    assert.is(stdout, "True stm32l476rg ['relu_1', 'relu_2']\n");
  });
}

test.run();
