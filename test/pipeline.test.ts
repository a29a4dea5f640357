import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { planBatch, takeBatch } from '../src/data/index.ts';
import { gestures } from '../src/demo/gestures.ts';
import { demoModel } from '../src/demo/model.ts';
import { distill } from '../src/distill/index.ts';
import { argmax, evaluatePart, forEachBatch } from '../src/evaluate.ts';
import { exportTflite, importTflite } from '../src/formats/tflite/index.ts';
import { type Graph, sizeOf, type Values } from '../src/graph/graph.ts';
import { runPipeline } from '../src/pipeline.ts';
import { prune } from '../src/prune/index.ts';
import { quantize, toInteger } from '../src/quant/index.ts';
import type { Model, Stage } from '../src/stage.ts';
import { withFakeQuantization } from '../src/train/fake.ts';
import { finetune } from '../src/train/index.ts';
import { compileTraining } from '../src/train/program.ts';
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

test('a forward pass through fake quantization names what the integer engine names, in 99.5 % of the examples', async () => {
  const { graph } = await runPipeline(float, [quantize(), finetune(short)], context);
  const rows = (values: Values): number[] => Array.from({ length: values.length / 6 }, (_, i) => argmax(values, i * 6, 6));
  const { count } = data.test!;
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const fake = heap.scope(() => {
    const program = compileTraining(heap, withFakeQuantization(graph), count);
    heap.write(program.input, takeBatch(planBatch(data, graph.tensors[graph.inputs[0]]), data.test!, all));
    program.forward();
    return rows(heap.read(program.output));
  });
  const integer: number[] = [];
  const final = toInteger(graph);
  forEachBatch(heap, final, data.test!, planBatch(data, final.tensors[final.inputs[0]]), (values) => {
    integer.push(...rows(values));
  });
  const same = fake.filter((a, i) => a === integer[i]).length;
  assert.ok(same >= 0.995 * fake.length, `${same} of ${fake.length}`);
});

test.run();
