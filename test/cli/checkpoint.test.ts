import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Ended, folder, inFolder, model, start, thumbnet, trainFile } from './sample.ts';

const commandOf = (verb: string, out: string, ...more: string[]) => {
  const length = ['--epochs', '5', '--ema', '0.9', '--patience', '5'];
  return [verb, model, '--data', trainFile, '--split', '0.8,0.2,0', ...length, '--json', '--out', inFolder(out), ...more];
};

/** Starts a command and ends it by a signal once it has kept its state. */
async function stopped(command: readonly string[], kept: string, signal: 'SIGINT' | 'SIGKILL'): Promise<Ended> {
  const { child, ended } = start(...command);
  const appears = async () => {
    while (!existsSync(kept)) await sleep(20);
  };
  await Promise.race([appears(), ended]);
  child.kill(signal);
  return ended;
}

test('finetune: Ctrl-C ends it with 130; the same command continues and writes the file of an uninterrupted run', async () => {
  const kept = inFolder('finetune.checkpoint');
  const command = commandOf('finetune', 'finetune.tflite', '--checkpoint', kept);
  const { code, out, err } = await stopped(command, kept, 'SIGINT');
  assert.is(code, 130, err);
  assert.is(out, '');
  assert.match(err, /interrupted; the training is kept in[\s\S]*fix: give the same command again/);
  assert.not(existsSync(inFolder('finetune.tflite')));
  const changed = await thumbnet(...commandOf('finetune', 'finetune.tflite', '--checkpoint', kept, '--batch', '16'));
  assert.is(changed.code, 2);
  assert.match(changed.err, /begun with batch 32, not 16[\s\S]*fix:/);
  assert.is((await thumbnet(...command)).code, 0);
  assert.is((await thumbnet(...commandOf('finetune', 'finetune_whole.tflite'))).code, 0);
  assert.equal(readFileSync(inFolder('finetune.tflite')), readFileSync(inFolder('finetune_whole.tflite')));
  assert.not(readdirSync(folder).some((name) => name.endsWith('.part')));
});

test('distill: killed at any moment it continues from the last epoch', async () => {
  const kept = inFolder('distill.checkpoint');
  const hints = [
    '--hint',
    'relu_2',
    '--hint',
    'relu_4=relu_4@0.5',
    '--hint-loss',
    'cosine',
    '--width',
    '0.5',
    '--teacher',
    'both',
  ];
  const command = commandOf('distill', 'distill.tflite', '--checkpoint', kept, ...hints);
  assert.is((await stopped(command, kept, 'SIGKILL')).code, null);
  assert.not(existsSync(inFolder('distill.tflite')));
  assert.is((await thumbnet(...command)).code, 0);
  assert.is((await thumbnet(...commandOf('distill', 'distill_whole.tflite', ...hints))).code, 0);
  assert.equal(readFileSync(inFolder('distill.tflite')), readFileSync(inFolder('distill_whole.tflite')));
});

test('a checkpoint that is cut off is refused, and stays', async () => {
  const kept = inFolder('short.checkpoint');
  writeFileSync(kept, readFileSync(inFolder('finetune.checkpoint')).subarray(0, 5000));
  const { code, err } = await thumbnet(...commandOf('finetune', 'short.tflite', '--checkpoint', kept));
  assert.is(code, 2);
  assert.match(err, /damaged or cut off[\s\S]*fix:/);
  assert.is(readFileSync(kept).length, 5000);
});

test('a checkpoint that cannot be written is refused before anything is trained', async () => {
  const within = join(trainFile, 'state.checkpoint');
  const { code, err } = await thumbnet(...commandOf('finetune', 'nowhere.tflite', '--checkpoint', within));
  assert.is(code, 2);
  assert.match(err, /cannot write "[\s\S]*fix: choose another --checkpoint/);
});

test.run();
