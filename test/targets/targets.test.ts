import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { findTarget, nearestTargets, parseRow, TARGETS } from '../../src/targets/index.ts';
import { SOURCES } from '../../src/targets/target_data.ts';

test('at least 20 parts from M0+ to M55, each with plausible facts and a known source', () => {
  assert.ok(TARGETS.length >= 20);
  const cores = new Set<string>(TARGETS.map((t) => t.core));
  for (const core of [
    'cortex-m0',
    'cortex-m0+',
    'cortex-m3',
    'cortex-m4',
    'cortex-m7',
    'cortex-m33',
    'cortex-m55',
    'cortex-m85',
  ]) {
    assert.ok(cores.has(core), core);
  }
  for (const t of TARGETS) {
    assert.match(t.name, /^[a-z0-9-]+$/);
    assert.ok(['c', 'dsp', 'mve'].includes(t.kind), t.name);
    assert.ok(['none', 'sp', 'dp'].includes(t.fpu), t.name);
    assert.ok(['none', 'flash', 'l1', 'xip'].includes(t.cache), t.name);
    assert.ok(t.flashBytes >= 65536 && t.ramBytes >= 8192 && t.clockMhz >= 32 && t.clockMhz <= 800, t.name);
    assert.ok(t.supplyV >= 1.8 && t.supplyV <= 5, t.name);
    assert.is(t.microampPerMhz === null, t.power === 'none', t.name);
    for (const s of t.sources) assert.ok(SOURCES[s], `${t.name}: ${s}`);
  }
});

test('a row with a blank inside a cell is refused', () => {
  const row = 'chip  m33  2048  768  160  sp  4  flash  87.7  1.8  measured  MLPT+OPD  board-1 board_2';
  assert.equal(parseRow(row).aliases, ['board-1', 'board_2']);
  assert.equal(parseRow(row).sources, ['MLPT', 'OPD']);
  for (const wrong of [
    row.replace('+OPD', '     +OPD'),
    row.replace('MLPT+', 'MLPT+ '),
    row.replace(' m33', ''),
    row.replace('MLPT+OPD', ''),
    'chip  m33  2048',
  ]) {
    assert.throws(() => parseRow(wrong), /row of the target chip/, wrong);
  }
});

test('names and aliases are unique', () => {
  const names = TARGETS.flatMap((t) => [t.name, ...t.aliases]);
  assert.is(new Set(names).size, names.length);
});

test('found by part, ordering code or board, whatever the case', () => {
  assert.is(findTarget('stm32l476rg').ramBytes, 96 * 1024);
  for (const name of ['STM32L476RG', 'STM32L476RGT6', 'nucleo-l476rg', 'NUCLEO_L476RG'])
    assert.is(findTarget(name).name, 'stm32l476rg');
  assert.is(findTarget('Raspberry Pi Pico').name, 'rp2040');
  assert.is(findTarget('RA8D1').core, 'cortex-m85');
});

test('an unknown target names the nearest', () => {
  assert.throws(
    () => findTarget('stm32f447re'),
    (e: CompressError) => e instanceof CompressError && e.code === 'unknown-target' && /stm32f446re/.test(e.fix),
  );
  assert.throws(
    () => findTarget('cortex-m4'),
    /"cortex-m4" is no core with clock, flash and RAM\n {2}fix: write CORE@CLOCK,FLASH,RAM/,
  );
  assert.is(nearestTargets('nrf52')[0], 'nrf52840');
  assert.is(nearestTargets('stm32l476')[0], 'stm32l476rg');
  assert.ok(nearestTargets('nucleo-f401').includes('nucleo-f401re'));
});

test.run();
