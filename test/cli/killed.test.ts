import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { built, inFolder, model, startBuilt, testFile } from './sample.ts';

const command = (out: string, ...more: string[]) => {
  const budget = ['--samples', '2K', '--parallel', '3', '--trials', '5', '--max-drop', '0.1'];
  return ['compress', model, '--data', testFile, '--target', 'stm32l476rg', ...budget, '--out', inFolder(out), ...more];
};

/** Trials that the journal of a study says have ended: Optuna's operation 6 with a state that is not 0, running. */
function ended(out: string): number {
  const path = join(inFolder(out), 'study.journal');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line)).filter((op) => op.op_code === 6 && op.state !== 0).length;
}

/** Kills the process once so many trials have ended. */
async function killed(trials: number, out: string, ...more: string[]): Promise<void> {
  const { child, ended: end } = startBuilt(...command(out, ...more));
  const reached = async () => {
    while (ended(out) < trials) await sleep(10);
  };
  const first = await Promise.race([reached(), end]);
  assert.not(first, `it came to its end first: ${first?.err}`);
  child.kill('SIGKILL');
  assert.is((await end).code, null);
}

test('compress: killed twice, with one worker, two and four, it ends in the files of a run that nothing stopped', async () => {
  await killed(1, 'killed', '--workers', '2');
  await killed(2, 'killed', '--workers', '1', '--resume');
  assert.not(existsSync(join(inFolder('killed'), 'model.tflite')));
  const resumed = await built(...command('killed', '--workers', '4', '--resume'));
  assert.is(resumed.code, 0, resumed.err);
  const whole = await built(...command('whole', '--workers', '1'));
  assert.is(whole.code, 0, whole.err);
  for (const name of ['model.tflite', 'recipe.json']) {
    assert.equal(readFileSync(join(inFolder('killed'), name)), readFileSync(join(inFolder('whole'), name)), name);
  }
  assert.not(readdirSync(inFolder('killed')).some((name) => name.endsWith('.part')));
});

test.run();
