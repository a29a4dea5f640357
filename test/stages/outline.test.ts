/** What a stage says it will leave is what it leaves. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Figures, figuresOf } from '../../src/compress/figures.ts';
import { checkSettings } from '../../src/compress/options.ts';
import { demoModel } from '../../src/demo/model.ts';
import { distill } from '../../src/distill/index.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inspect } from '../../src/inspect.ts';
import { findTarget } from '../../src/mcu/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { outlineOf, runPipeline, STAGES } from '../../src/pipeline.ts';
import { CRITERIA } from '../../src/prune/criteria.ts';
import { CURRENCIES } from '../../src/prune/currencies.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { CALIBRATORS } from '../../src/quant/calibrators.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { simplify } from '../../src/simplify/index.ts';
import type { Model, Stage } from '../../src/stage.ts';
import { finetune } from '../../src/train/index.ts';
import { contextOf, network } from '../train/networks.ts';

/** A residual block with batch normalization, a separable block, and two dense layers. */
function residual(): Graph {
  const net = buildNetwork('residual', [128, 1, 3], 2);
  const stem = net.conv2d(net.input, 12, { kernel: [7, 1], stride: [4, 1], norm: true, activation: 'relu' });
  const inner = net.conv2d(stem, 8, { kernel: [3, 1], norm: true, activation: 'relu' });
  const sum = net.add(net.conv2d(inner, 12, { kernel: [3, 1], norm: true }), stem, { activation: 'relu' });
  const wide = net.conv2d(net.depthwiseConv2d(sum, { kernel: [3, 1], stride: [2, 1], norm: true }), 20, {
    kernel: [1, 1],
    norm: true,
  });
  return net.finish(net.softmax(net.dense(net.dense(net.globalMean(wide), 10, { activation: 'relu' }), 6)));
}

/** Channels that are always zero, which `simplify` takes away. */
function withDeadChannels(): Graph {
  const graph = network();
  const [, w, b] = graph.nodes.find((n) => n.op === 'conv2d' && n.inputs.length > 2)!.inputs;
  const tensors = graph.tensors.map((t, i) => {
    if (i !== w && i !== b) return t;
    const data = (t.data as Float32Array).slice();
    data.fill(0, 0, (data.length / t.shape[0]) * 3);
    return { ...t, data };
  });
  return { ...graph, tensors };
}

const NETWORKS: Readonly<Record<string, Graph>> = {
  demo: importTflite(await demoModel()),
  separable: network(),
  residual: residual(),
  'dead channels': withDeadChannels(),
};

const short = { epochs: 0.05, batch: 32 } as const;
const first = (graph: Graph) => channelGroups(graph)[0].name;
const dense = (graph: Graph) => graph.nodes.find((n) => n.op === 'fullyConnected')!.name;

/** Every stage and every scope, alone and after others. */
const PATHS: Readonly<Record<string, (graph: Graph) => Stage[]>> = {
  'prune by group': () => [prune({ ratio: 0.4 })],
  'prune by group, multiples': () => [prune({ ratio: 0.4, multiple: 4, criterion: 'l1' })],
  'prune in rounds': () => [prune({ ratio: 0.6, rounds: 3 })],
  'prune in rounds, multiples': () => [prune({ ratio: 0.55, rounds: 4, multiple: 2 })],
  'prune one group': (g) => [prune({ ratio: 0, ratios: { [first(g)]: 0.5 } })],
  'prune nothing': () => [prune({ ratio: 0 })],
  'prune globally': () => [prune({ ratio: 0.3, scope: 'global' })],
  'prune globally by norm': () => [prune({ ratio: 0.3, scope: 'global', criterion: 'l2', reconstruct: 'none' })],
  'prune globally by activation': () => [prune({ ratio: 0.3, scope: 'global', criterion: 'activation', multiple: 2 })],
  'prune globally, one group by hand': (g) => [prune({ ratio: 0.3, scope: 'global', ratios: { [first(g)]: 0.5 } })],
  quantize: () => [quantize({ examples: 32 })],
  'quantize to 4 bits': () => [quantize({ examples: 32, weightBits: 4 })],
  'quantize one layer to 4 bits': (g) => [quantize({ examples: 32, layerBits: { [dense(g)]: 4 } })],
  'quantize activations to 16 bits': () => [quantize({ examples: 32, activationBits: 16 })],
  finetune: () => [finetune(short)],
  distill: () => [distill(short)],
  'distill with fewer blocks, separable': () => [distill({ ...short, depth: 0.7, separable: true })],
  'quantize, distill separable': () => [quantize({ examples: 32 }), distill({ ...short, separable: true, width: 0.8 })],
  'distill narrower': () => [distill({ ...short, width: 0.5 })],
  simplify: () => [simplify()],
  'prune, train, quantize': () => [prune({ ratio: 0.3 }), finetune(short), quantize({ examples: 32 })],
  'quantize, prune globally': () => [simplify(), prune({ ratio: 0.3, scope: 'global' }), quantize({ examples: 32 })],
  'quantize, prune': () => [quantize({ examples: 32, weightBits: 4 }), prune({ ratio: 0.3 })],
  'quantize, distill narrower': () => [quantize({ examples: 32 }), distill({ ...short, width: 0.6 })],
  'quantize, train with learned scales': () => [quantize({ examples: 32 }), finetune({ ...short, qat: 'learned' })],
  'prune, quantize, distill, prune': () => [
    prune({ ratio: 0.3 }),
    quantize({ examples: 32, calibrator: 'min-max' }),
    distill(short),
    prune({ ratio: 0.2 }),
  ],
  'prune blocks': () => [prune({ kind: 'blocks', ratio: 0.4 })],
  'prune single weights': () => [prune({ kind: 'weights', ratio: 0.6 })],
  'prune single weights, quantize': () => [prune({ kind: 'weights', pattern: '2:4' }), quantize({ examples: 32 })],
  ...Object.fromEntries(
    CURRENCIES.names.map((currency) => [
      `prune globally to save ${currency}`,
      () => [prune({ ratio: 0.2, scope: 'global', currency, target: 'stm32f401re', multiple: 2 })],
    ]),
  ),
  ...Object.fromEntries(
    CRITERIA.names
      .filter((name) => name !== 'norm')
      .map((criterion) => [`prune globally by ${criterion}`, () => [prune({ ratio: 0.3, scope: 'global', criterion })]]),
  ),
  ...Object.fromEntries(
    CALIBRATORS.names.map((calibrator) => [`quantize by ${calibrator}`, () => [quantize({ examples: 32, calibrator })]]),
  ),
};

