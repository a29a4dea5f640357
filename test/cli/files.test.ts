import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkOutput, checkpointFile } from '../../src/cli/files.ts';
import type { CompressError } from '../../src/errors.ts';
import { folder, inFolder } from './sample.ts';

const refused = async (work: Promise<unknown>, code: string, what: RegExp): Promise<void> => {
  const error: CompressError = await work.then(
    () => assert.unreachable(),
    (e) => e,
  );
  assert.is(error.code, code, error.stack);
  assert.match(error.message, what);
};

test('an output that can be written leaves nothing behind', async () => {
  const before = readdirSync(folder);
  await checkOutput(inFolder('new/folder/y.tflite'));
  await checkpointFile(inFolder('other/state'));
  assert.equal(readdirSync(folder), before);
});

test('an output that cannot be written is refused', async () => {
  const taken = inFolder('taken');
  writeFileSync(taken, 'x');
  mkdirSync(inFolder('a_folder'));
  const force = true;
  await refused(checkOutput(''), 'bad-option', /^--out is empty/);
  await refused(checkOutput(join(taken, 'y')), 'cannot-write', /a part of the path is not a folder[\s\S]*another --out/);
  await refused(checkpointFile(join(taken, 'y')), 'cannot-write', /another --checkpoint/);
  await refused(checkOutput(inFolder(`new/${'n'.repeat(300)}`)), 'cannot-write', /cannot write/);
  await refused(checkOutput(taken), 'exists', /exists already\n[\s\S]*--force/);
  await refused(checkOutput(inFolder('a_folder'), { force }), 'exists', /is a folder/);
  if (existsSync('/dev/null')) await refused(checkOutput('/dev/null', { force }), 'exists', /no regular file/);
  await checkOutput(taken, { force });
  assert.is(readFileSync(taken, 'utf8'), 'x');
  assert.not(existsSync(inFolder('new')));
});

test.run();
