import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inProcess } from './in_process.ts';
import { inFolder, model, trainFile } from './sample.ts';

test('what was chosen again after a cut is told tensor by tensor where it is asked for', async () => {
  const [whole, small] = ['whole.tflite', 'small.tflite'].map(inFolder);
  const data = ['--data', trainFile, '--force'] as const;
  assert.is((await inProcess('quantize', model, ...data, '--activation-scheme', 'auto', '--out', whole)).code, 0);
  const cut = ['prune', whole, '--ratio', '0.4', ...data, '--out', small] as const;
  const plain = await inProcess(...cut);
  assert.is(plain.code, 0, plain.err);
  assert.match(plain.err + plain.out, /ranges chosen again for \d+ tensors/);
  assert.not.match(plain.out, /SQNR/);
  const { code, out, err } = await inProcess(...cut, '--explain');
  assert.is(code, 0, err);
  assert.match(out, /tensor +│ was +│ chosen again +│ SQNR as it was +│ +SQNR/);
  assert.match(out, /symmetric.*symmetric.* dB/);
});

test.run();
