import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { historyOf } from '../../src/compress/history.ts';
import { type CompressHost, type CompressOptions, type CompressResult, compress, nodePool } from '../../src/compress/index.ts';
import { allocate } from '../../src/compress/sensitivity.ts';
import type { Dataset } from '../../src/data/index.ts';
import { makeGestures } from '../../src/demo/gestures.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { CompressError } from '../../src/errors.ts';
import { exportTflite, importTflite } from '../../src/formats/tflite/index.ts';
import { profile } from '../../src/mcu/index.ts';
import { asStored, loadModel } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize } from '../../src/quant/index.ts';
import { parseHistory } from '../../src/report/index.ts';
import { sha256 } from '../../src/digest.ts';
import { MemoryArtifacts, MemoryStorage } from '../../src/study/index.ts';
import { Heap } from '../../src/wasm/heap.ts';

const small: Dataset = {
  ...gestures(),
  train: makeGestures(240, 5, 'train'),
  validation: makeGestures(180, 5, 'validation'),
  test: makeGestures(180, 5, 'test'),
};
const model = await loadModel(await demoModel());
const options = { target: 'stm32l476rg', maxDrop: 0.05, trials: 12, epochs: 2, seed: 3 };

async function finished(
  host: CompressHost,
  changed: Partial<CompressOptions> = {},
  data = small,
  given = model,
): Promise<CompressResult> {
  const run = compress(given, data, { ...options, ...changed }, host);
  for (;;) {
    const step = await run.next();
    if (step.done) return step.value;
  }
}

const file = new URL('./ts_worker.mjs', import.meta.url);
const threads = (size: number): CompressHost => ({ pool: (context) => nodePool(context, size, { file }) });

test('the same bytes in this thread, with one worker and with two', async () => {
  const results = [await finished({}), await finished(threads(1)), await finished(threads(2))];
  const hashes = await Promise.all(results.map((r) => sha256(r.tflite)));
  assert.is(new Set(hashes).size, 1, hashes.join(' '));
  assert.equal(results[2].trials, results[0].trials);
  const history = historyOf(results[0], model, small, { title: 'test', command: 'thumbnet', version: '0', notes: [] });
  assert.equal(parseHistory(JSON.stringify(history)), history);
  assert.ok(results[0].result.flashBytes <= results[0].ptq.flashBytes);
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

test('a study that ended early goes on and comes to the same result', async () => {
  const host = { storage: new MemoryStorage(), artifacts: new MemoryArtifacts() };
  await finished(host, { trials: 5 });
  const resumed = await finished({ ...host, resume: true });
  assert.is(await sha256(resumed.tflite), await sha256((await finished({})).tflite));
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
  await isRefused(finished(again, { epochs: 1 }), /begun with epochs 2, not 1/);
  await isRefused(finished(again, {}, { ...small, train: makeGestures(240, 6, 'train') }), /begun with other data/);
  const scaled = { ...small, normalization: { ...small.normalization, scale: 2 } };
  await isRefused(finished(again, {}, scaled), /begun with other data/);
  const [first] = model.graph.tensors.filter((t) => t.data).map((t) => t.data!);
  const before = first[0];
  first[0] = 0.125;
  await isRefused(finished(again), /begun with another model/).finally(() => {
    first[0] = before;
  });
  // The same, told otherwise.
  await finished(again, { trials: 2, target: 'nucleo-l476rg', epochs: 2 });
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
  const { trials, result } = await finished({}, { timeMs: 1 });
  assert.is(trials.length, 1);
  assert.ok(result.accuracy! > 0.5);
});

test('what does not fit is told with its limit', async () => {
  await finished({}, { maxLatencyMs: 0.001, trials: 2 }).then(
    () => assert.unreachable(),
    (e) => {
      assert.is(e.code, 'does-not-fit');
      assert.match(e.message, /ms of latency where 0.001 ms is the limit/);
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
