import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inputsOf, planBatch, takeBatch } from '../../src/data/index.ts';
import { demoModel } from '../../src/demo/model.ts';
import { distill } from '../../src/distill/index.ts';
import { CompressError } from '../../src/errors.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { type Graph, sizeOf, withTensors } from '../../src/graph/graph.ts';
import { runPipeline, stagesOf } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { compile } from '../../src/run/compile.ts';
import { feed } from '../../src/run/feed.ts';
import type { Context, Model } from '../../src/stage.ts';
import { constants, contextOf, data, heap, normedNetwork } from '../train/networks.ts';
import { close } from '../wasm/close.ts';

type Options = NonNullable<Parameters<typeof distill>[0]>;
const demo: Model = { graph: importTflite(await demoModel()), facts: {} };

const distilled = async (options: Options, model: Model, over: Partial<Context> = {}): Promise<Graph> =>
  (await distill(options).run(model, contextOf(model, over))).graph;

/** The same network with every weight a little off. */
function blurred(graph: Graph): Graph {
  const changed = graph.tensors.map(
    (t, i) => [i, { ...t, data: t.data && (t.data as Float32Array).map((v, k) => v * (1 + 0.3 * ((k % 3) - 1))) }] as const,
  );
  return withTensors(graph, new Map(changed.filter(([, t]) => t.data)));
}

/** Mean squared difference of a named tensor on examples of the validation part. */
function distance(a: Graph, b: Graph, name: string): number {
  const values = [a, b].map((graph) =>
    heap.scope(() => {
      const program = compile(heap, graph, { batch: 32, keepAll: true });
      const plan = planBatch(data, inputsOf(graph));
      const indices = Array.from({ length: 32 }, (_, i) => i);
      feed(heap, program.inputs, takeBatch(plan, data.validation!, indices));
      program.run();
      return heap.read(program.operands[graph.tensors.findIndex((t) => t.name === name)]) as Float32Array;
    }),
  );
  return values[0].reduce((sum, v, i) => sum + (v - values[1][i]) ** 2, 0) / values[0].length;
}

const brief: Options = { epochs: 1, batch: 64, weight: 0, learningRate: 0.001 };

for (const hintLoss of ['mse', 'cosine'] as const) {
  test(`hints by ${hintLoss} bring inner tensors nearer to the teacher's, through the normalizations put back`, async () => {
    const student: Model = { graph: blurred(demo.graph), facts: {} };
    const options: Options = { ...brief, teacher: 'original', hintLoss, hints: [{ student: 'relu_3', weight: 20 }] };
    const over = { original: demo };
    const plain = await distilled({ ...options, hints: [] }, student, over);
    const hinted = await distilled(options, student, over);
    const [before, without, after] = [student.graph, plain, hinted].map((g) => distance(g, demo.graph, 'relu_3'));
    assert.ok(after < 0.7 * without && after < 0.7 * before, `${before} -> ${without} without, ${after} with`);
    assert.equal(
      hinted.tensors.map((t) => t.name),
      student.graph.tensors.map((t) => t.name),
    );
  });
}

test('a quantized student and a narrower one learn from hints, and stay what they are', async () => {
  const hints = [{ student: 'relu_2' }, { student: 'relu_4', teacher: 'relu_4', weight: 0.5 }];
  const size = (g: Graph) => g.tensors.reduce((n, t) => n + (t.data ? sizeOf(t.shape) : 0), 0);
  const stages = () => [prune({ ratio: 0.5 }), quantize({ examples: 64 }), distill({ ...brief, teacher: 'both', hints })];
  const { graph, facts } = await runPipeline(demo, stages(), contextOf(demo));
  assert.ok(facts.quantize && size(graph) < 0.4 * size(demo.graph));
  assert.is(
    graph.tensors.some((t) => t.name.includes('hint')),
    false,
  );
  toInteger(graph);
  const without = await runPipeline(demo, [...stages().slice(0, 2), distill({ ...brief, teacher: 'both' })], contextOf(demo));
  assert.not.equal(constants(graph), constants(without.graph));
  const again = await runPipeline(
    demo,
    stagesOf({ stages: JSON.parse(JSON.stringify(stages().map((s) => ({ stage: s.name, ...s.options })))) }),
    contextOf(demo),
  );
  assert.equal(constants(again.graph), constants(graph));
});

test('both teachers: the mean of what each alone would teach', async () => {
  const student: Model = { graph: normedNetwork(), facts: {} };
  const original: Model = { graph: blurred(student.graph), facts: {} };
  // One step without clipping by an optimizer that is linear in the gradient.
  const one: Options = { epochs: 1e-6, batch: 64, optimizer: 'sgd', clip: 0, warmup: 0, weight: 0.6, learningRate: 0.1 };
  const step = async (teacher: 'self' | 'original' | 'both') =>
    constants(await distilled({ ...one, teacher }, student, { original }));
  const [self, other, both] = [await step('self'), await step('original'), await step('both')];
  assert.not.equal(self, other);
  close(
    both,
    self.map((v, i) => (v + other[i]) / 2),
    1e-6,
    'weight',
  );
});

test('a teacher that reads or answers something else is refused before anything is trained', async () => {
  const reshaped = (end: number, shape: number[]): Model => ({
    graph: withTensors(demo.graph, new Map([[end, { ...demo.graph.tensors[end], shape }]])),
    facts: {},
  });
  const { inputs, outputs } = demo.graph;
  for (const [original, told] of [
    [reshaped(inputs[0], [1, 64, 1, 3]), /input is \[64,1,3\], but the model's is \[128,1,3\]/],
    [reshaped(inputs[0], [1, 256, 1, 3]), /input is \[256,1,3\]/],
    [reshaped(outputs[0], [1, 12]), /output is \[12\], but the model's is \[6\]/],
  ] as const) {
    const error = await distilled({ ...brief, teacher: 'original', weight: 0.5 }, demo, { original }).catch((e) => e);
    assert.is(error.code, 'shape-mismatch', error.stack);
    assert.match(error.message, told);
  }
});

test('a hint that does not exist is refused before anything is trained', async () => {
  const error = await distilled({ hints: [{ student: 'relu_9' }] }, demo).catch((e) => e);
  assert.instance(error, CompressError);
  assert.is(error.code, 'bad-option');
  assert.match(error.message, /no inner tensor "relu_9"[\s\S]*"relu_1"/);
  assert.throws(
    () => distill({ hints: [{ student: 'relu_1', weight: -1 }] }),
    (e: CompressError) => e.code === 'bad-option' && /hints.0.weight/.test(e.message),
  );
});

test.run();
