/** Features in units of their own: no scale holds them together, so they are scaled apart before they are rounded. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findTask, judge } from '../../src/evaluate.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { exportTflite } from '../../src/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize } from '../../src/quant/index.ts';
import type { Model, Stage } from '../../src/stage.ts';
import { finetune } from '../../src/train/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { type Case, datasetOf, joinedUnits, sensors, twoInputs } from '../cases/make.ts';

const heap = await Heap.open();

async function after(made: Case, stages: readonly Stage[], model: Model = { graph: made.graph, facts: {} }) {
  const data = await datasetOf(made, {});
  const task = findTask(heap, asStored(model), data);
  const found = await runPipeline(model, stages, { heap, data, seed: 1, original: model });
  const file = exportTflite(found);
  const accuracyOf = (graph: Model['graph']) => judge(heap, graph, data, 'test', task).evaluation.accuracy!;
  return { found, file, accuracy: accuracyOf(importTflite(file)), given: accuracyOf(asStored(model)) };
}

/** The same data with all numbers around 0: what rounding loses whatever the units. */
const even = async (made: Case) => (await after(made, [quantize()])).accuracy;
const FLOORS = { sensors: await even(sensors(false)), joinedUnits: await even(twoInputs()) };

for (const [name, make] of Object.entries({ sensors, joinedUnits })) {
  test(`${name}: no more is lost than in one unit, where one scale loses most`, async () => {
    const made = make();
    const { accuracy, given, found } = await after(made, [quantize()]);
    const plain = await after(made, [quantize({ scaleInputs: false, equalize: 'off' })]);
    const floor = FLOORS[name as keyof typeof FLOORS];
    assert.ok(accuracy > floor - 0.01, `${given} -> ${accuracy}, in one unit ${floor}`);
    assert.ok(plain.accuracy < given - 0.1, `one scale: ${given} -> ${plain.accuracy}`);
    assert.match(found.facts.quantization!.mended.join(), /one scale of .* cannot hold its features, feature \d/);
  });

  test(`${name}: the next stages keep it, from memory and from the file`, async () => {
    const made = make();
    const brief = { epochs: 2, batch: 16, learningRate: 0.0005 };
    const first = await after(made, [quantize()]);
    for (const stages of [[prune({ ratio: 0 })], [finetune(brief)], [finetune({ ...brief, qat: 'learned' })], [quantize()]]) {
      const label = stages.map((s) => s.name).join();
      const again = await after(made, [quantize(), ...stages]);
      assert.ok(again.given - again.accuracy < 0.08, `${label}: ${again.given} -> ${again.accuracy}`);
      const read = await after(made, stages as Stage[], await loadModel(first.file));
      assert.ok(again.given - read.accuracy < 0.08, `${label} of the file: ${again.given} -> ${read.accuracy}`);
      const ops = (bytes: Uint8Array) => importTflite(bytes).nodes.map((n) => n.op);
      assert.equal(ops(again.file), ops(first.file));
      assert.equal(ops(read.file), ops(first.file));
    }
  });
}

test('inputs that one scale holds stay integers', async () => {
  const { found } = await after(twoInputs(), [quantize()]);
  assert.equal(found.facts.quantization!.mended, []);
  for (const t of asStored(found).inputs) assert.is(asStored(found).tensors[t].dtype, 'i8');
});

test.run();
