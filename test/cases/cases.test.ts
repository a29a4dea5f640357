import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distill } from '../../src/distill/index.ts';
import { CompressError } from '../../src/errors.ts';
import { evaluatePart, findTask, judge } from '../../src/evaluate.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { exportTflite, type Stage } from '../../src/index.ts';
import { asStored } from '../../src/model.ts';
import { checkOptions } from '../../src/options/index.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize } from '../../src/quant/index.ts';
import { finetune, finetuneSchema } from '../../src/train/index.ts';
import { train } from '../../src/train/trainer.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { binary, type Case, COUNT, datasetOf, fruit, multilabel, OFF, RIGHT, regression, twoInputs, twoOutputs } from './make.ts';

const heap = await Heap.open();

/** A network as it comes back from a file. */
const filed = (graph: Graph): Graph => importTflite(exportTflite({ graph, facts: {} }));

const evaluated = async (made: Case, options = {}) =>
  evaluatePart(heap, filed(made.graph), await datasetOf(made), 'test', options);

const refuses = (work: () => unknown, code: string, message: RegExp) =>
  assert.throws(work, (e: CompressError) => e instanceof CompressError && e.code === code && message.test(e.message));

/** The network after some stages, as its file, judged on the test part. */
async function after(made: Case, ...stages: Stage[]) {
  const data = await datasetOf(made, {});
  const model = { graph: filed(made.graph), facts: {} };
  const warnings: string[] = [];
  const found = await runPipeline(model, stages, {
    heap,
    data,
    seed: 1,
    original: model,
    warn: (line) => warnings.push(line),
  });
  const graph = importTflite(exportTflite(found));
  const task = findTask(heap, asStored(model), data);
  return { graph, data, task, warnings, ...judge(heap, graph, data, 'test', task) };
}

const brief = { epochs: 6, batch: 16, learningRate: 0.003 };

test('as many inputs as classes: a classifier, by softmax or by its labels', async () => {
  for (const softmax of [true, false]) {
    const found = await evaluated(fruit(softmax));
    assert.equal([found.task, found.accuracy, found.correct], ['classification', RIGHT, RIGHT * COUNT]);
    assert.is(found.confusion.length, 3);
  }
});

test('as many inputs as classes: stages train and keep the classes', async () => {
  for (const stages of [[finetune(brief)], [distill(brief)], [quantize()], [prune({ ratio: 0.25 }), finetune(brief)]]) {
    const { evaluation } = await after(fruit(), ...stages);
    assert.is(evaluation.task, 'classification');
    assert.ok(evaluation.accuracy! > 0.92, `${stages[0].name}: ${evaluation.accuracy}`);
  }
});

test('two inputs: both are fed', async () => {
  const made = twoInputs();
  assert.is((await evaluated(made)).accuracy, RIGHT);
  const { press } = made.x;
  const silent = { ...made, x: { ...made.x, press: { ...press, x: new Float32Array(press.x.length) } } };
  assert.ok((await evaluated(silent)).accuracy! < 0.8); // the second one matters
});

test('two inputs: by name in another order, by order under other names', async () => {
  const made = twoInputs();
  const { accel, press } = made.x;
  assert.is((await evaluated({ ...made, x: { press, accel } })).accuracy, RIGHT);
  assert.is((await evaluated({ ...made, x: { a: accel, b: press } })).accuracy, RIGHT);
  const { x: _, ...rest } = made;
  const lone = await datasetOf({ ...rest, x: { accel } });
  refuses(
    () => evaluatePart(heap, made.graph, lone, 'test'),
    'shape-mismatch',
    /takes 2 inputs, "accel" \[6\], "press" \[4\], but dataset gives 1/,
  );
});

test('two inputs: every stage', async () => {
  for (const stages of [
    [quantize()],
    [finetune({ ...brief, augment: { jitter: 0.01, mixup: 0.1 } })],
    [distill(brief)],
    [prune({ ratio: 0.25 }), finetune(brief)],
    [quantize(), finetune({ ...brief, qat: 'learned' })],
  ]) {
    const { evaluation } = await after(twoInputs(), ...stages);
    assert.ok(evaluation.accuracy! > 0.8, `${stages.map((s) => s.name)}: ${evaluation.accuracy}`);
  }
});

