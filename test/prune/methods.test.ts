/** Criteria, currencies, blocks and single weights. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import { inspect } from '../../src/inspect.ts';
import { profile } from '../../src/mcu/index.ts';
import { asStored } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { blocksOf, withoutBlock } from '../../src/prune/blocks.ts';
import { scorerOf } from '../../src/prune/criteria.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { sparsityOf } from '../../src/prune/sparsity.ts';
import { surveyOf } from '../../src/prune/survey.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { layerOf } from '../../src/run/layers.ts';
import { findProblem } from '../../src/run/verify.ts';
import type { Model } from '../../src/stage.ts';
import { recognizeTask } from '../../src/task/index.ts';
import { contextOf, data, heap, network } from '../train/networks.ts';

type Options = NonNullable<Parameters<typeof prune>[0]>;
const model: Model = { graph: network(), facts: {} };
const pruned = async (options: Options, given = model) => runPipeline(given, [prune(options)], contextOf(given));

/** Two residual blocks, one with a projection, and layers that keep their shape. */
function residual(): Graph {
  const net = buildNetwork('residual', [128, 1, 3], 2);
  const stem = net.conv2d(net.input, 8, { kernel: [7, 1], stride: [4, 1], activation: 'relu' });
  const inner = net.conv2d(stem, 8, { kernel: [3, 1], norm: true, activation: 'relu' });
  const first = net.add(net.conv2d(inner, 8, { kernel: [3, 1], norm: true }), stem, { activation: 'relu' });
  const half = net.conv2d(first, 16, { kernel: [3, 1], stride: [2, 1], activation: 'relu' });
  const wide = net.conv2d(first, 16, { kernel: [1, 1], stride: [2, 1] });
  const second = net.add(wide, net.conv2d(half, 16, { kernel: [3, 1] }), { activation: 'relu' });
  return net.finish(net.softmax(net.dense(net.globalMean(second), 6)));
}

/** One group of four channels whose order every criterion must see: filters of size 1, 2, 3, 4 times one another. */
function ordered(norm: boolean): Graph {
  const net = buildNetwork('ordered', [128, 1, 3], 2);
  const x = net.conv2d(net.input, 4, { kernel: [3, 1], stride: [8, 1], norm });
  const graph = net.finish(net.softmax(net.dense(net.globalMean(net.conv2d(net.activate(x, 'relu'), 4, { kernel: [1, 1] })), 6)));
  const grown = (t: Tensor): Tensor => {
    if (t.name !== 'conv2d_1/weights' && t.name !== 'batchNorm_1/gamma') return t;
    const size = t.data!.length / 4;
    const base = (t.data as Float32Array).slice(0, size);
    return { ...t, data: Float32Array.from(t.data as Float32Array, (_, i) => (1 + Math.floor(i / size)) * base[i % size]) };
  };
  return { ...graph, tensors: graph.tensors.map(grown) };
}

for (const criterion of ['l1', 'l2', 'activation', 'mean', 'variance', 'norm']) {
  test(`${criterion}: the smallest of channels that are multiples of one another goes first`, () => {
    const graph = ordered(criterion === 'norm');
    const [group] = channelGroups(graph);
    const evidence = {
      heap,
      data,
      seed: 1,
      survey: () => surveyOf(heap, graph, data, 1),
      task: () => recognizeTask(graph, data),
    };
    const scores = scorerOf(criterion, graph, graph, evidence)(group);
    assert.is(scores.length, 4);
    assert.ok(scores[0] < scores[1] && scores[1] < scores[2] && scores[2] < scores[3], String(scores));
  });
}

test('median: of four filters in a row the two in the middle can be spared', () => {
  const graph = ordered(false);
  const [group] = channelGroups(graph);
  const scores = scorerOf('median', graph, graph, { heap, data, seed: 1 } as never)(group);
  assert.ok(Math.max(scores[1], scores[2]) < Math.min(scores[0], scores[3]), String(scores));
});

