import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { CompressError } from '../../src/errors.ts';
import { graphDigest } from '../../src/graph/digest.ts';
import { checkMeasured, findTarget, parseMeasured, profile } from '../../src/mcu/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { layersGraph } from '../c/layers.ts';

const graph = layersGraph([{ op: 'conv2d', x: [1, 9, 8, 3], w: [8, 3, 3, 3], activation: 'relu' }], 3);
const digest = await graphDigest(graph);
const chip = findTarget('stm32f446re');
const log = (cycles: readonly number[], first = `model ${graph.name} ${digest} for ${chip.name} by thumbnet`) =>
  `${first}\r\n${cycles.map((c, i) => `example ${i}: class 1 (wave), expected 1 (wave), cycles ${c}\r\n`).join('')}thumbnet_x: equal to the engine\r\n`;

test('an example tells the model, and the log of its run corrects the figures of that chip alone', async () => {
  const { files } = await generateC(await Heap.open(), graph, chip, { name: 'x' });
  const first = /printf\("(model [^"]*)\\n"\)/.exec(files['main.c'])![1];
  const before = profile(graph, chip);
  const measured = parseMeasured(log([3 * before.cycles, 2 * before.cycles, 2 * before.cycles], first), 'a.log');
  checkMeasured(measured, { name: graph.name, digest, runtime: 'thumbnet' }, [chip]);
  const after = profile(graph, chip, { measured });
  assert.is(after.measured?.cycles, 2 * before.cycles);
  assert.ok(Math.abs(after.latencyMs / before.latencyMs - 2) < 1e-3 && Math.abs(after.energyUj / before.energyUj - 2) < 1e-3);
  assert.is(after.instructions, before.instructions);
  assert.not.match(after.warnings.join(), /never timed/);
  const other = profile(graph, 'stm32l476rg', { measured });
  assert.is(other.measured, null);
  assert.is(other.cycles, profile(graph, 'stm32l476rg').cycles);
});

const fails = (run: () => unknown, pattern: RegExp) =>
  assert.throws(run, (e: unknown) => e instanceof CompressError && pattern.test(e.message));

test('logs of other models, chips and runtimes, and logs without cycles, are named', () => {
  const own = { name: graph.name, digest, runtime: 'thumbnet' as const };
  const foreign = parseMeasured(log([5], `model lenet ${'0'.repeat(64)} for stm32f446re by thumbnet`), 'a.log');
  fails(() => checkMeasured(foreign, own, [chip]), /a\.log is of the model lenet .*not of/);
  const elsewhere = parseMeasured(log([5], `model x ${digest} for rp2040 by thumbnet`), 'a.log');
  fails(() => checkMeasured(elsewhere, own, [chip]), /measured on rp2040/);
  const library = parseMeasured(log([5], `model x ${digest} for stm32f446re by cmsis-nn`), 'a.log');
  fails(() => checkMeasured(library, own, [chip]), /cmsis-nn/);
  fails(() => parseMeasured(log([0]), 'a.log'), /stood at 0/);
  fails(() => parseMeasured('hello', 'a.log'), /no line "model/);
  fails(() => parseMeasured(log([]), 'a.log'), /no line "example/);
  fails(() => parseMeasured(log([5]).replace('equal to', 'DIFFERENT from'), 'a.log'), /not all equal/);
});

test("a clock beyond the chip's is named", () => {
  fails(() => profile(graph, chip, { clockMhz: 181 }), /181 MHz is beyond stm32f446re, whose core runs at up to 180 MHz/);
  assert.ok(profile(graph, chip, { clockMhz: 180 }).latencyMs > 0);
});

test.run();
