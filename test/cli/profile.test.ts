import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grouped } from '../../src/cli/profile.ts';
import { demoModel } from '../../src/demo/model.ts';
import { profile, TARGETS } from '../../src/mcu/index.ts';
import { loadModel } from '../../src/model.ts';

test('warnings about many chips are one, about one chip as they are', async () => {
  const { graph } = await loadModel(await demoModel());
  const all = TARGETS.map((chip) => profile(graph, chip));
  const warnings = grouped(all);
  assert.ok(warnings.length <= 6, warnings.join('\n'));
  assert.ok(warnings.some((w) => /of stm32f072rb, stm32l053r8, stm32g071rb and \d+ more times/.test(w)));
  for (const one of all) assert.equal(grouped([one]), one.warnings);
});

test.run();
