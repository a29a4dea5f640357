import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { randomGraph } from '../../bench/c/random_graphs.ts';
import { COUNTED, type GeneratedCounts, keptCases } from '../../scripts/count/generated_cases.ts';
import { generateC } from '../../src/c/index.ts';
import type { Call, Trade } from '../../src/c/parts.ts';
import { demoModel } from '../../src/demo/model.ts';
import { CompressError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { generated } from '../../src/mcu/generated.ts';
import { LEAST_TOLD } from '../../src/mcu/generated_code.ts';
import { onChip } from '../../src/mcu/graph_cost.ts';
import { profile } from '../../src/mcu/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { OPS } from '../../src/ops/index.ts';
import { findTarget } from '../../src/targets/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { type LayerSpec, layersGraph } from '../c/layers.ts';
import { chipOf } from '../emulator/tools.ts';
import { graphOf, samplesOf } from '../formats/row_graphs.ts';
import { sharedPath } from '../shared.ts';

const heap = await Heap.open();

const SPECS: readonly LayerSpec[] = [
  { op: 'conv2d', x: [1, 9, 8, 3], w: [8, 3, 3, 3], activation: 'relu' },
  { op: 'depthwiseConv2d', x: [1, 9, 8, 16], w: [1, 3, 3, 16], activation: 'relu' },
  { op: 'conv2d', x: [1, 6, 6, 16], w: [12, 1, 1, 16] },
  { op: 'fullyConnected', x: [1, 64], w: [10, 64] },
];

/** One chip for each way to write C. */
const CHIPS = ['stm32f072rb', 'stm32f103rc', 'stm32f446re', 'apollo510'];

test('memory and constants are those of the exported C, to the byte', async () => {
  const graph = layersGraph(SPECS, 3);
  for (const chip of CHIPS) {
    const { network, constantBytes } = await generateC(heap, graph, findTarget(chip), { name: 'network' });
    const { ram, flash } = profile(graph, chip);
    assert.is(ram.arena, network.arenaBytes);
    assert.is(ram.state, network.stateBytes);
    const edges = [...graph.inputs, ...graph.outputs].map((t) => graph.tensors[t].shape.reduce((a, b) => a * b, 1));
    assert.is(
      ram.io,
      edges.reduce((a, b) => a + b, 0),
    );
    assert.is(ram.total, ram.arena + ram.state + ram.io + ram.stack);
    assert.is(flash.weights + flash.biases + flash.tables, constantBytes);
    assert.is(flash.total, constantBytes + flash.code);
  }
});

test('a layer that repeats adds constants and a call, but hardly code', () => {
  const [one, two] = [1, 2].map((n) => layersGraph(new Array(n).fill(SPECS[2]), 3));
  const [a, b] = [one, two].map((g) => profile(g, 'stm32f446re'));
  assert.ok(b.flash.code - a.flash.code < 0.25 * a.flash.code, `${a.flash.code} and ${b.flash.code} bytes`);
  assert.ok(b.flash.total - b.flash.code > 1.9 * (a.flash.total - a.flash.code));
  assert.is(b.layers[0].instructions, a.layers[0].instructions);
});

test('what a float network will take is known before it is quantized', async () => {
  const { graph } = await loadModel(await demoModel());
  const before = profile(graph, 'stm32l476rg', { assume: { weights: 8, activations: 8 } });
  assert.ok(before.runtime === 'thumbnet' && before.ram.io > 0 && before.instructions > before.macs / 4);
  const cmsis = profile(graph, 'stm32l476rg', { runtime: 'cmsis-nn', assume: { weights: 8, activations: 8 } });
  assert.ok(before.instructions < 0.6 * cmsis.instructions, 'figures of thumbnet are those of cmsis-nn');
  assert.is(before.macs, cmsis.macs);
});

test('a defect of CMSIS-NN is no matter of the C that Thumbnet writes', () => {
  const graph = layersGraph(SPECS, 3);
  for (const chip of CHIPS) assert.not.match(profile(graph, chip).warnings.join(), /CMSIS-NN defect/);
});

const counted = new URL('../../scripts/data/generated_networks.csv', import.meta.url);
const rows = readFileSync(counted, 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((l) => l.split(','));
const CHIP_OF: Readonly<Record<string, string>> = {
  'cortex-m0': 'stm32f072rb',
  'cortex-m3': 'stm32f103rc',
  'cortex-m4': 'stm32f446re',
  'cortex-m7': 'stm32h743zi',
  'cortex-m33': 'stm32u575zi',
  'cortex-m55': 'apollo510',
};

for (const network of new Set(rows.map((r) => r[0]))) {
  const file = sharedPath(`data/models/${network}.tflite`);
  if (!file) continue;
  test(`${network}: linked code and constants within 1 %, executed instructions within 2 %`, async () => {
    const graph = asStored(await loadModel(new Uint8Array(readFileSync(file))));
    for (const [, core, layer, , instructions, code, constants] of rows.filter((r) => r[0] === network)) {
      if (layer !== 'total') continue;
      const p = profile(graph, CHIP_OF[core]);
      const off = (a: number, b: number) => Math.abs(a / b - 1);
      const flash = Number(code) + Number(constants);
      assert.is(p.flashBytes - p.flash.code, Number(constants));
      assert.ok(off(p.flashBytes, flash) < 0.01, `${core}: ${p.flashBytes} of ${flash} bytes`);
      assert.ok(off(p.instructions, Number(instructions)) < 0.02, `${core}: ${p.instructions} of ${instructions} instructions`);
    }
  });
}

test('the stack of random networks is bounded, with LSTMs and dilated convolutions', () => {
  const [, ...lines] = readFileSync(new URL('../../scripts/data/generated_stack.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  for (const [seed, core, , , , bytes] of lines.map((l) => l.split(','))) {
    if (Number(seed) % 3 !== 1) continue;
    const { stack } = profile(randomGraph(heap, Number(seed)), CHIP_OF[core]).ram;
    assert.ok(stack >= Number(bytes), `${core}, graph ${seed}: ${stack} of ${bytes} bytes`);
  }
});

test('arguments that registers do not hold are on the stack', () => {
  const dims = [8, 12, 16, 20, 10, 6, 4, 24, 8, 12, 5, 7, 3];
  const specs = dims.slice(1).map(
    (units, i): LayerSpec => ({
      op: 'fullyConnected',
      x: [2, dims[i]],
      w: [units, dims[i]],
      activation: i % 2 ? 'none' : 'relu',
    }),
  );
  // Of 12 inputs and 12 outputs. By frames and calls of GCC 12, -O2.
  const taken = { 'cortex-m0': 248, 'cortex-m3': 240, 'cortex-m4': 224, 'cortex-m55': 244 };
  for (const [core, bytes] of Object.entries(taken)) {
    const { stack } = profile(layersGraph(specs, 5), CHIP_OF[core]).ram;
    assert.ok(stack >= bytes && stack <= bytes + 64, `${core}: ${stack} of ${bytes} bytes`);
  }
});

const counts: Record<string, GeneratedCounts> = JSON.parse(
  readFileSync(new URL('../../scripts/data/generated_counts.json', import.meta.url), 'utf8'),
);
const kept = keptCases();
const cores = Object.values(COUNTED);

test('layers that no fit has seen: 3 % off in the mean, nine of ten within 10 %, each within a factor of 2.1', () => {
  for (const core of cores) {
    const errors: number[] = [];
    kept.forEach(({ graph, trade }, i) => {
      const { layers } = profile(graph, chipOf(core), { trade });
      const own = counts[core].kept[i].instructions;
      assert.is(layers.length, own.length);
      layers.forEach(({ name, op, instructions }, k) => {
        if (own[k] < LEAST_TOLD) return;
        const error = Math.abs(instructions / own[k] - 1);
        errors.push(error);
        assert.ok(error < 1.1, `${name} (${op}) on ${core}: ${instructions} of ${own[k]}`);
      });
    });
    errors.sort((a, b) => a - b);
    const mean = errors.reduce((a, b) => a + b, 0) / errors.length;
    const most = errors[Math.floor(0.9 * errors.length)];
    assert.ok(mean < 0.03 && most < 0.1, `${core}: ${mean} in the mean, ${most}`);
  }
});

/** Calls of a graph's C; none where there is no such C. */
function callsOf(graph: Graph, trade: Trade = 'balanced'): Call[] {
  try {
    return generated(onChip(graph), { variant: 'plain', trade })?.network.layers.flatMap((l) => l.call ?? []) ?? [];
  } catch (e) {
    if (e instanceof CompressError) return [];
    throw e;
  }
}

test('every operator that has C has a figure on both types, and its family was counted apart', () => {
  const apart = new Set(kept.flatMap(({ graph, trade }) => callsOf(graph, trade).map((c) => c.family)));
  const found = new Set<string>();
  for (const op of Object.keys(OPS)) {
    for (const dtype of ['i8', 'i16'] as const) {
      for (const sample of samplesOf(op)) {
        const graph = graphOf(op, sample, dtype);
        for (const { family, kernel } of callsOf(graph)) {
          found.add(family);
          assert.ok(apart.has(family), `${kernel} (${op}) was not counted apart`);
          for (const core of cores) assert.ok(profile(graph, chipOf(core)).instructions > 0, `${kernel} on ${core}`);
        }
      }
    }
  }
  assert.ok(found.size > 30);
});

test('a chip whose current is not known is about as good as its twins', () => {
  const graph = layersGraph(SPECS, 3);
  const perMs = (chip: string) => {
    const { energyUj, latencyMs, clockMhz } = profile(graph, chip);
    return energyUj / latencyMs / clockMhz;
  };
  const twins = perMs('stm32h747xi') / perMs('stm32h743zi');
  assert.ok(twins > 0.5 && twins < 2, `${twins} times the power of its twin`);
});

test.run();
