import { spawnSync } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VERSION } from '../../src/cli/version.ts';
import { writeNpy } from '../../src/data/index.ts';
import { folder, inFolder, model, thumbnet } from './sample.ts';

const file = (name: string, content: Uint8Array | string): string => {
  const path = inFolder(name);
  writeFileSync(path, content);
  return path;
};

/** One message with its fix, no stack trace, nothing on stdout, exit 2. */
async function refuses(args: string[], what: RegExp): Promise<void> {
  const { code, out, err } = await thumbnet(...args, '--json');
  assert.is(code, 2, err);
  assert.is(out, '');
  assert.match(err, what);
  assert.not.match(err, /\n\s+at /);
}

const bytes = readFileSync(model);
const x = writeNpy(new Float32Array(12 * 384), [12, 128, 3]);

test('bad models are refused', async () => {
  await refuses(['inspect', inFolder('none.tflite')], /no such file[\s\S]*fix:/);
  await refuses(['inspect', file('empty.tflite', '')], /empty[\s\S]*fix:/);
  await refuses(['inspect', file('short.tflite', bytes.subarray(0, 900))], /not a valid[\s\S]*fix:/);
  await refuses(
    [
      'inspect',
      file(
        'noise.tflite',
        Uint8Array.from({ length: 999 }, (_, i) => (i * 97) & 255),
      ),
    ],
    /not those of a model[\s\S]*fix:/,
  );
});

test('of two models the bad one is named', async () => {
  const cut = file('cut.tflite', bytes.subarray(0, 900));
  await refuses(['distill', model, '--original', cut, '--data', 'none', '--out', inFolder('d')], /cut.tflite": not a valid/);
});

test('bad options are refused, and no folder is left behind', async () => {
  const out = inFolder('results');
  const base = ['compress', model, '--data', file('x.npy', x), '--out', out];
  await refuses([...base, '--target', 'stm32l476r'], /stm32l476rg/);
  await refuses([...base, '--target', 'stm32l476rg', '--max-drop', '-1'], /compress: --max-drop must be/);
  await refuses([...base, '--target', 'stm32l476rg'], /labels/);
  await refuses([...base, '--target', 'stm32l476rg', '--out', folder], /exists/);
  await refuses(['profile', model], /--target/);
  await refuses(['nothing'], /unknown command/);
  assert.not(existsSync(out));
});

test('a model that cannot be written leaves nothing', async () => {
  await refuses(['prune', model, '--ratio', '0.5', '--out', join(file('plain', 'x'), 'y.tflite')], /cannot write/);
  assert.not(readdirSync(folder).some((name) => name.endsWith('.part')));
});

test('what cannot be written is refused before any work', async () => {
  const under = join(file('plain.tflite', 'x'), 'y.tflite');
  await refuses(['finetune', model, '--data', inFolder('none'), '--out', under], /cannot write/);
  await refuses(['export', model, '--format', 'tflite', '--out', ''], /--out is empty/);
  await refuses(['infer', model, '--input', file('x.npy', x), '--output', under], /cannot write[\s\S]*--output/);
});

test('inspect, profile, targets and infer print one JSON object', async () => {
  const json = async (...args: string[]) => {
    const { code, out, err } = await thumbnet(...args, '--json');
    assert.is(code, 0, err);
    return JSON.parse(out);
  };
  assert.is((await json('inspect', model)).macs, 682560);
  const one = await json('profile', model, '--target', 'stm32l476rg');
  assert.is(one.target, 'stm32l476rg');
  assert.is(one.layers.length, 7);
  assert.is((await json('profile', model, '--target', 'stm32l476rg,stm32f446re')).targets.length, 2);
  assert.ok((await json('targets')).targets.length >= 20);
  const input = file('in.npy', writeNpy(new Float32Array(2 * 384), [2, 128, 1, 3]));
  const y = inFolder('y.npy');
  assert.equal((await json('infer', model, '--input', input, '--output', y, '--trace', inFolder('trace'))).shape, [2, 6]);
  assert.ok(existsSync(y) && readdirSync(inFolder('trace')).length === 8);
  await refuses(['infer', model, '--input', input, '--output', y], /exists/);
});

test('infer takes finite numbers only', async () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const input = file('odd.npy', writeNpy(new Float32Array(384).fill(value, 7, 8), [128, 3]));
    await refuses(
      ['infer', model, '--input', input, '--output', inFolder('odd-y.npy')],
      value > 0 ? /element 7 is infinite/ : /element 7 is NaN/,
    );
  }
});

test('a full disk behind stdout is one line', async () => {
  if (!existsSync('/dev/full')) return;
  const child = spawnSync(process.execPath, [...process.execArgv, '--import', 'tsx', 'src/cli.ts', 'inspect', model, '--json'], {
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    encoding: 'utf8',
  });
  assert.is(child.stderr, 'error: cannot write to stdout: no space left\n');
  assert.is(child.status, 2);
});

test('a pruned file is smaller and still a model', async () => {
  const out = inFolder('pruned.tflite');
  assert.is((await thumbnet('prune', model, '--ratio', '0.5', '--out', out)).code, 0);
  const { code, out: text } = await thumbnet('inspect', out, '--json');
  assert.is(code, 0);
  assert.ok(JSON.parse(text).macs < 250_000);
});

test('help and README tell the exit codes', async () => {
  const { out } = await thumbnet('--help');
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  for (const text of [out, readme]) assert.match(text, /Exit codes: 0 done; 1 .*[\s\S]*; 2 .*[\s\S]*130 interrupted/);
});

test('the version is that of package.json', () => {
  assert.is(VERSION, JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
});

test.run();
