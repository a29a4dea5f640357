import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generateC } from '../../src/c/index.ts';
import { CompressError } from '../../src/errors.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { lifetimesOf } from '../../src/graph/lifetimes.ts';
import { costsOf, onChip, tensorBytes } from '../../src/mcu/graph_cost.ts';
import { profile, RUNTIMES } from '../../src/mcu/index.ts';
import { rowOf } from '../../src/ops/index.ts';
import { toFloat } from '../../src/run/integer.ts';
import { layerOf } from '../../src/run/layers.ts';
import { findTarget } from '../../src/targets/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { sharedPath } from '../shared.ts';
import { sharedTest } from '../shared_test.ts';
import { skipped } from '../skipped.ts';

// biome-ignore lint/suspicious/noExplicitAny: golden files are plain JSON
type Json = any;

const load = (path: string): Graph => importTflite(new Uint8Array(readFileSync(path)));

/** Bytes alive while each node runs; CMSIS-NN's goldens know views but nothing in place. */
function liveBytes(graph: Graph): number[] {
  const chip = onChip(graph);
  const { buffers } = lifetimesOf(graph, {
    bytes: (t) => tensorBytes(chip, t),
    memory: (n) => (rowOf(n.op).memory === 'view' ? 'view' : 'fresh'),
  });
  return graph.nodes.map((_, step) => buffers.reduce((n, b) => n + (b.first <= step && b.last >= step ? b.bytes : 0), 0));
}

test("weight bytes are the model's own, whatever a runtime stores: 4 bits two to a byte", () => {
  const graph = toFloat(importTflite(new Uint8Array(readFileSync(new URL('../../assets/gestures.tflite', import.meta.url)))));
  const outline = (weights: 4 | 8) => ({ assume: { weights, activations: 8 as const } });
  const runtimes = ['thumbnet', 'cmsis-nn'] as const;
  const [four, eight] = ([4, 8] as const).map((w) =>
    runtimes.map((runtime) => profile(graph, 'stm32l476rg', { runtime, ...outline(w) })),
  );
  assert.equal(new Set(four.map((p) => p.weightBytes)).size, 1);
  const layers = graph.nodes.flatMap((n) => layerOf(n) ?? []);
  const halves = layers.reduce((n, { weights }) => n + Math.floor(graph.tensors[weights].data!.length / 2), 0);
  assert.is(eight[0].weightBytes - four[0].weightBytes, halves);
  // The C that is is made by default stores a byte each.
  assert.is(four[0].flash.weights, eight[0].flash.weights);
});

test('what lies in the arena and when, and the layer while which most RAM is in use', () => {
  const graph = importTflite(new Uint8Array(readFileSync(new URL('../../assets/gestures.tflite', import.meta.url))));
  for (const runtime of RUNTIMES) {
    const { ram, layers, peakLayer } = profile(graph, 'stm32l476rg', { runtime });
    const most = Math.max(...layers.map((l) => l.ramBytes));
    assert.is(layers.find((l) => l.name === peakLayer)?.ramBytes, most);
    assert.is(Math.max(...ram.blocks.map((b) => Math.ceil((b.offset + b.bytes) / 16) * 16)), ram.arena);
    const live = layers.map((_, i) => ram.blocks.reduce((n, b) => n + (b.first <= i && b.last >= i ? b.bytes : 0), 0));
    for (const [i, l] of layers.entries()) assert.ok(l.ramBytes >= live[i], l.name);
  }
});

test('a defect of CMSIS-NN that the core would hit is named with its layer', () => {
  const record = (scales: number[], zeros: number[]) => ({ bits: 8 as const, scales, zeros, axis: scales.length > 1 ? 0 : null });
  const activation = { dtype: 'i8' as const, data: null, quant: record([0.1], [0]) };
  const graph: Graph = {
    name: 'dense',
    tensors: [
      { name: 'x', shape: [1, 8], ...activation },
      { name: 'w', shape: [4, 8], dtype: 'i8', data: new Int8Array(32), quant: record([0.1, 0.2, 0.1, 0.2], [1, 1, 1, 1]) },
      { name: 'y', shape: [1, 4], ...activation },
    ],
    nodes: [{ name: 'dense/MatMul', op: 'fullyConnected', inputs: [0, 1, -1], outputs: [2], attrs: { activation: 'none' } }],
    inputs: [0],
    outputs: [2],
  };
  const named = (target: string) =>
    profile(graph, target, { runtime: 'cmsis-nn' }).warnings.filter((w) =>
      /"dense\/MatMul".*mve_fc_per_channel_filter_offset/.test(w),
    );
  assert.is(named('apollo510').length, 1);
  assert.is(named('stm32f446re').length, 0);
});

