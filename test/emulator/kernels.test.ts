import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import type { Trade } from '../../src/c/parts.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { conv, type LayerSpec, layersGraph } from '../c/layers.ts';
import { CORES, chipOf, withTools } from './tools.ts';

const test = suite('generated kernels on emulated cores');
const emulated = withTools(test);
const heap = await Heap.open();
const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Werror'];

const depthwise = (x: number[], kernel: [number, number], more: Partial<LayerSpec> = {}): LayerSpec => ({
  op: 'depthwiseConv2d',
  x: [1, ...x],
  w: [1, ...kernel, x[2] * Number(more.attrs?.multiplier ?? 1)],
  ...more,
});
const dense = (batch: number, depth: number, units: number, more: Partial<LayerSpec> = {}): LayerSpec => ({
  op: 'fullyConnected',
  x: [batch, depth],
  w: [units, depth],
  ...more,
});

const GROUPS: Record<string, LayerSpec[]> = {
  'convolutions of every geometry': [
    conv([5, 5, 16], 8, [3, 3], { activation: 'relu' }),
    conv([6, 7, 3], 5, [3, 3], { activation: 'relu', attrs: { stride: [2, 2] } }),
    conv([8, 4, 1], 6, [5, 2], { attrs: { stride: [2, 1] } }),
    conv([4, 4, 8], 7, [1, 1]),
    conv([3, 3, 20], 12, [1, 1], { activation: 'relu', attrs: { padding: 'valid' } }),
    conv([9, 16, 16], 8, [3, 3], { attrs: { padding: 'valid' } }),
    conv([7, 13, 4], 9, [3, 3], { activation: 'relu6', attrs: { dilation: [2, 2] } }),
    conv([1, 2, 12], 5, [1, 1]),
    conv([1, 1, 40], 6, [1, 1], { activation: 'relu' }),
    conv([4, 4, 6], 4, [3, 3], { attrs: { groups: 2 } }),
    conv([5, 4, 4], 1, [2, 2]),
    conv([4, 6, 33], 3, [3, 3], { zero: -128 }),
  ],
  'convolutions with weights at the ends of their range': [
    conv([5, 5, 64], 6, [3, 3], { activation: 'relu', weights: 'extreme', spread: 4 }),
    conv([4, 5, 24], 6, [3, 3], { weights: 'extreme' }),
    conv([3, 3, 128], 4, [3, 3], { weights: 'extreme', spread: 0.5 }),
  ],
  'depthwise convolutions of every geometry': [
    depthwise([6, 5, 8], [3, 3], { activation: 'relu' }),
    depthwise([8, 8, 4], [3, 3], { activation: 'relu', attrs: { stride: [2, 2] } }),
    depthwise([7, 7, 16], [3, 3], { activation: 'relu', attrs: { stride: [2, 2] } }),
    depthwise([3, 3, 12], [3, 3], { activation: 'relu', zero: -128 }),
    depthwise([6, 20, 4], [3, 3], { activation: 'relu6', zero: 7 }),
    depthwise([5, 29, 4], [3, 3], { attrs: { stride: [2, 2] } }),
    depthwise([5, 28, 4], [3, 3], { activation: 'relu', attrs: { stride: [2, 2] } }),
    depthwise([4, 15, 4], [3, 3], { activation: 'relu' }),
    depthwise([3, 21, 4], [3, 3]),
    depthwise([12, 1, 8], [5, 1], { attrs: { padding: 'valid' } }),
    depthwise([10, 1, 12], [4, 1], { activation: 'relu', attrs: { padding: 'valid', stride: [3, 1] } }),
    depthwise([6, 6, 3], [3, 3]),
    depthwise([5, 6, 4], [2, 3], { attrs: { multiplier: 2 } }),
    depthwise([6, 9, 8], [5, 5], { activation: 'relu' }),
    depthwise([7, 7, 4], [3, 3], { attrs: { dilation: [2, 2] } }),
    depthwise([4, 4, 8], [2, 2], { attrs: { padding: 'valid' } }),
  ],
  'layers with int4 weights': [
    conv([5, 5, 16], 8, [3, 3], { bits: 4, activation: 'relu' }),
    conv([4, 5, 3], 5, [3, 3], { bits: 4, attrs: { stride: [2, 2] } }),
    conv([6, 4, 12], 6, [1, 1], { bits: 4 }),
    conv([8, 4, 1], 6, [5, 2], { bits: 4, attrs: { stride: [2, 1] } }),
    conv([3, 3, 20], 13, [1, 1], { bits: 4, activation: 'relu', attrs: { padding: 'valid' } }),
    conv([5, 9, 4], 9, [3, 3], { bits: 4, activation: 'relu6', attrs: { dilation: [2, 2] } }),
    conv([1, 2, 12], 5, [1, 1], { bits: 4 }),
    conv([1, 1, 40], 6, [1, 1], { bits: 4, weights: 'extreme', activation: 'relu' }),
    conv([4, 4, 6], 4, [3, 3], { bits: 4, attrs: { groups: 2 } }),
    conv([5, 5, 64], 6, [3, 3], { bits: 4, weights: 'extreme', spread: 4, zero: -128 }),
    depthwise([6, 5, 8], [3, 3], { bits: 4, activation: 'relu' }),
    depthwise([5, 7, 3], [3, 3], { bits: 4, attrs: { stride: [2, 2] } }),
    dense(1, 64, 10, { bits: 4 }),
    dense(2, 7, 5, { bits: 4, activation: 'relu' }),
    dense(1, 48, 17, { bits: 4, weights: 'extreme' }),
    dense(1, 128, 2, { bits: 4 }),
    dense(2, 8, 20, { bits: 4 }),
    dense(1, 404, 19, { bits: 4, activation: 'relu6' }),
  ],
  'dense layers of every size': [
    dense(1, 64, 10, { activation: 'relu' }),
    dense(1, 5, 3),
    dense(3, 16, 4),
    dense(1, 48, 17),
    dense(2, 7, 9, { activation: 'relu6' }),
    dense(1, 128, 2),
    dense(1, 400, 18),
    dense(1, 33, 1, { activation: 'relu' }),
  ],
};

