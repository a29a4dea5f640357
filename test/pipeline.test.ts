import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gestures } from '../src/demo/gestures.ts';
import { demoModel } from '../src/demo/model.ts';
import { distill } from '../src/distill/index.ts';
import { evaluatePart } from '../src/evaluate.ts';
import { exportTflite } from '../src/formats/tflite/export.ts';
import { importTflite } from '../src/formats/tflite/index.ts';
import { type Graph, sizeOf } from '../src/graph/graph.ts';
import { runPipeline } from '../src/index.ts';
import { asStored } from '../src/model.ts';
import { prune } from '../src/prune/index.ts';
import { quantize, toInteger } from '../src/quant/index.ts';
import type { Model, Stage } from '../src/stage.ts';
import { Heap } from '../src/wasm/heap.ts';

const heap = await Heap.open();
const data = gestures();
const float: Model = { graph: importTflite(await demoModel()), facts: {} };
const context = { heap, data, seed: 2, original: float };
const accuracy = (graph: Graph) => evaluatePart(heap, graph, data, 'test').accuracy!;

const short = { epochs: 0.5, batch: 64, learningRate: 0.002 } as const;
const MADE: Readonly<Record<string, () => Stage>> = {
  P: () => prune({ ratio: 0.3 }),
  Q: () => quantize({ examples: 128 }),
  D: () => distill({ ...short, teacher: 'original' }),
};

test('plain int8 loses little', async () => {
  const { graph } = await runPipeline(float, [quantize()], context);
  const [before, after] = [accuracy(float.graph), accuracy(toInteger(graph))];
  assert.ok(after > before - 0.01, `${before} -> ${after}`);
});

for (const order of ['P', 'Q', 'D', 'PQ', 'QP', 'PD', 'DP', 'QD', 'DQ', 'PQD', 'PDQ', 'QPD', 'QDP', 'DPQ', 'DQP']) {
  test(`${order}: runs, keeps what it should, and gives the same bytes twice`, async () => {
    const stages = () => [...order].map((letter) => MADE[letter]());
    const { graph, facts } = await runPipeline(float, stages(), context);
    const quantized = order.includes('Q');
    assert.is(facts.quantize !== undefined, quantized);
    const final = quantized ? toInteger(graph) : graph;
    const size = (g: Graph) => g.tensors.reduce((n, t) => n + (t.data ? sizeOf(t.shape) : 0), 0);
    assert.is(size(graph) < 0.8 * size(float.graph), order.includes('P'));
    // 30 % of the channels without a training behind them cost accuracy; nothing else does.
    const floor = order.includes('D') && order.indexOf('D') > order.indexOf('P') ? 0.9 : order.includes('P') ? 0.3 : 0.9;
    assert.ok(accuracy(final) > floor, `${order}: ${accuracy(final)}`);
    const bytes = exportTflite(final);
    if (order.length === 3) assert.equal(exportTflite(toInteger((await runPipeline(float, stages(), context)).graph)), bytes);
    assert.is(accuracy(importTflite(bytes)), accuracy(final));
  });
}

test('two pipelines at once on one heap give the bytes of one after another', async () => {
  // The first needs little memory, then much, while the others pause.
  const training = (epochs: number, batch: number) => distill({ ...short, epochs, batch });
  const jobs: (readonly [Stage[], number])[] = [
    [[training(0.1, 8), MADE.P(), training(2, 128), MADE.Q()], 2],
    [[training(2, 64)], 3],
    [[MADE.Q(), training(1, 32), MADE.P()], 4],
  ];
  const shared = await Heap.open();
  const run = async ([stages, seed]: (typeof jobs)[number]) =>
    exportTflite(asStored(await runPipeline(float, stages, { data, seed, heap: shared })));
  const used = shared.used;
  const alone: Uint8Array[] = [];
  for (const job of jobs) alone.push(await run(job));
  assert.equal(await Promise.all(jobs.map(run)), alone);
  assert.is(shared.used, used);
});

test('a pipeline that fails beside another one leaves it alone', async () => {
  const shared = await Heap.open();
  const stages = () => [distill(short)];
  const alone = exportTflite(asStored(await runPipeline(float, stages(), { data, heap: shared })));
  const wild = distill({ ...short, learningRate: 10, optimizer: 'sgd', weightDecay: 1000 });
  const [failed, kept] = await Promise.allSettled([
    runPipeline(float, [wild], { data, heap: shared }),
    runPipeline(float, stages(), { data, heap: shared }),
  ]);
  assert.is(failed.status, 'rejected');
  assert.ok(kept.status === 'fulfilled');
  assert.equal(exportTflite(asStored(kept.value)), alone);
});

test.run();
