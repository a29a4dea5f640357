import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columns, table } from '../../src/cli/output.ts';
import { targetNames } from '../../src/cli/target_names.ts';
import { duration, megahertz, microjoules, number } from '../../src/cli/values.ts';
import { findTarget, registerTarget } from '../../src/mcu/index.ts';
import { inProcess } from './in_process.ts';
import { built, inFolder, model, testFile } from './sample.ts';

test('units are understood', () => {
  assert.equal(['84', '84MHz', '0.084GHz', '84000kHz'].map(megahertz), [84, 84, 84, 84]);
  assert.equal(['100', '100uJ', '0.1mJ', '100µJ'].map(microjoules), [100, 100, 100, 100]);
  assert.equal(['0.02', '2%'].map(number), [0.02, 0.02]);
  assert.equal(['90', '90s', '1.5m', '1.5min'].map(duration('s')), [90000, 90000, 90000, 90000]);
  for (const bad of ['', '84 apples', 'MHz']) assert.throws(() => megahertz(bad));
});

test('a core with clock, flash and RAM is a chip', () => {
  const { name, core, kind, flashBytes, ramBytes, clockMhz } = findTarget('Cortex-M4@100MHz,512K,128K');
  assert.equal([name, core, kind], ['cortex-m4@100mhz,512k,128k', 'cortex-m4', 'dsp']);
  assert.equal([flashBytes, ramBytes, clockMhz], [524288, 131072, 100]);
  assert.equal(findTarget(name), findTarget('m4f@100,524288,131072'));
  assert.equal(targetNames('rp2040, m4@1MHz,2K,3K,stm32l476rg'), ['rp2040', 'm4@1MHz,2K,3K', 'stm32l476rg']);
  for (const bad of ['cortex-m9@1,2,3', 'm4@1', 'm4@fast,1K,1K'])
    assert.throws(() => findTarget(bad), /write CORE@CLOCK,FLASH,RAM/);
});

test('a chip that is no Cortex-M is called one', () => {
  for (const [name, core] of [
    ['esp32', 'Xtensa'],
    ['ESP32-C3', 'RISC-V'],
    ['arduino-uno', 'AVR'],
    ['raspberry-pi-4', 'Cortex-A'],
  ])
    assert.throws(() => findTarget(name), new RegExp(`is not a Cortex-M: its core is an? ${core}|its core is ${core}`));
  assert.is(findTarget('raspberry-pi-pico').name, 'rp2040');
});

const chip = { name: 'Test-Board', core: 'cortex-m33', flashBytes: '256K', ramBytes: 65536, clockMhz: 64 } as const;

test('a chip of a JSON file in the verbs, the same in the library', async () => {
  const file = inFolder('board.json');
  writeFileSync(file, JSON.stringify(chip));
  const { code, out } = await inProcess('profile', model, '--target', `${file},rp2040`, '--json');
  assert.is(code, 0);
  const [own, other] = JSON.parse(out).targets;
  assert.equal([own.target, own.clockMhz, other.target], ['test-board', 64, 'rp2040']);
  assert.is(registerTarget(chip).flashBytes, 262144);
  assert.match((await inProcess('targets', file)).out, /core {4}cortex-m33 at up to 64 MHz/);
});

test('a study is not resumed for a chip of the same name with other facts', async () => {
  const file = inFolder('changed.json');
  const compress = (ramBytes: number, ...more: string[]) => {
    writeFileSync(file, JSON.stringify({ ...chip, name: 'changed', ramBytes }));
    const brief = ['--samples', '500', '--trials', '1', '--workers', '1', '--max-drop', '0.1'];
    return built('compress', model, '--data', testFile, '--target', file, ...brief, '--out', inFolder('changed'), ...more);
  };
  const first = await compress(65536);
  assert.ok(first.code === 0 || first.code === 1, first.err);
  const { code, err } = await compress(32768, '--resume');
  assert.is(code, 2);
  assert.match(err, /the study was begun with another chip/);
});

test('a chip that cannot be is refused by its first wrong field', async () => {
  const file = inFolder('bad_board.json');
  for (const [content, what] of [
    ['{', /is not JSON/],
    [JSON.stringify({ ...chip, core: 'm33' }), /core must be one of/],
    [JSON.stringify({ ...chip, ramBytes: 'lots' }), /ramBytes must be/],
    [JSON.stringify({ ...chip, colour: 'red' }), /there is no option "colour"/],
    [JSON.stringify({ ...chip, name: 'rp2040' }), /there is a chip "rp2040" already/],
  ] as const) {
    writeFileSync(file, content);
    const { code, err } = await inProcess('profile', model, '--target', file, '--json');
    assert.is(code, 2);
    assert.match(err, what);
  }
});

