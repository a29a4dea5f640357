import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CONFIG } from '../../src/cli/config.ts';
import { inProcess } from './in_process.ts';
import { model } from './sample.ts';

const before = process.cwd();
test.before.each(() => process.chdir(mkdtempSync(join(tmpdir(), 'thumbnet-config-'))));
test.after(() => process.chdir(before));

const config = (content: unknown) => writeFileSync(CONFIG, typeof content === 'string' ? content : JSON.stringify(content));

test('the file gives model and options, of all verbs and of one; what is typed holds', async () => {
  config({ model, target: 'rp2040', profile: { clock: '48MHz' }, compress: { maxDrop: '2%' } });
  const by = await inProcess('profile', '--json');
  assert.match(by.err, /^thumbnet\.config\.json gives .*gestures\.tflite --target rp2040 --clock 48MHz\n/);
  const { target, clockMhz } = JSON.parse(by.out);
  assert.equal([target, clockMhz], ['rp2040', 48]);
  const typed = JSON.parse((await inProcess('profile', model, '--target', 'stm32l476rg', '--clock', '40MHz', '--json')).out);
  assert.equal([typed.target, typed.clockMhz], ['stm32l476rg', 40]);
});

test('names that no verb knows, and files that are no JSON, are refused', async () => {
  for (const [content, what] of [
    [{ tarmet: 'rp2040' }, /there is no option "tarmet"\n {2}fix: nearest are target/],
    [{ modle: 'net.tflite' }, /there is no option "modle"\n {2}fix: nearest are model,/],
    [{ profile: { maxDrop: 0.1 } }, /there is no option "profile: maxDrop"/],
    [{ profil: { clock: 1 } }, /there is no option "profil"\n {2}fix: nearest are profile/],
    ['{', /it is not JSON/],
    ['[1]', /holds no JSON object/],
  ] as const) {
    config(content);
    const { code, err, out } = await inProcess('profile', model, '--json');
    assert.is(code, 2);
    assert.is(out, '');
    assert.match(err, what);
  }
  assert.is((await inProcess('targets', '--json')).code, 0);
});

test('init asks in a terminal only', async () => {
  const { code, err } = await inProcess('init');
  assert.is(code, 2);
  assert.match(err, /no terminal to ask in\n {2}fix: write thumbnet\.config\.json by hand/);
});

test.run();