for (const [name, specs] of Object.entries(GROUPS)) {
  for (const core of CORES) {
    emulated(`${name}: ${core}`, async () => {
      const graph = layersGraph(specs, 7);
      const generated = await generateC(heap, graph, chipOf(core), { name: 'network', trade: 'flash' });
      const { difference, examples } = await verifyGraph(heap, graph, chipOf(core), { inputs: 6, flags: WARNINGS, generated });
      assert.equal(difference, null);
      assert.is(examples, 6);
    });
  }
}

const HEAVY = [conv([8, 8, 16], 16, [3, 3], { activation: 'relu' }), conv([8, 8, 32], 32, [1, 1]), dense(1, 320, 32)];

for (const core of ['cortex-m0', 'cortex-m4', 'cortex-m55'] as const) {
  emulated(`weights of 4 bits, two to a byte, cost at most half as many instructions more: ${core}`, async () => {
    const graph = layersGraph(
      HEAVY.map((spec) => ({ ...spec, bits: 4 })),
      7,
    );
    const sizeAndCount = async (trade: Trade) => {
      const generated = await generateC(heap, graph, chipOf(core), { name: 'network', trade });
      const { difference, instructions } = await verifyGraph(heap, graph, chipOf(core), { inputs: 2, generated });
      assert.equal(difference, null);
      return { bytes: generated.constantBytes, instructions };
    };
    const flash = await sizeAndCount('flash');
    const balanced = await sizeAndCount('balanced');
    assert.ok(flash.instructions < 1.5 * balanced.instructions, `${flash.instructions} beside ${balanced.instructions}`);
    assert.ok(flash.bytes < 0.65 * balanced.bytes, `${flash.bytes} beside ${balanced.bytes}`);
  });
}

emulated('what a wrong answer looks like', async () => {
  const graph = layersGraph(GROUPS['dense layers of every size'], 3);
  const generated = await generateC(heap, graph, chipOf('cortex-m4'), { name: 'wrong' });
  const file = 'thumbnet_wrong_weights.c';
  // The first weight of the second layer, changed by one.
  const text = generated.files[file].replace(
    /(thumbnet_wrong_l1_weights\[\d+\] = \{\s*0x[0-9a-f]*)([0-9a-f])u/,
    (_, a, b) => `${a}${b === '0' ? '1' : '0'}u`,
  );
  assert.not.equal(text, generated.files[file]);
  const broken = { ...generated, files: { ...generated.files, [file]: text } };
  const { difference } = await verifyGraph(heap, graph, chipOf('cortex-m4'), { inputs: 4, generated: broken });
  assert.is(difference?.layer, 'layer1');
  assert.not.equal(difference?.expected, difference?.actual);
});

test.run();
