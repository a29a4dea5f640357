import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/index.ts';
import { cosPi } from '../../src/elementary.ts';
import { CompressError } from '../../src/errors.ts';
import { evaluatePart } from '../../src/evaluate.ts';
import { type Graph, withTensors } from '../../src/graph/graph.ts';
import { buildNetwork } from '../../src/run/build.ts';
import { finetune } from '../../src/train/index.ts';
import { rateAt } from '../../src/train/schedule.ts';
import { autoencoder, autoencoding, constants, data, heap, network, type Options, trained } from './networks.ts';

const brief = { epochs: 0.5, batch: 64, learningRate: 0.005 } as const;

test('a small network learns gestures', async () => {
  const before = evaluatePart(heap, network(), data, 'test').accuracy!;
  const graph = await trained({ epochs: 6, batch: 64, learningRate: 0.01 });
  const after = evaluatePart(heap, graph, data, 'test').accuracy!;
  assert.ok(before < 0.4 && after > 0.6, `${before} -> ${after}`);
});

test('same seed, same bytes; another seed, others; the given model stays', async () => {
  const options: Options = {
    ...brief,
    augment: { shift: 4, jitter: 0.1, scale: 0.1, cutout: 3, mixup: 0.4 },
    labelSmoothing: 0.1,
  };
  const graph = network();
  const first = constants(await trained(options, graph));
  assert.equal(constants(await trained(options, graph)), first);
  assert.equal(constants(graph), constants(network()));
  assert.not.equal(constants(await trained(options, graph, { seed: 6 })), first);
});

test('every optimizer and schedule changes the weights and stays finite', async () => {
  for (const optimizer of ['adam', 'adamw', 'sgd'] as const) {
    for (const schedule of ['constant', 'cosine', 'one-cycle', 'step'] as const) {
      const graph = await trained({ ...brief, epochs: 0.1, optimizer, schedule, weightDecay: 0.01 });
      assert.ok(constants(graph).every(Number.isFinite));
      assert.not.equal(constants(graph), constants(network()));
    }
  }
});

test('weights that a mask holds at zero stay there', async () => {
  const graph = network();
  const place = graph.tensors.findIndex((t) => t.name === 'conv2d_2/weights');
  const w = graph.tensors[place];
  const mask = Uint8Array.from({ length: w.data!.length }, (_, i) => i % 3 && 1);
  const masked = withTensors(
    graph,
    new Map([[place, { ...w, mask, data: (w.data as Float32Array).map((v, i) => v * mask[i]) }]]),
  );
  const after = (await trained(brief, masked)).tensors[place].data as Float32Array;
  assert.ok(after.every((v, i) => mask[i] || v === 0));
  assert.ok(after.some((v, i) => v !== masked.tensors[place].data![i]));
});

test('an autoencoder learns its own input', async () => {
  const graph = autoencoder();
  const error = (g: Graph) => evaluatePart(heap, g, data, 'validation', { task: 'reconstruction' }).meanSquaredError!;
  assert.ok(error(await trained({ ...brief, epochs: 1 }, graph, { task: autoencoding })) < error(graph) / 4);
});

test('what cannot be trained is refused', async () => {
  const fails = async (work: Promise<unknown>, code: string, message: RegExp) => {
    const error = await work.then(
      () => null,
      (e) => e,
    );
    assert.instance(error, CompressError);
    assert.is(error.code, code);
    assert.match(error.message, message);
  };
  const bare: Dataset = { ...data, train: { ...data.train!, y: null } };
  await fails(trained(brief, network(), { data: null }), 'bad-data', /training data/);
  await fails(trained(brief, network(), { data: bare }), 'bad-data', /no labels/);
  await fails(
    trained({ ...brief, optimizer: 'sgd', learningRate: 10, clip: 0, epochs: 2 }, exploding()),
    'bad-option',
    /no longer a number/,
  );
  assert.throws(
    () => finetune({ epochs: -1 }),
    (e: CompressError) => e.code === 'bad-option' && /epochs/.test(e.message),
  );
});

/** Layers without normalization, whose gradients grow without bound at a high rate. */
function exploding(): Graph {
  const net = buildNetwork('exploding', [128, 1, 3], 1);
  return net.finish(net.dense(net.dense(net.dense(net.input, 64), 64), 6));
}

test('it can be interrupted', async () => {
  const abort = new AbortController();
  const work = trained({ epochs: 100, batch: 32 }, network(), { signal: abort.signal, progress: () => abort.abort() });
  assert.is(
    await work.then(
      () => 'done',
      (e) => e.name,
    ),
    'AbortError',
  );
});

test('schedules: where they begin, peak and end', () => {
  for (let i = 0; i <= 100; i++) assert.ok(Math.abs(cosPi(i / 100) - Math.cos((Math.PI * i) / 100)) < 1e-12);
  const at = (schedule: 'constant' | 'cosine' | 'one-cycle' | 'step', step: number) =>
    rateAt(step, 1000, { schedule, warmup: 0 });
  assert.equal([at('constant', 0), at('constant', 999)], [1, 1]);
  assert.ok(at('cosine', 0) === 1 && Math.abs(at('cosine', 500) - 0.5) < 1e-9 && at('cosine', 999) < 1e-4);
  assert.ok(
    Math.abs(at('one-cycle', 0) - 0.04) < 1e-9 && Math.abs(at('one-cycle', 300) - 1) < 1e-9 && at('one-cycle', 999) < 0.0011,
  );
  assert.equal([at('step', 499), at('step', 500), at('step', 750)], [1, 0.1, 0.01]);
  assert.ok(rateAt(0, 1000, { schedule: 'cosine', warmup: 0.1 }) < 0.01);
});

test('a network without weights is refused', async () => {
  const net = buildNetwork('weightless', [1, 128, 3], 1);
  const graph = net.finish(net.softmax(net.globalMean(net.activate(net.input, 'relu'))));
  await trained(brief, graph).then(
    () => assert.unreachable(),
    (e) => assert.ok(e instanceof CompressError && e.code === 'unsupported' && /no weights/.test(e.what), String(e)),
  );
});

test.run();
