import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkToolchain } from '../../src/emulator/toolchain.ts';
import { CompressError } from '../../src/errors.ts';
import { withTools } from './tools.ts';

test("a missing file of Thumbnet's own is said with what mends it", () => {
  assert.throws(
    () => checkToolchain('absent/count.c'),
    (e: unknown) => e instanceof CompressError && e.code === 'not-ready' && /count\.c is missing/.test(e.message),
  );
});

withTools(test)('with all programs and the plugin nothing is asked for', async () => checkToolchain());

test.run();
