import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { historyOf } from '../../src/compress/history.ts';
import { type CompressHost, type CompressOptions, type CompressResult, compress, nodePool } from '../../src/compress/index.ts';
import { allocate } from '../../src/compress/sensitivity.ts';
import { withValidationOf } from '../../src/data/index.ts';
import { makeGestures } from '../../src/demo/gestures.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { sha256 } from '../../src/digest.ts';
import { teacherNamed, unlabelledNamed, withoutLabels } from '../../src/distill/index.ts';
import { CompressError } from '../../src/errors.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { profile } from '../../src/mcu/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { parseRecipe, runPipeline, stagesOf } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize } from '../../src/quant/index.ts';
import { parseHistory } from '../../src/report/index.ts';
import { MemoryArtifacts, MemoryStorage } from '../../src/study/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { fewGestures } from '../demo/few.ts';
import { ended } from './ended.ts';

const small = fewGestures(240, 180);
const model = await loadModel(await demoModel());
const options = { target: 'stm32l476rg', maxDrop: 0.1, samples: 4000, parallel: 3, seed: 3 };

const finished = (
  host: CompressHost,
  changed: Partial<CompressOptions> = {},
  data = small,
  given = model,
): Promise<CompressResult> => ended(compress(given, data, { ...options, ...changed }, host));

/** The search that most tests look at. */
let made: Promise<CompressResult> | undefined;
const usual = () => {
  made ??= finished({});
  return made;
};

const file = new URL('./ts_worker.mjs', import.meta.url);
const threads = (size: number): CompressHost => ({ pool: (context) => nodePool(context, size, { file }) });

test('the same bytes in this thread, with one worker and with two', async () => {
  const results = [await usual(), await finished(threads(1)), await finished(threads(2))];
  const hashes = await Promise.all(results.map((r) => sha256(r.tflite)));
  assert.is(new Set(hashes).size, 1, hashes.join(' '));
  assert.equal(results[2].trials, results[0].trials);
  const history = historyOf(results[0], model, small, { title: 'test', command: 'thumbnet', version: '0', notes: [] });
  assert.equal(parseHistory(JSON.stringify(history)), history);
  assert.ok(results[0].result.flashBytes <= results[0].ptq.flashBytes);
});

test('a teacher and examples from outside reach every thread, and the recipe that names them replays', async () => {
  const teachers = [await loadModel(await demoModel())];
  const unlabelled = [withoutLabels({ ...gestures(), name: 'more' })];
  const named = { teacher: await teacherNamed('t', teachers[0]), unlabelled: await unlabelledNamed('more', unlabelled[0]) };
  const recipe = [{ stage: 'distill', epochs: 1, ...named }];
  const changed = { ...named, recipe, trials: 1 };
  const [inline, threaded] = [{}, threads(1)].map((host) => finished({ ...host, teachers, unlabelled }, changed));
  const result = await inline;
  assert.equal((await threaded).trials, result.trials);
  assert.equal(result.trials[0].stages[0], recipe[0]);
  const bare = await finished({ teachers: [] }, changed).catch((e) => e);
  assert.is(bare.code, 'bad-file', bare.stack);
});

test('a model with other types at its edges keeps them, and its figures are those of the file', async () => {
  const quantized = await runPipeline(model, [quantize({ examples: 64 })], {
    heap: await Heap.open(),
    data: small,
    seed: 0,
    original: model,
  });
  const edged = await loadModel(exportTflite(asStored(quantized, 'uint8')));
  const { result, original, tflite } = await finished({}, { trials: 4 }, small, edged);
  const { tensors, inputs, outputs, nodes } = importTflite(tflite);
  assert.equal(
    [...inputs, ...outputs].map((t) => tensors[t].dtype),
    ['u8', 'u8'],
  );
  assert.is(nodes.filter((n) => n.op === 'quantize').length, 2);
  const { ramBytes, flashBytes } = profile(importTflite(tflite), 'stm32l476rg');
  assert.equal([result.ramBytes, result.flashBytes], [ramBytes, flashBytes]);
  assert.is(original.ramBytes, profile(asStored(edged), 'stm32l476rg').ramBytes);
  const { tflite: floats } = await finished({}, { trials: 2, io: 'float32' });
  const other = importTflite(floats);
  assert.equal(
    [...other.inputs, ...other.outputs].map((t) => other.tensors[t].dtype),
    ['f32', 'f32'],
  );
});

test('the recipe gives the very bytes of the result, from the model as given', async () => {
  const { recipe, tflite, trials, chosen } = await usual();
  assert.ok(trials.some((t) => t.from !== null));
  assert.ok(recipe.stages.length > 1, `trial ${chosen} has no path`);
  const heap = await Heap.open();
  const data = withValidationOf(small, recipe.validation ?? 0, recipe.seed);
  const context = { heap, data: { ...data, test: null }, seed: recipe.seed, original: model };
  const replayed = await runPipeline(model, stagesOf(parseRecipe(JSON.stringify(recipe))), context);
  assert.equal(exportTflite(asStored(replayed)), tflite);
});

test('the budget of samples holds', async () => {
  const { trials } = await usual();
  const used = trials.reduce((n, t) => n + t.samples, 0);
  assert.ok(used > 2000 && used < 4400, `${used}`);
  assert.ok(trials.every((t) => t.macs > 0 === t.samples > 0));
});