test('apoz: a channel that is never active is worth nothing', () => {
  const graph = ordered(false);
  const bias = graph.tensors.findIndex((t) => t.name === 'conv2d_1/bias');
  const dead = {
    ...graph,
    tensors: graph.tensors.map((t, i) => (i === bias ? { ...t, data: Float32Array.of(0, 0, -1e6, 0) } : t)),
  };
  const [group] = channelGroups(dead);
  const scores = scorerOf('apoz', dead, dead, { heap, data, seed: 1 } as never)(group);
  assert.ok(scores[2] < Math.min(scores[0], scores[1], scores[3]));
});

test('taylor: a channel that the output does not depend on is worth nothing', () => {
  const graph = ordered(false);
  const t = graph.tensors.findIndex(({ name }) => name === 'conv2d_2/weights');
  const unread = (w: number, i: number) => (i % 4 === 3 ? 0 : w);
  const changed = {
    ...graph,
    tensors: graph.tensors.map((x, i) => (i === t ? { ...x, data: (x.data as Float32Array).map(unread) } : x)),
  };
  const task = () => recognizeTask(changed, data);
  const scores = scorerOf('taylor', changed, changed, { heap, data, seed: 1, task } as never)(channelGroups(changed)[0]);
  assert.ok(
    Array.from(scores)
      .slice(0, 3)
      .every((s) => s > 0),
  );
  assert.ok(scores[3] < 0.6 * Math.min(scores[0], scores[1], scores[2]), String(Array.from(scores)));
});

test('norm: refused where normalizations are folded', async () => {
  const error = await pruned({ criterion: 'norm' }, { graph: ordered(false), facts: {} }).catch((e) => e);
  assert.is(error.code, 'bad-option', error.stack);
  assert.match(error.message, /none is left behind "conv2d_1", "conv2d_2", "fullyConnected_1"[\s\S]*--criterion l2/);
});

for (const [currency, of] of [
  ['macs', (m: Model) => inspect(m).macs],
  ['weights', (m: Model) => inspect(m).parameters],
  ['latency', (m: Model) => profile(asStored(m), 'stm32l476rg', { assume: { weights: 8, activations: 8 } }).latencyMs],
] as const) {
  test(`a global cut to save ${currency}: as much as was asked for, and hardly more`, async () => {
    for (const criterion of ['reconstruction', 'l2'] as const) {
      const given = { graph: residual(), facts: {} };
      const small = await pruned({ ratio: 0.4, scope: 'global', currency, criterion, target: 'stm32l476rg' }, given);
      const [was, is] = [of(given), of(small)];
      assert.ok(is <= 0.61 * was && is > 0.4 * was, `${is / was} of ${currency} is left`);
    }
  });
}

test('blocks: branches and layers that keep the shape, by the names of what ends them', () => {
  const blocks = blocksOf(residual());
  assert.equal(
    blocks.map((b) => [b.name, b.layers.length]),
    [
      ['conv2d_2', 1],
      ['conv2d_3', 1],
      ['add_1', 2],
      ['conv2d_6', 1],
      ['add_2', 2],
    ],
  );
  for (const block of blocks) {
    const less = withoutBlock(residual(), block);
    assert.is(findProblem(less), null);
    assert.is(less.nodes.filter(layerOf).length, residual().nodes.filter(layerOf).length - block.layers.length);
  }
});

test('a residual branch of zeros is the first to go, and nothing changes without it', async () => {
  const graph = residual();
  const silent = new Set(['conv2d_3/weights', 'batchNorm_2/beta']);
  const quiet = graph.tensors.map((t) => (silent.has(t.name) ? { ...t, data: (t.data as Float32Array).map(() => 0) } : t));
  const given: Model = { graph: { ...graph, tensors: quiet }, facts: {} };
  for (const criterion of ['sensitivity-logits', 'sensitivity-accuracy'] as const) {
    const less = await pruned({ kind: 'blocks', ratio: 0.3, criterion }, given);
    assert.is(less.graph.nodes.filter((n) => n.op === 'add').length, 1);
  }
  const named = await pruned({ kind: 'blocks', blocks: ['add_1', 'conv2d_6'] }, given);
  assert.is(named.graph.nodes.filter(layerOf).length, 4);
});