for (const name of [
  'resnet8_int8',
  'ds_cnn_int8',
  'ad_int8',
  'resnet8_float',
  'ds_cnn_float',
  'ad_float',
  'ds_cnn_savedmodel_float',
]) {
  const golden = sharedPath(`vectors/models/${name}.json`);
  const expected: Json = golden && JSON.parse(readFileSync(golden, 'utf8'));
  const needed = [`vectors/models/${name}.json`, `data/models/${expected?.model.file ?? name}`];
  sharedTest(`${name}: MACs, live bytes, scratch and totals equal the golden ones`, needed, (_, path) => {
    const graph = load(path);
    const chip = onChip(graph);
    const live = liveBytes(graph);
    assert.is(graph.nodes.length, expected.layers.length);
    expected.layers.forEach((layer: Json, i: number) => {
      const where = `${name} layer ${i} (${layer.tflite_op})`;
      if (layer.macs !== undefined) assert.is(costsOf(chip, 'c')[i].macs, layer.macs, where);
      if (layer.tflite_op !== 'RESHAPE') assert.is(live[i], layer.live_bytes, where);
      for (const kind of ['c', 'dsp', 'mve'] as const) {
        if (layer.scratch_bytes) assert.is(costsOf(chip, kind)[i].scratchBytes, layer.scratch_bytes[kind], where);
      }
    });
    const p = profile(graph, 'stm32l4r5zi', { runtime: 'cmsis-nn' });
    const { totals } = expected;
    assert.is(p.macs, totals.macs);
    // the hybrid file's int8 weights are read as floats
    if (name !== 'ds_cnn_float') assert.is(p.flash.weights, totals.weight_bytes);
    assert.is(p.flash.biases, totals.bias_bytes);
    if (totals.multiplier_and_shift_bytes) assert.is(p.flash.tables, totals.multiplier_and_shift_bytes);
    assert.ok(p.ram.optimal);
    const peak = totals.peak_activation_plus_scratch_bytes?.dsp ?? totals.peak_activation_bytes;
    assert.ok(p.ram.arena <= Math.ceil(peak / 16) * 16 + 16, `arena ${p.ram.arena}, peak ${peak}`);
  });
}

const counts = sharedPath('data/measured/instructions_resnet8.csv');
const resnet8 = sharedPath('data/models/pretrainedResnet_quant.tflite');
if (counts && resnet8) {
  const rows = readFileSync(counts, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((l) => l.split(','));
  const TARGET: Record<string, string> = {
    'cortex-m3': 'stm32f103rc',
    'cortex-m4': 'stm32f446re',
    'cortex-m7': 'stm32h743zi',
    'cortex-m55': 'apollo510',
  };
  for (const core of new Set(rows.map((r) => r[0]))) {
    test(`instructions of ResNet8's layers on ${core} are within 3 % of the counted ones, all together within 1 %`, () => {
      const counted = rows.filter((r) => r[0] === core).map((r) => Number(r[11]));
      const layers = profile(load(resnet8), TARGET[core], { runtime: 'cmsis-nn' }).layers.filter((l) => l.instructions > 0);
      counted.forEach((n, i) => {
        assert.ok(Math.abs(layers[i].instructions / n - 1) < 0.03, `${layers[i].name}: ${layers[i].instructions} of ${n}`);
      });
      const sum = (v: number[]) => v.reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum(layers.slice(0, counted.length).map((l) => l.instructions)) / sum(counted) - 1) < 0.01);
    });
  }

  // MLPerf Tiny v1.1 (ONNC+CMSIS-NN on L4R5ZI), v1.2 (TFLM+CMSIS-NN on RA8D1)
  const published: [string, string, number][] = [
    ['pretrainedResnet_quant', 'stm32l4r5zi', 297],
    ['kws_ref_model', 'stm32l4r5zi', 82],
    ['ad01_int8', 'stm32l4r5zi', 8.0],
    ['pretrainedResnet_quant', 'r7fa8d1bhecbd', 8.48],
    ['kws_ref_model', 'r7fa8d1bhecbd', 3.47],
  ];
  for (const [model, target, ms] of published) {
    const title = `latency of ${model} on ${target} is near the published one of CMSIS-NN`;
    sharedTest(title, [`data/models/${model}.tflite`], (path) => {
      const { latencyMs } = profile(load(path), target, { runtime: 'cmsis-nn' });
      assert.ok(Math.abs(Math.log(latencyMs / ms)) < 0.25, `${latencyMs} ms, published ${ms} ms`);
    });
  }

  test('totals are the sums of the layers; the interpreter and a slower clock cost what they should', () => {
    const graph = load(resnet8);
    const p = profile(graph, 'stm32f446re', { runtime: 'cmsis-nn' });
    const sum = (key: 'macs' | 'cycles' | 'instructions') => p.layers.reduce((n, l) => n + l[key], 0);
    assert.is(p.macs, sum('macs'));
    assert.is(p.cycles, sum('cycles'));
    assert.is(p.instructions, sum('instructions'));
    assert.ok(p.fits.flash && p.fits.ram);
    assert.ok(p.heldOutError.instructions.median! < 0.03 && p.heldOutError.latency.median! < 0.3);
    const tflm = profile(graph, 'stm32f446re', { runtime: 'tflm' });
    assert.ok(tflm.flashBytes > p.flashBytes && tflm.ramBytes > p.ramBytes && tflm.latencyMs > p.latencyMs);
    assert.ok(Math.abs(profile(graph, 'stm32f446re', { runtime: 'cmsis-nn', clockMhz: 90 }).latencyMs / p.latencyMs - 2) < 0.05);
  });

  for (const model of ['pretrainedResnet_quant', 'kws_ref_model', 'vww_96_int8', 'ad01_int8']) {
    const title = `${model}: floats with records cost what their integers will, and without them what is assumed`;
    sharedTest(title, [`data/models/${model}.tflite`], (path) => {
      const graph = load(path);
      const runtime = 'cmsis-nn';
      const integer = profile(graph, 'stm32f446re', { runtime });
      const floats = toFloat(graph);
      assert.equal(profile(floats, 'stm32f446re', { runtime }), integer);
      const bare = { ...floats, tensors: floats.tensors.map((t) => ({ ...t, quant: null })) };
      assert.equal(profile(bare, 'stm32f446re', { runtime, assume: { weights: 8, activations: 8 } }), integer);
      const narrow = profile(bare, 'stm32f446re', { runtime, assume: { weights: 4, activations: 8 } });
      assert.is(
        narrow.flash.weights,
        graph.nodes.reduce((n, node) => n + Math.ceil((graph.tensors[layerOf(node)?.weights ?? -1]?.data?.length ?? 0) / 2), 0),
      );
      assert.is(narrow.flash.biases, integer.flash.biases);
      assert.is(profile(bare, 'stm32f446re', { runtime }).flash.weights, 4 * integer.flash.weights);
    });
  }

  test('a runtime or clock that makes no sense is refused', () => {
    const graph = load(resnet8);
    const refused = (f: () => unknown) =>
      assert.throws(f, (e: CompressError) => e instanceof CompressError && e.code === 'bad-option');
    refused(() => profile(graph, 'stm32f446re', { runtime: 'tensorrt' as never }));
    refused(() => profile(graph, 'stm32f446re', { clockMhz: 0 }));
    refused(() => profile(graph, 'stm32f446re', { clockMhz: Number.NaN }));
  });
} else skipped('the measurements and models of ../shared are absent');

