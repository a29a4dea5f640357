import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dataset } from '../../src/data/index.ts';
import { sha256 } from '../../src/digest.ts';
import { distill } from '../../src/distill/index.ts';
import { CompressError } from '../../src/errors.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import type { CheckpointStore, Context, Model, Stage } from '../../src/stage.ts';
import { finetune } from '../../src/train/index.ts';
import { autoencoder, autoencoding, contextOf, data, network, type Options } from './networks.ts';

class MemoryStore implements CheckpointStore {
  bytes: Uint8Array | null = null;
  writes = 0;
  read = async () => this.bytes?.slice() ?? null;
  write = async (bytes: Uint8Array) => {
    this.bytes = bytes.slice();
    this.writes++;
  };
}

/** Aborted from the moment on that it was asked `steps` times, which training does once a step. */
function abortAfter(steps: number): AbortSignal {
  let asked = 0;
  let aborted = false;
  const ask = () => {
    aborted ||= ++asked >= steps;
    return aborted;
  };
  return {
    get aborted() {
      return ask();
    },
    throwIfAborted() {
      if (aborted) throw new DOMException('stopped', 'AbortError');
    },
  } as AbortSignal;
}

const digestOf = (graph: Graph): Promise<string> => sha256(...graph.tensors.flatMap((t) => t.data ?? []));

const steps = (epochs: number, batch: number) => Math.ceil(epochs * Math.floor(data.train!.count / batch));

const start: Model = { graph: network(), facts: {} };
const run = async (stage: Stage, over: Partial<Context> = {}, model = start) =>
  digestOf((await stage.run(model, contextOf(model, over))).graph);

async function refused(work: Promise<unknown>): Promise<CompressError> {
  const error = await work.then(
    () => null,
    (e) => e,
  );
  assert.instance(error, CompressError);
  return error;
}

/** Stopped after each of `stops` steps, begun again each time, ended: the digest, and how often the state was written. */
async function interrupted(
  stage: () => Stage,
  stops: readonly number[],
  model = start,
  over: Partial<Context> = {},
): Promise<MemoryStore & { digest: string }> {
  const checkpoint = new MemoryStore();
  for (const stop of stops) {
    const error = await run(stage(), { ...over, checkpoint, signal: abortAfter(stop) }, model).catch((e) => e);
    assert.is(error?.name, 'AbortError');
    assert.ok(checkpoint.bytes);
  }
  return Object.assign(checkpoint, { digest: await run(stage(), { ...over, checkpoint }, model) });
}

const everything: Options = {
  epochs: 2.5,
  batch: 64,
  learningRate: 0.01,
  ema: 0.9,
  patience: 5,
  augment: { shift: 4, jitter: 0.1, mixup: 0.4 },
  labelSmoothing: 0.1,
};
const perEpoch = steps(1, 64);

for (const optimizer of ['adam', 'adamw', 'sgd'] as const) {
  test(`${optimizer}: stopped anywhere and begun again, it ends with the bytes of one that was not`, async () => {
    const stage = () => finetune({ ...everything, optimizer });
    const whole = await run(stage());
    for (const stops of [[1], [perEpoch - 1, 1, 1], [perEpoch + 3], [2 * perEpoch, 2]]) {
      assert.is((await interrupted(stage, stops)).digest, whole, `stopped after ${stops} steps`);
    }
  });
}

test('without an interruption a checkpoint changes nothing; it is written once an epoch, and an ended training is there at once', async () => {
  const stage = () => finetune(everything);
  const checkpoint = new MemoryStore();
  const whole = await run(stage(), { checkpoint });
  assert.is(whole, await run(stage()));
  assert.is(checkpoint.writes, 3);
  assert.is(await run(stage(), { checkpoint }), whole);
  assert.is(checkpoint.writes, 3);
});

test('a training that stopped by the validation part stays stopped', async () => {
  const stage = () => finetune({ epochs: 40, batch: 64, learningRate: 0.02, schedule: 'constant', warmup: 0, patience: 1 });
  const whole = await run(stage());
  const { digest, writes } = await interrupted(stage, [perEpoch + 1]);
  assert.is(digest, whole);
  assert.ok(writes < 40);
});

test('distillation and autoencoders continue as well; a quantized pipeline gives the same file', async () => {
  const student = () => distill({ epochs: 1, batch: 64, width: 0.5 });
  assert.is((await interrupted(student, [5, 5])).digest, await run(student()));
  const auto: Model = { graph: autoencoder(), facts: {} };
  const stage = () => finetune({ epochs: 1, batch: 64 });
  const task = autoencoding;
  assert.is((await interrupted(stage, [7], auto, { task })).digest, await run(stage(), { task }, auto));
  const file = async (over: Partial<Context>) =>
    exportTflite(toInteger((await runPipeline(start, [quantize({ examples: 64 }), stage()], contextOf(start, over))).graph));
  const checkpoint = new MemoryStore();
  // Measuring ranges asks the signal now and then as well: it is stopped somewhere within the training.
  const stopped = await file({ checkpoint, signal: abortAfter(12) }).catch((e) => e);
  assert.is(stopped.name, 'AbortError');
  assert.ok(checkpoint.bytes);
  assert.equal(await file({ checkpoint }), await file({}));
});