test("limits that are not the chip's own, and what is enough", async () => {
  const objective = { flash: 0, ram: 0, latency: 0, weights: 1, macs: 1 };
  const { result } = await finished({}, { objective, weightBudget: 9000, maxMacs: 300_000, maxDrop: 0.3 });
  assert.ok(result.weightBytes <= 9000 && result.macs <= 300_000, `${result.weightBytes}, ${result.macs}`);
  const enough = await finished({}, { objective, enough: { weights: 20_000, macs: 400_000 }, maxDrop: 0.3 });
  assert.ok(enough.result.accuracy! > result.accuracy!, `${enough.result.accuracy} against ${result.accuracy}`);
});

test('a goal that nothing can reach is refused before the work', async () => {
  const refused = (over: Partial<CompressOptions>, code: string, told: RegExp, given = model) =>
    finished({}, over, small, given).then(
      () => assert.unreachable(),
      (e) => {
        assert.is(e.code, code);
        assert.match(e.message, told);
      },
    );
  const heap = await Heap.open();
  const cut = (ratio: number) => prune({ ratio, reconstruct: 'none' }).run(model, { heap, data: null, seed: 0, original: model });
  const bad = await cut(0.3);
  await refused(
    { goal: 0.9, maxDrop: undefined },
    'bad-option',
    /accuracy at least 90.0 % is asked for, and the model as given reaches [\d.]+ %/,
    bad,
  );
  await refused({}, 'bad-data', /no better than chance/, await cut(0.95));
  await refused({ flashBudget: 1000 }, 'does-not-fit', /KiB of flash would be left/);
});

test('a study that ended early continues and ends with the same result', async () => {
  const host = { storage: new MemoryStorage(), artifacts: new MemoryArtifacts() };
  await finished(host, { trials: 5 });
  const resumed = await finished({ ...host, resume: true });
  assert.is(await sha256(resumed.tflite), await sha256((await usual()).tflite));
});

test('other options than those it began with are refused', async () => {
  const host = { storage: new MemoryStorage(), artifacts: new MemoryArtifacts() };
  await finished(host, { trials: 2 });
  const again = { ...host, resume: true };
  const isRefused = (run: Promise<unknown>, told: RegExp) =>
    run.then(
      () => assert.unreachable(),
      (e) => {
        assert.is(e.code, 'bad-option');
        assert.match(e.message, told);
      },
    );
  await isRefused(finished(again, { samples: 3000 }), /begun with samples 4000, not 3000/);
  await isRefused(finished(again, {}, { ...small, train: makeGestures(240, 6, 'train') }), /begun with other data/);
  const scaled = { ...small, normalization: { ...small.normalization, scale: 2 } };
  await isRefused(finished(again, {}, scaled), /begun with other data/);
  const [first] = model.graph.tensors.filter((t) => t.data).map((t) => t.data!);
  const before = first[0];
  first[0] = 0.125;
  await isRefused(finished(again), /begun with another model/).finally(() => {
    first[0] = before;
  });
  // The same, written differently.
  await finished(again, { trials: 2, target: 'nucleo-l476rg', samples: 4000 });
});

test('a study of an older version is not resumed', async () => {
  const storage = new MemoryStorage();
  await finished({ storage }, { trials: 1 });
  const older = new MemoryStorage(storage.text.replace(/"version":"2\.\d+"/, '"version":2'));
  assert.is.not(older.text, storage.text);
  await finished({ storage: older, resume: true }, { trials: 1 }).then(
    () => assert.unreachable(),
    (e) => {
      assert.is(e.code, 'bad-option');
      assert.match(e.message, /begun by another version of Thumbnet \(its studies have version 2, here they have 2\.\d+\)/);
    },
  );
});

test('a journal that cannot be written ends the search, and makes no trial a failed one', async () => {
  class Full extends MemoryStorage {
    left = 20;

    override append(...call: Parameters<MemoryStorage['append']>): Promise<boolean> {
      if (this.left-- === 0) throw new CompressError('cannot-write', 'no room', 'make room');
      return super.append(...call);
    }
  }
  const storage = new Full();
  await finished({ storage }).then(
    () => assert.unreachable(),
    (e) => assert.is(e.code, 'cannot-write'),
  );
  assert.not.match(storage.text, /"failed"/);
});

test('however short the time, a model is handed back', async () => {
  const { trials, chosen, endedByClock, result } = await finished({}, { timeMs: 1 });
  assert.equal([trials.length, chosen, endedByClock], [0, null, true]);
  assert.ok(result.accuracy! > 0.5);
});

test('what does not fit is refused with its limit', async () => {
  await finished({}, { maxLatencyMs: 0.001, trials: 2 }).then(
    () => assert.unreachable(),
    (e) => {
      assert.is(e.code, 'does-not-fit');
      assert.match(e.message, /ms of latency would be left of this network .* and the limit is 0.001 ms/);
    },
  );
});

test('cuts that save the most for what they change come first', () => {
  const cuts = (...triples: [number, number, number][]) => triples.map(([ratio, change, saving]) => ({ ratio, change, saving }));
  const measured = {
    cheap: cuts([0.25, 0.01, 0.1], [0.5, 0.05, 0.2], [0.75, 0.4, 0.3]),
    dear: cuts([0.5, 0.2, 0.1]),
  };
  const all = { cheap: 1, dear: 1 };
  assert.equal(allocate(measured, all, 0.005), { cheap: 0, dear: 0 });
  assert.equal(allocate(measured, all, 0.02), { cheap: 0.25, dear: 0 });
  assert.equal(allocate(measured, all, 0.25), { cheap: 0.5, dear: 0.5 });
  assert.equal(allocate(measured, all, 10), { cheap: 0.75, dear: 0.5 });
  assert.equal(allocate(measured, { cheap: 0, dear: 1 }, 0.25), { cheap: 0, dear: 0.5 });
});

test.run();