for (const [what, options, told] of [
  ['a block that is not there', { kind: 'blocks', blocks: ['conv2d_1'] }, /no block "conv2d_1"[\s\S]*"conv2d_2"/],
  [
    'a criterion of channels for blocks',
    { kind: 'blocks', criterion: 'l2' },
    /blocks cannot be ranked by "l2"[\s\S]*sensitivity-logits/,
  ],
  ['a criterion of channels for weights', { kind: 'weights', criterion: 'reconstruction' }, /weights cannot be ranked by/],
  ['a chip that is not named', { scope: 'global', currency: 'latency' }, /latency is that of a chip[\s\S]*--target/],
  ['a currency without a global cut', { currency: 'macs' }, /all together[\s\S]*--scope global/],
  ['a pattern of channels', { pattern: '2:4' }, /single weights[\s\S]*--kind weights/],
  ['a pattern that cuts nothing', { kind: 'weights', pattern: '4:4' }, /cuts nothing/],
  ['a layer that is not there', { kind: 'weights', ratios: { dense: 0.5 } }, /no weights at "dense"[\s\S]*conv2d_1/],
] as const) {
  test(`refused: ${what}`, async () => {
    const error = await pruned(options as unknown as Options, { graph: residual(), facts: {} }).catch((e) => e);
    assert.instance(error, CompressError, error.stack);
    assert.is(error.code, 'bad-option');
    assert.match(error.message, told);
  });
}

test('single weights: by layer, all together, by pattern, by what the loss says', async () => {
  const shares = ({ graph }: Model) =>
    graph.nodes.flatMap((n) => {
      const w = graph.tensors[layerOf(n)?.weights ?? -1];
      return w?.mask ? [w.mask.reduce((s, kept) => s + 1 - kept, 0) / w.mask.length] : [];
    });
  const layered = shares(await pruned({ kind: 'weights', ratio: 0.6 }));
  assert.ok(layered.length === 4 && layered.every((s) => Math.abs(s - 0.6) < 0.02), String(layered));
  const one = shares(await pruned({ kind: 'weights', ratio: 0, ratios: { fullyConnected_1: 0.5 } }));
  assert.equal(one, [0, 0, 0, 0.5]);
  for (const criterion of ['l1', 'taylor', 'random'] as const) {
    const { graph } = await pruned({ kind: 'weights', ratio: 0.6, scope: 'global', criterion });
    const { zeros, weights, masked } = sparsityOf(graph);
    assert.ok(Math.abs(masked / weights - 0.6) < 0.01 && zeros >= masked, `${criterion}: ${masked / weights}`);
  }
  const { graph } = await pruned({ kind: 'weights', pattern: '1:4' });
  for (const t of graph.tensors) {
    if (!t.mask) continue;
    const row = t.mask.length / t.shape[0];
    t.mask.forEach((_, i) => {
      if ((i % row) % 4 || (i % row) + 4 > row) return;
      assert.is(
        t.mask!.subarray(i, i + 4).reduce((s, kept) => s + kept, 0),
        1,
      );
    });
  }
});

test('a second cut of single weights keeps what is hidden', async () => {
  const once = await pruned({ kind: 'weights', ratio: 0.3 });
  const twice = await pruned({ kind: 'weights', ratio: 0.6 }, once);
  twice.graph.tensors.forEach((t, i) => {
    const before = once.graph.tensors[i].mask;
    if (before) assert.ok(before.every((kept, k) => kept || t.mask![k] === 0));
  });
  const { zeros, weights, bytes, sparseBytes, entropyBytes } = sparsityOf(twice.graph);
  assert.ok(Math.abs(zeros / weights - 0.6) < 0.02);
  assert.ok(
    bytes === weights && sparseBytes < 0.6 * bytes && entropyBytes < 0.6 * bytes,
    `${bytes} ${sparseBytes} ${entropyBytes}`,
  );
});

test.run();