for (const qat of ['fixed', 'learned'] as const) {
  test(`a quantized network with ${qat} ranges continues as well, its scales with it`, async () => {
    const quantized = await runPipeline(start, [quantize({ examples: 64 })], contextOf(start));
    const hints = [{ student: 'mean_1' }];
    const stage = () => distill({ ...everything, epochs: 1.5, qat, freezeRanges: 0.3, hints, teacher: 'both' });
    const file = async (over: Partial<Context>) =>
      exportTflite(toInteger((await stage().run(quantized, contextOf(start, over))).graph));
    const checkpoint = new MemoryStore();
    for (const stop of [perEpoch - 2, 4]) {
      const stopped = await file({ checkpoint, signal: abortAfter(stop) }).catch((e) => e);
      assert.is(stopped.name, 'AbortError');
    }
    assert.equal(await file({ checkpoint }), await file({}));
  });
}

test('what differs from the beginning is named', async () => {
  const stage = (over: Options = {}) => finetune({ epochs: 1, batch: 64, ...over });
  const checkpoint = new MemoryStore();
  await run(stage(), { checkpoint, signal: abortAfter(3) }).catch(() => {});
  const kept = checkpoint.bytes;
  const cases: [() => Promise<unknown>, RegExp][] = [
    [() => run(stage({ learningRate: 0.002 }), { checkpoint }), /learningRate 0.001, not 0.002/],
    [() => run(stage({ augment: { shift: 2 } }), { checkpoint }), /augment none, not \{"shift":2\}/],
    [() => run(stage(), { checkpoint, seed: 6 }), /seed 5, not 6/],
    [() => run(stage(), { checkpoint }, { graph: trainedBy(start.graph), facts: {} }), /another model/],
    [() => run(stage(), { checkpoint, data: { ...data, train: relabelled(data) } }), /other data/],
    [() => run(distill({ epochs: 1, batch: 64 }), { checkpoint }), /finetune, not distill/],
  ];
  for (const [work, message] of cases) {
    const error = await refused(work());
    assert.is(error.code, 'bad-option');
    assert.match(error.message, message);
  }
  assert.equal(checkpoint.bytes, kept);
});

const trainedBy = (graph: Graph): Graph => ({
  ...graph,
  tensors: graph.tensors.map((t) => (t.data ? { ...t, data: (t.data as Float32Array).map((v) => v * 1.5) } : t)),
});

const relabelled = ({ train }: Dataset) => ({ ...train!, y: train!.y!.with(0, (train!.y![0] + 1) % 6) });

test('one checkpoint is for one training', async () => {
  const stages = [finetune({ epochs: 1 }), distill({ epochs: 1 })];
  const error = await refused(runPipeline(start, stages, contextOf(start, { checkpoint: new MemoryStore() })));
  assert.is(error.code, 'bad-option');
  assert.match(error.message, /2 stages that train/);
});

test('another teacher is refused', async () => {
  const stage = () => distill({ epochs: 1, batch: 64, teacher: 'original' });
  const checkpoint = new MemoryStore();
  await run(stage(), { checkpoint, signal: abortAfter(3) }).catch(() => {});
  const other: Model = { graph: trainedBy(start.graph), facts: {} };
  assert.match((await refused(run(stage(), { checkpoint, original: other }))).message, /another teacher/);
});

test('a file that is cut off, damaged or none of ours is refused', async () => {
  const stage = () => finetune({ epochs: 1, batch: 64 });
  const checkpoint = new MemoryStore();
  await run(stage(), { checkpoint, signal: abortAfter(3) }).catch(() => {});
  const { bytes } = checkpoint;
  const length = bytes!.length;
  const outcome = async (changed: Uint8Array) => {
    checkpoint.bytes = changed;
    const error = await refused(run(stage(), { checkpoint }));
    assert.is(error.code, 'bad-file');
    return error.message;
  };
  for (const end of [25, 40, length >> 1, length - 1]) assert.match(await outcome(bytes!.subarray(0, end)), /damaged or cut off/);
  for (const at of [24, 60, length >> 1, length - 1]) assert.match(await outcome(bytes!.with(at, bytes![at] ^ 4)), /damaged/);
  assert.match(await outcome(new Uint8Array(0)), /no checkpoint/);
  assert.match(await outcome(new TextEncoder().encode('TFL3 or something else')), /no checkpoint/);
});

test.run();