test('every stage is tried', () => {
  const tried = new Set(Object.values(PATHS).flatMap((path) => path(NETWORKS.demo).map((s) => s.name)));
  assert.equal(
    STAGES.names.filter((name) => !tried.has(name)),
    [],
  );
});

/** All but the numbers. */
const structureOf = ({ nodes, tensors, inputs, outputs }: Graph) => ({
  nodes,
  inputs,
  outputs,
  tensors: tensors.map(({ name, shape, dtype, data, quant }) => ({
    name,
    shape,
    dtype,
    elements: data?.length ?? null,
    quant: quant && { bits: quant.bits, scales: quant.scales.length, axis: quant.axis },
  })),
});

/** Figures of kernels that no weight changes; those of generated C are told apart below. */
const settings = checkSettings({ target: 'stm32f401re', runtime: 'cmsis-nn' });
const chip = findTarget('stm32f401re');
const figures = (graph: Graph): Figures => figuresOf(graph, chip, settings, null);

/**
 * How far figures of generated C may be from what an outline said. Weights choose forms that cost a little more or less: zeros make sums
 * smaller, which lets cheaper ones in, fitted layers may have a zero point of 0, which outlines do not count on, and ranges
 * decide which way scales are shifted, and so whether a sum has a form in assembly.
 */
const NEAR = { flashBytes: 0.08, ramBytes: 0, latencyMs: 0.07 };

async function checkOutline(model: Model, stages: readonly Stage[]): Promise<void> {
  const context = contextOf(model);
  const outline = (await outlineOf(model, stages, context))!;
  const result = await runPipeline(model, stages, context);
  assert.equal(structureOf(outline.graph), structureOf(result.graph));
  assert.is(outline.facts.quantize, result.facts.quantize);
  const [told, is] = [inspect(outline), inspect(result)];
  assert.equal([told.macs, told.parameters, told.weightBytes], [is.macs, is.parameters, is.weightBytes]);
  const stored = asStored(result);
  assert.equal(figures(asStored(outline)), figures(stored));
  // What the search asks: bits as records beside floats, no integer made.
  if (!result.facts.quantize) return;
  assert.equal(figures(outline.graph), figures(stored));
  const own = (graph: Graph) => figuresOf(graph, chip, { runtime: 'thumbnet', trade: 'balanced' }, null);
  const [expected, found] = [own(outline.graph), own(stored)];
  for (const key of ['flashBytes', 'ramBytes', 'latencyMs'] as const) {
    assert.ok(Math.abs(expected[key] / found[key] - 1) <= NEAR[key], `${key}: ${expected[key]}, then ${found[key]}`);
  }
}

for (const [name, graph] of Object.entries(NETWORKS)) {
  for (const [path, stages] of Object.entries(PATHS)) {
    test(`${name}, ${path}: outlined as it turns out`, () => checkOutline({ graph, facts: {} }, stages(graph)));
  }
}

test('a model that came as integers: outlined as it turns out', async () => {
  const float: Model = { graph: NETWORKS.separable, facts: {} };
  const stored = toInteger((await runPipeline(float, [quantize({ examples: 32 })], contextOf(float))).graph);
  for (const stages of [
    [prune({ ratio: 0.3 })],
    [finetune(short)],
    [finetune({ ...short, qat: 'learned' })],
    [distill({ ...short, width: 0.5 })],
  ])
    await checkOutline(await loadModel(exportTflite(stored)), stages as Stage[]);
});

test('what only weights tell is not outlined behind a stage that changes them', async () => {
  const model: Model = { graph: NETWORKS.separable, facts: {} };
  const after = (stage: Stage) => outlineOf(model, [finetune(short), stage], contextOf(model));
  assert.is(await after(prune({ ratio: 0.3, scope: 'global' })), null);
  assert.is(await after(simplify()), null);
  assert.ok(await after(prune({ ratio: 0.3 })));
});

test('an outline trains nothing and leaves the model alone', async () => {
  const model: Model = { graph: NETWORKS.demo, facts: {} };
  const context = contextOf(model, { data: null });
  const long = await outlineOf(model, [distill({ epochs: 10000, width: 0.5 }), quantize()], context);
  assert.ok(inspect(long!).weightBytes < 0.2 * inspect(model).weightBytes);
});

test.run();