test('two outputs: the one that fits the labels is judged, or the one that is named', async () => {
  const found = await evaluated(twoOutputs());
  assert.equal(
    [found.output, found.accuracy],
    [filed(twoOutputs().graph).tensors[filed(twoOutputs().graph).outputs[1]].name, RIGHT],
  );
  const graph = filed(twoOutputs().graph);
  const [aux] = graph.outputs.map((t) => graph.tensors[t].name);
  const data = await datasetOf(twoOutputs());
  refuses(() => findTask(heap, graph, data, { output: aux }), 'bad-data', /\[16\] after a sigmoid: no task fits/);
  refuses(() => findTask(heap, graph, data, { output: 'head' }), 'bad-option', /no output "head"/);
});

test('two outputs that both fit: it must be stated', async () => {
  const made = twoOutputs();
  const { graph } = made;
  const twice = { ...graph, outputs: [graph.outputs[1], graph.nodes.find((n) => n.op === 'softmax')!.inputs[0]] };
  const data = await datasetOf(made);
  refuses(() => findTask(heap, twice, data), 'bad-option', /more than one way[\s\S]*--output/);
  const name = twice.tensors[twice.outputs[1]].name;
  assert.is(findTask(heap, twice, data, { output: name }).output, 1);
});

/** Mean squared difference of an output on the test part. */
async function moved(a: Graph, b: Graph, output: number, made: Case): Promise<number> {
  const data = await datasetOf(made);
  const task = { ...findTask(heap, a, data), name: 'regression', output, places: 1, metric: 'mse' } as const;
  const width = a.tensors[a.outputs[output]].shape[1];
  const whole = data.test!;
  const values = (graph: Graph) => {
    const kept = judge(heap, graph, { ...data, test: { ...whole, y: new Float32Array(whole.count * width) } }, 'test', {
      ...task,
      width,
    });
    return kept.evaluation.metrics.mse!;
  };
  return Math.abs(values(a) - values(b));
}

test('two outputs: finetune warns that the other one changes, distill keeps it', async () => {
  const made = twoOutputs();
  const long = { ...brief, epochs: 20, learningRate: 0.01 };
  const trained = await after(made, finetune(long));
  assert.match(trained.warnings.join(), /trains the output "softmax_1" alone: "logistic_1" will change/);
  const taught = await after(made, distill({ ...long, teacher: 'original', weight: 1 }));
  assert.equal(taught.warnings, []);
  const by = async (graph: Graph) => moved(made.graph, graph, 0, made);
  assert.ok((await by(taught.graph)) < (await by(trained.graph)) / 5, `${await by(taught.graph)} of ${await by(trained.graph)}`);
  assert.ok(taught.evaluation.accuracy! > 0.95);
});

test('one sigmoid: accuracy and area under the curve; one logit must be stated', async () => {
  const found = await evaluated(binary());
  assert.equal([found.task, found.accuracy, found.confusion.length], ['binary', RIGHT, 2]);
  assert.ok(found.auc! > 0.95 && found.auc! < 1);
  const logit = binary(false);
  const data = await datasetOf(logit);
  refuses(() => findTask(heap, logit.graph, data), 'bad-option', /binary, or regression[\s\S]*--task binary or regression/);
  const stated = await evaluated(logit, { task: 'binary' });
  assert.is(stated.accuracy, RIGHT);
  assert.is(stated.auc, found.auc); // the same network up to the sigmoid, which keeps the order
});

test('one sigmoid: every stage', async () => {
  for (const stages of [
    [finetune(brief)],
    [finetune({ ...brief, augment: { mixup: 0.3 }, labelSmoothing: 0.1 })],
    [distill({ ...brief, weight: 0.5 })],
    [quantize()],
    [quantize(), distill({ ...brief, teacher: 'original' })],
    [prune({ ratio: 0.5 }), finetune({ ...brief, patience: 3 })],
  ]) {
    const { evaluation } = await after(binary(), ...stages);
    assert.is(evaluation.task, 'binary');
    assert.ok(evaluation.accuracy! > 0.8, `${stages.map((s) => s.name)}: ${evaluation.accuracy}`);
  }
});

