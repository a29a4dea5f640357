/** A caller's own stage, criterion, calibrator and sampler do what Thumbnet's own do. */
import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runArm } from '../../src/compress/arm.ts';
import { type CompressHost, type CompressResult, compress, nodePool } from '../../src/compress/index.ts';
import { spaceOf, suggestStart } from '../../src/compress/steps.ts';
import { demoModel } from '../../src/demo/index.ts';
import { CompressError } from '../../src/errors.ts';
import { exportTflite, loadModel, parseRecipe, registerStage, runPipeline, stagesOf } from '../../src/index.ts';
import { outlineOf } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize } from '../../src/quant/index.ts';
import type { Trial } from '../../src/search/index.ts';
import { defineStage } from '../../src/stage.ts';
import { model as file, inFolder, thumbnet } from '../cli/sample.ts';
import { ended } from '../compress/ended.ts';
import { fewGestures } from '../demo/few.ts';
import { heap } from '../train/networks.ts';

const model = await loadModel(await demoModel());
const data = fewGestures(240, 120);
const context = { data, heap, seed: 0, original: model };
const plugin = new URL('./plugin.ts', import.meta.url);

// Registered when these tests run, not when the file is read: tests of the same process that run before count what there is.
let thin: typeof import('./plugin.ts').thin;
test.before(async () => {
  ({ thin } = await import('./plugin.ts'));
});

test('in a pipeline', async () => {
  const { graph } = await runPipeline(model, [thin({ share: 0.5 })], context);
  const before = model.graph;
  const [w, left] = [before, graph].map((g) => g.tensors[g.nodes[0].inputs[1]]);
  const half = w.data!.length / 2;
  assert.equal(left.shape, [w.shape[0] / 2, ...w.shape.slice(1)]);
  assert.equal(left.data, (w.data as Float32Array).subarray(half));
  assert.equal(
    (await outlineOf(model, [thin({ share: 0.5 })], context))!.graph.tensors.map((t) => t.shape),
    graph.tensors.map((t) => t.shape),
  );
});

test('a calibrator is asked for every activation', async () => {
  const scales = async (calibrator: string) =>
    (await runPipeline(model, [quantize({ calibrator, examples: 64 })], context)).graph.tensors.flatMap((t) =>
      t.quant && !t.data && !t.name.includes('softmax') ? t.quant.scales : [],
    );
  const [own, wide] = [await scales('min-max'), await scales('double')];
  assert.ok(own.length > 4);
  assert.ok(wide.every((s, i) => s === Math.fround(2 * own[i]) || s === own[i]));
  assert.ok(wide.filter((s, i) => s !== own[i]).length >= own.length - 1);
});

const RECIPE = [
  { stage: 'thin', share: 0.3 },
  { stage: 'prune', ratio: 0.2, scope: 'global', criterion: 'place' },
  { stage: 'quantize', calibrator: 'double', examples: 64 },
];

test('in a recipe, and again', async () => {
  const text = JSON.stringify({ version: 1, seed: 0, stages: RECIPE });
  const replayed = async () => exportTflite(await runPipeline(model, stagesOf(parseRecipe(text)), context));
  assert.equal(await replayed(), await replayed());
  const wrong = text.replace('0.3', '1.3');
  assert.throws(() => stagesOf(parseRecipe(wrong)), /thin: share must be at least 0 and below 1, not 1.3/);
});

async function compressed(host: CompressHost, recipe?: typeof RECIPE, over = {}): Promise<CompressResult> {
  const options = {
    target: 'stm32l476rg',
    maxDrop: 0.9,
    trials: 3,
    samples: 1500,
    parallel: 3,
    sampler: 'plain',
    recipe,
    ...over,
  };
  return ended(compress(model, data, options, host));
}

const inThread: CompressHost['pool'] = (c) =>
  nodePool(c, 1, { plugins: [plugin.href], file: new URL('../compress/ts_worker.mjs', import.meta.url) });

test('as a recipe that a search begins with, in this thread and in one that imports the module', async () => {
  const [here, there] = [await compressed({}, RECIPE), await compressed({ pool: inThread }, RECIPE)];
  assert.equal(here.trials[0].stages, RECIPE);
  assert.is(here.trials[0].state, 'complete');
  assert.equal(there.trials, here.trials);
  assert.equal(there.tflite, here.tflite);
});

test('as a step that a search tries, with options from its schema', async () => {
  const space = spaceOf(model, { weightBits: 8, qat: true });
  const trial = {
    suggestCategorical: (_: string, choices: readonly unknown[]) => choices[0],
    suggestFloat: (name: string, low: number, high: number) => (name === 'thin.share' ? low : high),
    suggestInt: (_: string, low: number) => low,
  };
  const { own } = suggestStart(trial as unknown as Trial, space);
  assert.equal(own, [{ stage: 'thin', share: 0.1 }]);
  // One that cuts nothing is in the path of what is trained after it.
  const idle = [{ stage: 'thin', share: 0 }];
  const pool: CompressHost['pool'] = (context) => ({
    size: 1,
    run: (job) => runArm(context, 'plan' in job ? { ...job, plan: { ...job.plan, own: idle, steps: 1 } } : job),
    close: async () => {},
  });
  const { trials } = await compressed({ pool }, undefined, { maxDrop: 0.03, samples: 24000 });
  assert.ok(trials.some((t) => t.stages.some((s) => s.stage === 'thin')));
});

test('a name is taken once', () => {
  registerStage(thin);
  assert.throws(
    () => registerStage(defineStage({ ...prune.kind, name: 'thin' })),
    (e: CompressError) => e instanceof CompressError && /there is a stage "thin" already/.test(e.message),
  );
  assert.throws(() => prune({ criterion: 'pace' }), /criterion must be one of .*"place".*, not "pace"/);
});

test('on the command line', async () => {
  const given = ['--plugin', plugin.pathname, '--json'];
  const alone = await thumbnet('thin', file, '--share', '0.5', '--out', inFolder('thin.tflite'), ...given);
  assert.is(alone.code, 0, alone.err);
  assert.ok(JSON.parse(alone.out).after.macs < 0.5 * JSON.parse(alone.out).before.macs);
  const unknown = await thumbnet('thin', file, '--out', inFolder('thin2.tflite'));
  assert.is(unknown.code, 2);
  const recipe = inFolder('thin.json');
  writeFileSync(recipe, JSON.stringify({ version: 1, seed: 0, stages: [{ stage: 'thin' }] }));
  const lost = await thumbnet('run', recipe, file, '--data', 'nowhere', '--out', inFolder('thin3.tflite'));
  assert.is(lost.code, 2);
  assert.match(lost.err, /there is no stage "thin"/);
  const missing = await thumbnet('targets', '--plugin', 'no-such-file.mjs');
  assert.is(missing.code, 2);
  assert.match(missing.err, /cannot be loaded[\s\S]*fix:/);
});

test.run();