test('the schema for editors has the fields that are taken', () => {
  const schema = JSON.parse(readFileSync(new URL('../../assets/target.schema.json', import.meta.url), 'utf8'));
  const all = {
    waitStates: 2,
    fpu: 'sp',
    cache: 'flash',
    microampPerMhz: 50,
    supplyV: 3,
    $schema: 'x',
    ...chip,
    name: 'all-fields',
  };
  registerTarget(all as Parameters<typeof registerTarget>[0]);
  assert.equal(Object.keys(schema.properties).sort(), Object.keys(all).sort());
});

test('profile ends with 1 where the network fits no chip that is named', async () => {
  const small = await inProcess('profile', model, '--target', 'm0@48MHz,32K,4K');
  assert.is(small.code, 1);
  assert.match(small.err, /it does not fit cortex-m0@48mhz,32k,4k/);
  assert.is((await inProcess('profile', model, '--target', 'm0@48MHz,32K,4K,rp2040')).code, 0);
});

test('targets shows its sources, also of one chip', async () => {
  const { targets, sources } = JSON.parse((await inProcess('targets', '--json')).out);
  for (const t of targets) for (const key of t.sources) assert.ok(sources[key], key);
  assert.match((await inProcess('targets', 'nucleo-l476rg')).out, /source {2}STMicroelectronics/);
});

test('tables fit 80 columns, and use more where there is more', async () => {
  const own = process.stdout.columns;
  const widest = (text: string) =>
    Math.max(
      ...text
        .split('\n')
        .filter((l) => /^[┌│└]/.test(l))
        .map((l) => l.length),
    );
  try {
    const wide = new Map<string, number>();
    for (const width of [80, 120, 200]) {
      process.stdout.columns = width;
      assert.is(columns(), width);
      for (const args of [
        ['targets'],
        ['profile', model, '--target', 'all'],
        ['profile', model, '--target', 'rp2040'],
        ['inspect', model],
      ]) {
        const { out } = await inProcess(...args);
        assert.ok(widest(out) <= width, `${args[0]} at ${width}: ${widest(out)}`);
        wide.set(`${args[0]} ${width}`, widest(out));
      }
    }
    for (const verb of ['targets', 'profile']) assert.ok(wide.get(`${verb} 120`)! > wide.get(`${verb} 80`)!, verb);
  } finally {
    process.stdout.columns = own;
  }
  const rows = [['a'.repeat(50), '1', '2']];
  const cut = table(['name', 'one', 'two'], rows, 1, { width: 40, cut: ['name', 5], drop: ['two'] });
  assert.is(widest(cut), 40);
  assert.match(cut, /a{5,}…/);
  assert.not.match(cut, /not shown/);
  assert.match(
    table(['name', 'one', 'two'], rows, 1, { width: 20, cut: ['name', 5], drop: ['two'] }),
    /not shown for want\s+of columns:\s+two/,
  );
});

test('compare: what changed, thresholds, and the exit code', async () => {
  const same = await inProcess('compare', model, model, '--target', 'rp2040', '--max-growth', 'flash=0,latency=1%');
  assert.is(same.code, 0);
  assert.match(same.out, /layers: the same/);
  const small = inFolder('simpler.tflite');
  const made = await inProcess('prune', model, '--ratio', '50%', '--criterion', 'l2', '--out', small, '--force');
  assert.is(made.code, 0, made.err);
  const { code, err, out } = await inProcess('compare', small, model, '--max-growth', 'weights=5%,macs=1000%', '--json');
  assert.is(code, 1);
  assert.match(err, /gestures\.tflite is beyond what is allowed: weights is [\d,]+ where it was [\d,]+\n/);
  const { a, b, layers, exceeded } = JSON.parse(out);
  assert.ok(a.figures.weightBytes < b.figures.weightBytes && layers.length > 3 && exceeded.length === 1);
  // On the same examples as `evaluate`: all of the file, or the test part of a split.
  for (const split of [[], ['--split', '0.5,0.2,0.3']]) {
    const given = ['--data', testFile, ...split, '--json'];
    const [compared, evaluated] = [
      await inProcess('compare', model, model, ...given),
      await inProcess('evaluate', model, ...given),
    ];
    assert.is(JSON.parse(compared.out).a.quality, JSON.parse(evaluated.out).quality);
    assert.is(compared.err.split('the model is given').length, 2, compared.err);
  }
  assert.match((await inProcess('compare', small, model)).out, new RegExp(`\nA ${small}\nB ${model}\n`));
  assert.match((await inProcess('compare', model, small, '--max-drop', '1%')).err, /--max-drop needs the quality of both/);
  assert.match((await inProcess('compare', model, small, '--max-growth', 'flash=1')).err, /flash is not known of both/);
  assert.match((await inProcess('compare', model, small, '--max-growth', 'colour=1')).err, /is not one of flash, ram/);
});

test('doctor says what is there', async () => {
  const { checks } = JSON.parse((await inProcess('doctor', '--json')).out);
  for (const what of ['Node', 'Wasm SIMD']) assert.ok(checks.find((c: { what: string }) => c.what === what).ok);
  for (const c of checks) assert.ok(c.found && c.neededFor && (c.ok || c.fix));
});

test.run();
