import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stackBound } from '../../src/emulator/stack.ts';
import { CompressError } from '../../src/errors.ts';

const line = (word: string, operands = '') => `    1000:\t4770 \t${word}\t${operands}`;
const image = (functions: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(functions)
    .map(([name, lines], i) => `0000${i}000 <${name}>:\n${lines.join('\n')}\n`)
    .join('\n');
const call = (name: string) => line('bl', `2000 <${name}>`);

const refused = (functions: Readonly<Record<string, readonly string[]>>, usage = '') => {
  try {
    stackBound({ usage, disassembly: image(functions) }, 'run');
  } catch (e) {
    assert.instance(e, CompressError);
    return (e as CompressError).message;
  }
  throw new Error('it was not refused');
};

test('frames add up along the deepest path', () => {
  const disassembly = image({
    run: [line('push', '{r4, lr}'), call('thin'), call('thick'), line('b.n', '1004 <run+0x4>')],
    thumbnet_mark_1: [call('library')],
    thin: [line('push', '{r4, r5, r6, r7, lr}')],
    thick: [line('stmdb', 'sp!, {r4-r11, lr}'), line('vpush', '{d8-d9}'), line('sub', 'sp, #20'), line('b.w', '3000 <thin>')],
    library: [line('str.w', 'lr, [sp, #-4]!'), line('sub.w', 'sp, sp, #1024')],
  });
  const usage = 'a.c:1:2:run\t16\tstatic\na.c:9:2:thick\t70\tstatic\n';
  // run 16 as stated (8 are seen), library 4 + 1024 (nothing is stated), which is behind a mark in run
  assert.is(stackBound({ usage, disassembly }, 'run'), 16 + 4 + 1024);
  // thick 36 + 16 + 20 seen, 70 stated; its tail call goes to thin
  assert.is(stackBound({ usage, disassembly: disassembly.replace('#1024', '#8') }, 'run'), 16 + 72 + 20);
});

test('what has no bound is refused', () => {
  assert.match(refused({ run: [call('run2')], run2: [call('run')] }), /run calls itself/);
  assert.match(refused({ run: [line('blx', 'r3')] }), /points to/);
  assert.match(refused({ run: [] }, 'a.c:1:2:run\t16\tdynamic\n'), /the frame of run is dynamic/);
});

test.run();