test('conversions at the edges of a uint8 model take as much as the C that does them', async () => {
  const quant = (zero: number) => ({ bits: 8, scales: [0.1], zeros: [zero], axis: null }) as const;
  const activation = (name: string, dtype: 'i8' | 'u8', shape: number[]) => ({
    ...{ name, dtype, shape, data: null },
    quant: quant(dtype === 'u8' ? 128 : 0),
  });
  const graphOf = (into: number, out: number, converts: boolean): Graph => {
    const tensors = [
      activation('x', 'i8', [1, 16, 16, into]),
      { name: 'w', dtype: 'i8' as const, shape: [out, 1, 1, into], data: new Int8Array(into * out), quant: quant(0) },
      activation('y', 'i8', [1, 16, 16, out]),
      activation('given', 'u8', [1, 16, 16, into]),
      activation('answer', 'u8', [1, 16, 16, out]),
    ];
    const attrs = { stride: [1, 1], padding: 'valid', activation: 'none' };
    const conv = { name: 'conv', op: 'conv2d', inputs: [0, 1], outputs: [2], attrs };
    const first = { name: 'first', op: 'quantize', inputs: [3], outputs: [0], attrs: {} };
    const last = { name: 'last', op: 'quantize', inputs: [2], outputs: [4], attrs: {} };
    return converts
      ? { name: 'uint8', tensors, nodes: [first, conv, last], inputs: [3], outputs: [4] }
      : { name: 'int8', tensors: tensors.slice(0, 3), nodes: [conv], inputs: [0], outputs: [2] };
  };
  for (const [into, out] of [
    [8, 2],
    [2, 8],
  ])
    for (const converts of [true, false]) await sameMemory(graphOf(into, out, converts));
});

sharedTest(
  'memory of networks with CMSIS-NN is that of the C that calls it',
  ['kws_ref_model', 'str_ww_ref_model', 'ad01_int8', 'vww_96_int8'].map((name) => `data/models/${name}.tflite`),
  async (...paths) => {
    for (const path of paths) await sameMemory(load(path));
  },
);

/** The arena, and what the caller holds, beside the folder of `export --runtime cmsis-nn`. */
async function sameMemory(graph: Graph): Promise<void> {
  const { ram } = profile(graph, 'stm32f446re', { runtime: 'cmsis-nn' });
  const { network } = await generateC(await Heap.open(), graph, findTarget('stm32f446re'), { name: 'net', kernels: 'cmsis-nn' });
  assert.equal([ram.arena, ram.state], [network.arenaBytes, network.stateBytes], graph.name);
  const bytes = (t: number) => tensorBytes(onChip(graph), t);
  assert.is(
    ram.io,
    [...graph.inputs, ...graph.outputs].reduce((n, t) => n + bytes(t), 0),
  );
}

test.run();
