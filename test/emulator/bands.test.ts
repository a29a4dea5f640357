import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { profile } from '../../src/mcu/index.ts';
import { createRandom } from '../../src/random.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { type LayerSpec, layersGraph } from '../c/layers.ts';
import { CORES, chipOf, withTools } from './tools.ts';

const test = suite('layers in bands (--trade ram)');
const emulated = withTools(test);
const heap = await Heap.open();
const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Werror'];

/** Large images at first, small ones later. */
const mobile: readonly LayerSpec[] = [
  { op: 'conv2d', x: [1, 26, 16, 4], w: [16, 3, 3, 4], activation: 'relu' },
  { op: 'depthwiseConv2d', x: [], w: [1, 3, 3, 16], activation: 'relu6' },
  { op: 'conv2d', x: [], w: [32, 1, 1, 16], activation: 'relu' },
  { op: 'depthwiseConv2d', x: [], w: [1, 3, 3, 32], attrs: { stride: [2, 2] } },
  { op: 'conv2d', x: [], w: [8, 3, 3, 32], attrs: { stride: [2, 2] } },
];

/** The first layer's output added to the second one's, in rows that are not those that are kept of it. */
function withResidual(): Graph {
  const chain = layersGraph(
    [
      { op: 'conv2d', x: [1, 24, 16, 4], w: [16, 3, 3, 4], activation: 'relu' },
      { op: 'conv2d', x: [], w: [16, 3, 3, 16], yZero: -128 },
      { op: 'conv2d', x: [], w: [16, 5, 3, 16], attrs: { stride: [3, 2], padding: 'valid' } },
    ],
    11,
    true,
  );
  const [first, second, third] = chain.nodes;
  const [[a], [b]] = [first.outputs, second.outputs];
  const sum = chain.tensors.length;
  const add: Node = { name: 'add', op: 'add', inputs: [a, b], outputs: [sum], attrs: { activation: 'none' } };
  const after: Node = { ...third, inputs: [sum, ...third.inputs.slice(1)] };
  return { ...chain, tensors: [...chain.tensors, { ...chain.tensors[b], name: 'sum' }], nodes: [first, second, add, after] };
}

function randomChain(seed: number): LayerSpec[] {
  const random = createRandom(seed, 'bands');
  const pick = (least: number, most: number) => least + random.below(most - least + 1);
  let channels = 4 * pick(1, 2);
  const height = pick(14, 24);
  return Array.from({ length: pick(3, 5) }, (_, i): LayerSpec => {
    const x = [1, height, 4 * pick(2, 4), channels];
    const deep = i > 0 && random.below(2) === 0;
    const last = channels;
    channels = deep ? channels : 4 * pick(2, 5);
    const stride = i > 0 && random.below(3) === 0 ? 2 : 1;
    const kernel = [pick(1, 3), pick(1, 3)];
    const attrs = { stride: [stride, stride], padding: random.below(3) ? 'same' : 'valid' };
    const activation = (['none', 'relu', 'relu6'] as const)[random.below(3)];
    return deep
      ? { op: 'depthwiseConv2d', x, w: [1, ...kernel, last], attrs, activation }
      : { op: 'conv2d', x, w: [channels, ...kernel, last], attrs, activation };
  });
}

const GRAPHS: Readonly<Record<string, Graph>> = {
  'convolutions and depthwise layers': layersGraph(mobile, 3, true),
  'an addition': withResidual(),
};

for (const [name, graph] of Object.entries(GRAPHS)) {
  for (const core of CORES) {
    emulated(`${name}: equal to the engine, in a smaller arena: ${core}`, async () => {
      const chip = chipOf(core);
      const [balanced, ram] = await Promise.all(
        (['balanced', 'ram'] as const).map((trade) => generateC(heap, graph, chip, { name: 'network', trade })),
      );
      assert.ok(ram.network.layers.some((l) => l.rows));
      assert.ok(ram.network.arenaBytes < 0.8 * balanced.network.arenaBytes, `${ram.network.arenaBytes}`);
      assert.match(ram.files['README.md'], /_s8 \(rows 0 to \d+\)/);
      const found = await verifyGraph(heap, graph, chip, { inputs: 3, flags: WARNINGS, generated: ram });
      assert.equal(found.difference, null);
      const told = profile(graph, chip, { trade: 'ram' });
      assert.is(told.ram.arena, ram.network.arenaBytes);
      assert.is(told.flashBytes - told.flash.code, ram.constantBytes);
      const whole = await verifyGraph(heap, graph, chip, { inputs: 1, flags: WARNINGS, generated: balanced });
      // Bands cost what they take more than whole layers, however well these are told.
      const [toldMore, more] = [told.instructions / profile(graph, chip).instructions, found.instructions / whole.instructions];
      assert.ok(Math.abs(toldMore / more - 1) < 0.1, `${toldMore} of ${more}`);
      assert.ok(told.ram.stack >= found.stackBytes, `${told.ram.stack} of ${found.stackBytes}`);
    });
  }
}

emulated('random chains: equal to the engine', async () => {
  let banded = 0;
  for (let seed = 0; seed < 6; seed++) {
    const core = CORES[seed % CORES.length];
    const graph = layersGraph(randomChain(seed), seed, true);
    const generated = await generateC(heap, graph, chipOf(core), { name: 'network', trade: 'ram' });
    if (generated.network.layers.some((l) => l.rows)) banded++;
    const { difference } = await verifyGraph(heap, graph, chipOf(core), { inputs: 3, flags: WARNINGS, generated });
    assert.equal(difference, null, `seed ${seed} on ${core}`);
  }
  assert.ok(banded >= 3, `${banded} in bands`);
});

test.run();
