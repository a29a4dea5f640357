import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { profile } from '../../src/mcu/index.ts';
import { createRandom } from '../../src/random.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { conv, type LayerSpec, layersGraph } from '../c/layers.ts';
import { chipOf, withTools } from './tools.ts';

const test = suite('filters of three columns by Winograd (--trade speed)');
const emulated = withTools(test);
const heap = await Heap.open();
const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Werror'];

const USUAL: readonly LayerSpec[] = [
  conv([8, 8, 16], 16, [3, 3], { activation: 'relu' }),
  conv([8, 8, 32], 16, [3, 3]),
  conv([5, 9, 24], 18, [3, 3], { attrs: { padding: 'valid' } }),
];

/** Borders, odd sizes, other filters of three columns, weights whose sums need more than 8 bits. */
const ODD: readonly LayerSpec[] = [
  conv([7, 9, 8], 9, [3, 3]),
  conv([9, 2, 16], 8, [3, 3], { activation: 'relu6' }),
  conv([6, 3, 20], 11, [3, 3], { zero: -128 }),
  conv([2, 7, 16], 12, [2, 3], { attrs: { padding: 'valid' }, activation: 'relu' }),
  conv([9, 6, 8], 16, [3, 3], { attrs: { stride: [2, 1] } }),
  conv([4, 12, 32], 10, [1, 3]),
  conv([6, 5, 16], 10, [5, 3], { bits: 4, zero: 127 }),
  conv([5, 6, 40], 12, [3, 3], { weights: 'extreme', spread: 0.5 }),
  conv([6, 6, 32], 9, [3, 3], { weights: 'extreme', activation: 'relu', spread: 4 }),
];

function randomSpecs(seed: number, count: number): LayerSpec[] {
  const random = createRandom(seed, 'winograd');
  const pick = (least: number, most: number) => least + random.below(most - least + 1);
  return Array.from({ length: count }, () =>
    conv([pick(3, 9), pick(4, 9), 4 * pick(2, 6)], pick(8, 20), [random.below(2) ? 3 : pick(1, 3), 3], {
      activation: (['none', 'relu', 'relu6'] as const)[random.below(3)],
      attrs: { padding: random.below(3) ? 'same' : 'valid' },
    }),
  );
}

const SPECS = [...USUAL, ...ODD, ...randomSpecs(1, 8)];

for (const [core, flags] of [
  ['cortex-m4', []],
  ['cortex-m4', ['-DTHUMBNET_PLAIN']],
  ['cortex-m7', []],
  ['cortex-m33', []],
] as const) {
  emulated(`equal to the engine: ${[core, ...flags].join(' ')}`, async () => {
    const graph = layersGraph(SPECS, 7);
    const generated = await generateC(heap, graph, chipOf(core), { name: 'network', trade: 'speed' });
    assert.ok(generated.network.layers.filter((l) => l.form).length > 0.8 * SPECS.length);
    const { difference } = await verifyGraph(heap, graph, chipOf(core), { inputs: 4, flags: [...WARNINGS, ...flags], generated });
    assert.equal(difference, null);
  });
}

emulated('fewer instructions; figures, memory and the layers that took it are told', async () => {
  const [graph, chip] = [layersGraph(USUAL, 7), chipOf('cortex-m4')];
  const [balanced, speed] = await Promise.all(
    (['balanced', 'speed'] as const).map((trade) => generateC(heap, graph, chip, { name: 'network', trade })),
  );
  const [before, after] = [
    await verifyGraph(heap, graph, chip, { inputs: 1, generated: balanced }),
    await verifyGraph(heap, graph, chip, { inputs: 1, generated: speed }),
  ];
  assert.ok(after.instructions < 0.75 * before.instructions, `${after.instructions} beside ${before.instructions}`);
  assert.equal(
    after.layers.map((l) => l.form),
    USUAL.map(() => 'Winograd F(2, 3)'),
  );
  assert.match(speed.files['README.md'], /convolve_s8 \(Winograd F\(2, 3\)\)/);
  const told = profile(graph, chip, { trade: 'speed' });
  assert.ok(Math.abs(told.instructions / after.instructions - 1) < 0.03, `${told.instructions} of ${after.instructions}`);
  assert.ok(Math.abs(told.flash.code / after.codeBytes - 1) < 0.1, `${told.flash.code} of ${after.codeBytes}`);
  assert.is(told.flashBytes - told.flash.code, speed.constantBytes);
  assert.is(told.ram.arena, speed.network.arenaBytes);
  assert.ok(told.ram.stack >= after.stackBytes, `${told.ram.stack} of ${after.stackBytes}`);
  const [few, many] = [balanced, speed].map((g) => g.constantBytes);
  assert.ok(many > 2.3 * few && many < 2.7 * few, `${few} and ${many} bytes`);
});

test('other cores, and layers in which it would not pay, have the code of the usual trade', async () => {
  const few = layersGraph([conv([5, 4, 4], 4, [1, 3]), conv([8, 8, 16], 8, [3, 3], { attrs: { stride: [2, 2] } })], 7);
  for (const [graph, core] of [
    [layersGraph(USUAL, 7), 'cortex-m0'],
    [layersGraph(USUAL, 7), 'cortex-m55'],
    [few, 'cortex-m4'],
  ] as const) {
    const [balanced, speed] = await Promise.all(
      (['balanced', 'speed'] as const).map((trade) => generateC(heap, graph, chipOf(core), { name: 'network', trade })),
    );
    assert.equal(speed.files, balanced.files);
  }
});

test.run();
