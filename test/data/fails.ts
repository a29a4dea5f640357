import * as assert from 'uvu/assert';
import { type DataOptions, type DataSource, loadDataset } from '../../src/data/index.ts';
import { CompressError } from '../../src/errors.ts';

/** Asserts that a source cannot be loaded, and that the message says why and what to do. */
export async function fails(source: DataSource, code: string, message: RegExp, options?: DataOptions): Promise<void> {
  try {
    await loadDataset(source, options);
  } catch (error) {
    assert.instance(error, CompressError);
    const { code: got, message: text, fix } = error as CompressError;
    assert.is(got, code, text);
    assert.match(text, message);
    assert.ok(fix.length > 10);
    return;
  }
  assert.unreachable(`no error like ${message}`);
}
