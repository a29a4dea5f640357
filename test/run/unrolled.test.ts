/** Networks that keep state on examples of several calls: run, measured, trained through all of them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputsOf, loadDataset, planBatch } from '../../src/data/index.ts';
import { CompressError } from '../../src/errors.ts';
import { findTask, judge } from '../../src/evaluate.ts';
import { type Graph, withTensors } from '../../src/graph/graph.ts';
import { compile } from '../../src/run/compile.ts';
import { runCalls } from '../../src/run/feed.ts';
import { unrolled } from '../../src/run/unrolled.ts';
import { finetune } from '../../src/train/index.ts';
import { compileTraining } from '../../src/train/program.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { CALLS, examplesOf, noise, streaming } from './streaming.ts';

const heap = await Heap.open();

const graph = streaming();

/** The last answer after all calls, call by call. */
function lastOf(of: Graph, x: Float32Array): number[] {
  return heap.scope(() => {
    const program = compile(heap, of);
    runCalls(heap, program, [x], CALLS);
    return [...(heap.read(program.outputs[0]) as Float32Array)];
  });
}

test('all calls at once give the last answer of calls one after another, for any batch', () => {
  const examples = [0, 1, 2].map(() => noise(CALLS * 6));
  const whole = unrolled(graph, CALLS);
  assert.is(unrolled(graph, CALLS), whole);
  heap.scope(() => {
    const program = compile(heap, whole, { batch: 3 });
    assert.equal(program.inputs[0].shape, [3, 2 * CALLS, 1, 3]);
    heap.write(
      program.inputs[0],
      examples.flatMap((x) => [...x]),
    );
    program.run();
    assert.equal(
      [...(heap.read(program.outputs[0]) as Float32Array)],
      examples.flatMap((x) => lastOf(graph, x)),
    );
  });
});

test('gradients go through the state of all calls', () => {
  const x = noise(CALLS * 6);
  const logits = { ...graph, nodes: graph.nodes.slice(0, -1), outputs: [13] };
  const [gradients, parameters] = heap.scope(() => {
    const program = compileTraining(heap, unrolled(logits, CALLS), 1);
    heap.write(program.inputs[0], x);
    program.forward();
    heap.write(program.outputs[0].gradient!, [1, -1]);
    program.backward();
    return [program.parameters.map((p) => [...(heap.read(p.gradient) as Float32Array)]), program.parameters.map((p) => p.tensor)];
  });
  assert.equal(
    [...parameters].sort((a, b) => a - b),
    [3, 4, 7, 8, 9, 12],
  );
  const STEP = 1e-2;
  parameters.forEach((t, i) => {
    const values = graph.tensors[t].data as Float32Array;
    for (const place of [0, values.length >> 1, values.length - 1]) {
      const at = (d: number) => {
        const data = values.slice();
        data[place] += d;
        const [a, b] = lastOf(withTensors(logits, new Map([[t, { ...graph.tensors[t], data }]])), x);
        return a - b;
      };
      const [before, here, after] = [at(-STEP), at(0), at(STEP)];
      if (Math.abs(after - 2 * here + before) > 1e-2 * STEP) continue; // a kink of relu
      // Float32 differences over a step of 0.01.
      assert.ok(Math.abs((after - before) / (2 * STEP) - gradients[i][place]) < 5e-3, `${graph.tensors[t].name}[${place}]`);
    }
  });
});

async function sequences(count: number, shape: number[]) {
  const { x, y } = examplesOf(count);
  const half = (from: number, to: number) => ({
    ...{ x: x.subarray(from * CALLS * 6, to * CALLS * 6), shape: [to - from, ...shape], y: y.subarray(from, to) },
  });
  return loadDataset({ train: half(0, count - 200), validation: half(count - 200, count - 100), test: half(count - 100, count) });
}

test('examples of several calls are recognized by their shape; another network has none', async () => {
  const input = inputsOf(graph);
  for (const shape of [
    [CALLS, 2, 1, 3],
    [2 * CALLS, 1, 3],
  ])
    assert.is(planBatch(await sequences(210, shape), input).calls, CALLS);
  const data = await sequences(210, [CALLS, 2, 1, 3]);
  const without = [{ ...input[0], sequence: false }];
  assert.throws(
    () => planBatch(data, without),
    (e: Error) => e instanceof CompressError && e.code === 'shape-mismatch',
  );
  const other = await sequences(210, [2, CALLS * 3]);
  assert.throws(
    () => planBatch(other, input),
    (e: Error) => e instanceof CompressError && /\[count, calls, 2, 1, 3\]/.test(e.message),
  );
});

test('training over sequences learns what only the state can tell; single calls are refused', async () => {
  const data = await sequences(1200, [CALLS, 2, 1, 3]);
  const task = findTask(heap, graph, data);
  const context = { heap, data, seed: 0, task, original: { graph, facts: {} } };
  const accuracy = (g: Graph) => judge(heap, g, data, 'test', task).evaluation.accuracy!;
  const tuned = await finetune({ epochs: 12, learningRate: 0.01, batch: 32 }).run({ graph, facts: {} }, context);
  assert.equal(
    tuned.graph.tensors.map((t) => t.name),
    graph.tensors.map((t) => t.name),
  );
  assert.ok(accuracy(graph) < 0.7 && accuracy(tuned.graph) > 0.85, `${accuracy(graph)} to ${accuracy(tuned.graph)}`);
  const single = await loadDataset({
    train: { x: noise(60), shape: [10, 2, 1, 3], y: Uint8Array.from({ length: 10 }, (_, i) => i % 2) },
  });
  let message = '';
  await finetune()
    .run({ graph, facts: {} }, { ...context, data: single, task: findTask(heap, graph, single) })
    .catch((e) => {
      message = e.message;
    });
  assert.match(message, /cannot be trained on single calls[\s\S]*\[count, calls, 2, 1, 3\]/);
});

test.run();