test('regression: errors of one value and of a vector', async () => {
  for (const width of [1, 24]) {
    const found = await evaluated(regression(width));
    const { rmse, mae, mse, r2 } = found.metrics;
    const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-5, `${a} instead of ${b}`);
    assert.is(found.task, 'regression');
    assert.is(found.accuracy, null);
    near(rmse!, OFF);
    near(mae!, OFF);
    near(mse!, OFF * OFF);
    assert.ok(r2! > 0 && r2! < 1);
    assert.is(found.values.length, width > 1 ? width : 0);
  }
});

test('regression: every stage', async () => {
  const made = regression(3);
  const { x } = made.x.x;
  // Another function than the network's own, so that there is something to learn.
  const bend = (i: number) => Math.sin(7 * (x as Float32Array)[5 * Math.floor(i / 3)]);
  const other = { ...made, y: made.y.map((v, i) => 1 + 0.5 * v + 0.3 * bend(i)) };
  const [before, later] = [await after(other), await after(other, finetune({ ...brief, epochs: 20 }))].map(
    ({ evaluation }) => evaluation.metrics.rmse!,
  );
  assert.ok(later < before / 2, `${before} -> ${later}`);
  for (const stages of [
    [quantize()],
    [distill(brief)],
    [prune({ ratio: 0.25 })],
    [finetune({ ...brief, augment: { mixup: 0.2 } })],
  ]) {
    const { evaluation } = await after(made, ...stages);
    assert.ok(evaluation.metrics.r2! > 0.8, `${stages[0].name}: ${evaluation.metrics.r2}`);
  }
});

test('regression: the loss is the share of the variance that is not explained, in any unit', async () => {
  const made = regression(2);
  const lossIn = async (unit: number) => {
    const { graph } = made;
    const last = new Set(graph.nodes.at(-1)!.inputs.slice(1));
    const scaled = (data: Float32Array) => data.map((w) => unit * w);
    const tensors = graph.tensors.map((t, i) => (last.has(i) ? { ...t, data: scaled(t.data as Float32Array) } : t));
    const data = await datasetOf({ ...made, y: made.y.map((v) => unit * v) }, {});
    const model = { graph: { ...graph, tensors }, facts: {} };
    const options = checkOptions(finetuneSchema, { epochs: 1, batch: 20, learningRate: 1e-7 }, 'finetune');
    const { losses } = await train(model, { heap, data, seed: 1, original: model }, options, 'finetune');
    const { metrics } = judge(heap, model.graph, data, 'train', findTask(heap, model.graph, data)).evaluation;
    return { loss: losses[0], unexplained: 1 - metrics.r2! };
  };
  const [one, many] = [await lossIn(1), await lossIn(1000)];
  assert.ok(Math.abs(one.loss - many.loss) < 1e-3 * one.loss, `${one.loss} and ${many.loss}`);
  assert.ok(Math.abs(one.loss - one.unexplained) < 0.02, `${one.loss} and ${one.unexplained}`);
});

test('several labels at once', async () => {
  const found = await evaluated(multilabel());
  assert.is(found.task, 'multilabel');
  assert.is(found.metrics.exact, RIGHT);
  assert.ok(Math.abs(found.accuracy! - (1 - (1 - RIGHT) / 5)) < 1e-12);
  assert.equal([found.classes.length, found.metric], [5, 'f1']);
  for (const stages of [[finetune(brief)], [distill(brief)], [quantize()], [prune({ ratio: 0.25 })]]) {
    const { evaluation } = await after(multilabel(), ...stages);
    assert.ok(evaluation.metrics.accuracy! > 0.9, `${stages[0].name}: ${evaluation.accuracy}`);
  }
});

test('rows with a single 1 beside sigmoids: classes or labels, it must be stated', async () => {
  const made = multilabel();
  const hot = Int32Array.from({ length: COUNT * 5 }, (_, i) => (Math.floor(i / 5) % 5 === i % 5 ? 1 : 0));
  const data = await datasetOf({ ...made, y: hot });
  refuses(() => findTask(heap, made.graph, data), 'bad-option', /classification, or multilabel/);
  assert.is(findTask(heap, made.graph, data, { task: 'classification' }).metric, 'accuracy');
});

test.run();
