import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeNpy } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/gestures.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'thumbnet-checkpoint-'));
const model = join(root, 'assets/gestures.tflite');
const data = join(folder, 'data.npz');
const { train } = gestures();
const parts = { 'x.npy': writeNpy(train!.x, [train!.count, 128, 3]), 'y.npy': writeNpy(train!.y!, [train!.count]) };
writeFileSync(data, zipSync(parts, { level: 0 }));

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

function start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/cli.ts'), ...args], { cwd: root });
  let err = '';
  child.stderr!.on('data', (text) => {
    err += text;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, err })) };
}

const commandOf = (verb: string, out: string, ...more: string[]) => {
  const common = ['--data', data, '--split', '0.8,0.2,0', '--epochs', '5', '--ema', '0.9', '--patience', '5', '--json'];
  return [verb, model, ...common, '--out', join(folder, out), ...more];
};

const fileAppears = async (path: string) => {
  while (!existsSync(path)) await sleep(20);
};

for (const verb of ['finetune', 'distill']) {
  test(`${verb}: Ctrl-C ends it with 130; the same command goes on and writes the file of an uninterrupted run`, async () => {
    const kept = join(folder, `${verb}.checkpoint`);
    const command = commandOf(verb, `${verb}.tflite`, '--checkpoint', kept);
    const first = start(command);
    await Promise.race([fileAppears(kept), first.ended]);
    first.child.kill('SIGINT');
    const { code, err } = await first.ended;
    assert.is(code, 130, err);
    assert.match(err, /interrupted; the training is kept in[\s\S]*fix: give the same command again/);
    assert.not(existsSync(join(folder, `${verb}.tflite`)));
    const changed = await start(commandOf(verb, `${verb}.tflite`, '--checkpoint', kept, '--batch', '16')).ended;
    assert.is(changed.code, 2);
    assert.match(changed.err, /begun with batch 32, not 16[\s\S]*fix:/);
    assert.is((await start(command).ended).code, 0);
    assert.is((await start(commandOf(verb, `${verb}_whole.tflite`)).ended).code, 0);
    assert.equal(readFileSync(join(folder, `${verb}.tflite`)), readFileSync(join(folder, `${verb}_whole.tflite`)));
    assert.not(readdirSync(folder).some((name) => name.endsWith('.part')));
  });
}

test('a checkpoint that is cut off is told, and stays', async () => {
  const kept = join(folder, 'short.checkpoint');
  writeFileSync(kept, readFileSync(join(folder, 'finetune.checkpoint')).subarray(0, 5000));
  const { code, err } = await start(commandOf('finetune', 'short.tflite', '--checkpoint', kept)).ended;
  assert.is(code, 2);
  assert.match(err, /damaged or cut off[\s\S]*fix:/);
  assert.is(readFileSync(kept).length, 5000);
});

test.run();
