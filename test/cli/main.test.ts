import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VERSION } from '../../src/cli/version.ts';
import { writeNpy } from '../../src/data/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'thumbnet-cli-'));
const model = join(root, 'assets/gestures.tflite');

function thumbnet(...args: string[]): { code: number | null; out: string; err: string } {
  const run = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'src/cli.ts'), ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

const file = (name: string, content: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** One message with its fix, no stack trace, nothing on stdout, exit 2. */
function refuses(args: string[], what: RegExp): void {
  const { code, out, err } = thumbnet(...args, '--json');
  assert.is(code, 2, err);
  assert.is(out, '');
  assert.match(err, what);
  assert.not.match(err, /\n\s+at /);
}

const bytes = readFileSync(model);
const x = writeNpy(new Float32Array(12 * 384), [12, 128, 3]);

test('bad models are refused', () => {
  refuses(['inspect', join(folder, 'none.tflite')], /no such file[\s\S]*fix:/);
  refuses(['inspect', file('empty.tflite', '')], /empty[\s\S]*fix:/);
  refuses(['inspect', file('short.tflite', bytes.subarray(0, 900))], /not a valid[\s\S]*fix:/);
  refuses(
    [
      'inspect',
      file(
        'noise.tflite',
        Uint8Array.from({ length: 999 }, (_, i) => (i * 97) & 255),
      ),
    ],
    /TFL3[\s\S]*fix:/,
  );
});

test('bad options are refused, and no folder is left behind', () => {
  const out = join(folder, 'results');
  const base = ['compress', model, '--data', file('x.npy', x), '--out', out];
  refuses([...base, '--target', 'stm32l476r'], /stm32l476rg/);
  refuses([...base, '--target', 'stm32l476rg', '--min-accuracy', '1.5'], /minAccuracy/);
  refuses([...base, '--target', 'stm32l476rg'], /labels/);
  refuses([...base, '--target', 'stm32l476rg', '--out', folder], /exists/);
  refuses(['profile', model], /--target/);
  refuses(['nothing'], /unknown command/);
  assert.not(existsSync(out));
});

test('a model that cannot be written leaves nothing', () => {
  refuses(['prune', model, '--ratio', '0.5', '--out', join(file('plain', 'x'), 'y.tflite')], /cannot write/);
  assert.not(readdirSync(folder).some((name) => name.endsWith('.part')));
});

test('inspect, profile, targets and infer print one JSON object', () => {
  const json = (...args: string[]) => {
    const { code, out, err } = thumbnet(...args, '--json');
    assert.is(code, 0, err);
    return JSON.parse(out);
  };
  assert.is(json('inspect', model).macs, 682560);
  const one = json('profile', model, '--target', 'stm32l476rg');
  assert.is(one.target, 'stm32l476rg');
  assert.is(one.layers.length, 7);
  assert.is(json('profile', model, '--target', 'stm32l476rg,stm32f446re').targets.length, 2);
  assert.ok(json('targets').targets.length >= 20);
  const input = file('in.npy', writeNpy(new Float32Array(2 * 384), [2, 128, 1, 3]));
  const y = join(folder, 'y.npy');
  assert.equal(json('infer', model, '--input', input, '--output', y, '--trace', join(folder, 'trace')).shape, [2, 6]);
  assert.ok(existsSync(y) && readdirSync(join(folder, 'trace')).length === 8);
  refuses(['infer', model, '--input', input, '--output', y], /exists/);
});

test('a pruned file is smaller and still a model', () => {
  const out = join(folder, 'pruned.tflite');
  assert.is(thumbnet('prune', model, '--ratio', '0.5', '--out', out).code, 0);
  const { code, out: text } = thumbnet('inspect', out, '--json');
  assert.is(code, 0);
  assert.ok(JSON.parse(text).macs < 250_000);
});

test('the version is that of package.json', () => {
  assert.is(VERSION, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
});

test.run();
