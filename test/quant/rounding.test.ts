/** Rounding by what layers answer, schemes and calibrators. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { settled } from '../../src/prune/settle.ts';
import { describeChanges } from '../../src/quant/changes.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { answersOf, outputError } from '../../src/quant/output_error.ts';
import { errorBy, type Histogram, klRange, movingAverageRange, recordOf } from '../../src/quant/range.ts';
import { layerOf } from '../../src/run/layers.ts';
import { drawExamples } from '../../src/run/observe.ts';
import type { Model } from '../../src/stage.ts';
import { pack, unpack } from '../../src/study/packed.ts';
import { finetune } from '../../src/train/index.ts';
import { contextOf, data, heap, network } from '../train/networks.ts';

type Options = NonNullable<Parameters<typeof quantize>[0]>;
const given: Model = { graph: network(), facts: {} };
/** A little trained: layers of random weights answer nearly the same to everything. */
const model = await runPipeline(given, [finetune({ epochs: 0.5, batch: 32 })], contextOf(given));
const quantized = (options: Options, from = model) =>
  runPipeline(from, [quantize({ examples: 64, ...options })], contextOf(from));

const examples = drawExamples(data, 128, 77, 'test/answers');
const errorOf = ({ graph }: Model) =>
  outputError(answersOf(heap, toInteger(graph), examples), answersOf(heap, model.graph, examples), examples.order.length);

const weights = ({ nodes, tensors }: Graph): Tensor[] => nodes.flatMap((n) => tensors[layerOf(n)?.weights ?? -1] ?? []);

test('4 bits: each way of rounding answers nearer to the floats than the one before', async () => {
  const plain = { weightBits: 4, biasCorrection: 'off', equalize: 'off' } as const;
  const [nearest, gptq, learned] = await Promise.all(
    (['nearest', 'gptq', 'learned'] as const).map(async (rounding) => errorOf(await quantized({ ...plain, rounding }))),
  );
  assert.ok(gptq < 0.6 * nearest && learned < 1.2 * gptq, `${nearest} ${gptq} ${learned}`);
  assert.is(errorOf(await quantized({ ...plain, rounding: 'auto' })), learned);
});

for (const rounding of ['gptq', 'learned'] as const) {
  for (const bits of [4, 8] as const) {
    test(`${rounding}, ${bits} bits: whole steps within range, masks hold, the same again`, async () => {
      const masked = await runPipeline(model, [prune({ kind: 'weights', ratio: 0.5 })], contextOf(model));
      const { graph } = await quantized({ weightBits: bits, rounding }, masked);
      const [low, high] = bits === 4 ? [-8, 7] : [-127, 127];
      for (const { data: values, quant, shape, mask, name } of weights(graph)) {
        const inner = values!.length / (quant!.axis === null ? 1 : shape.slice(0, quant!.axis + 1).reduce((a, b) => a * b, 1));
        (values as Float32Array).forEach((w, i) => {
          const q = w / quant!.scales[Math.floor(i / inner) % quant!.scales.length];
          assert.ok(Math.abs(q - Math.round(q)) < 1e-4 && q > low - 0.5 && q < high + 0.5, `${name}: ${q}`);
          if (mask && !mask[i]) assert.is(w, 0);
        });
      }
      const again = await quantized({ weightBits: bits, rounding }, masked);
      assert.equal(
        weights(again.graph).map((t) => t.data),
        weights(graph).map((t) => t.data),
      );
    });
  }
}

test('a stage that changes weights begins with those before rounding, in one pipeline, in several and from packed bytes', async () => {
  const plain = { weightBits: 4, biasCorrection: 'off', equalize: 'off' } as const;
  const rounded = await quantized({ ...plain, rounding: 'learned' });
  const nearest = await quantized({ ...plain, rounding: 'nearest' });
  const bytes = ({ graph }: Model) => pack(graph);
  for (const stage of [finetune({ epochs: 0.1, batch: 32, qat: 'learned' }), prune({ ratio: 0.3 })]) {
    const then = (from: Model) => runPipeline(from, [stage], contextOf(model)).then(bytes);
    const found = await then(rounded);
    assert.equal(found, await then(nearest));
    assert.equal(found, await then(unpack(pack(rounded)) as Model));
    const stages = [quantize({ examples: 64, ...plain, rounding: 'learned' }), stage];
    assert.equal(found, bytes(await runPipeline(model, stages, contextOf(model))));
    // A stage that leaves all as it is leaves the rounding too.
    const same = await runPipeline(rounded, [prune({ ratio: 0 })], contextOf(model));
    assert.is(same.graph, rounded.graph);
  }
});

test('settled: the error that rounding one column makes is taken over by the others', () => {
  const n = 3;
  const h = Float64Array.of(2, 1.9, 0.1, 1.9, 2, 0.1, 0.1, 0.1, 1);
  const target = Float64Array.of(0.4, 0.4, 0.2);
  const off = (w: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) sum += (w[i] - target[i]) * h[i * n + k] * (w[k] - target[k]);
    return sum;
  };
  const found = settled(heap, { h, n, target, columns: 2, allow: (_row, _column, v) => Math.round(v) });
  assert.equal(Array.from(found.subarray(0, 2)).sort(), [0, 1]);
  assert.ok(off(found) < off([0, 0, 0.2]));
});

const skewed: Histogram = {
  low: -1,
  high: 15,
  counts: Int32Array.from({ length: 2048 }, (_, i) => (i < 512 ? 1000 + 900 * (i % 2) : i === 2047 ? 1 : 0)),
  batches: [
    [-1, 3],
    [-0.9, 3.1],
    [-1, 15],
  ],
};

test('kl leaves out a value far away, and keeps all of an even spread', () => {
  const [low, high] = klRange(skewed, 8);
  assert.ok(low >= -1 && high >= 2.9 && high < 8, `${low} ${high}`);
  const even = { low: -2, high: 2, counts: new Int32Array(2048).fill(100) };
  assert.equal(klRange(even, 8), [-2, 2]);
  assert.equal(klRange(skewed, 16), [-1, 15]);
});

test('moving average: one batch moves a range by a tenth', () => {
  const [low, high] = movingAverageRange(skewed);
  assert.ok(Math.abs(low + 0.999 + 0) < 0.01 && Math.abs(high - (0.9 * 3.01 + 1.5)) < 1e-9, `${low} ${high}`);
});

test('symmetric where asked for, or where it errs no more', async () => {
  const zeros = ({ graph }: Model) => graph.tensors.filter((t) => t.quant && !t.data).map((t) => t.quant!.zeros[0]);
  const symmetric = await quantized({ activationScheme: 'symmetric' });
  assert.ok(zeros(symmetric).filter((z) => z === 0).length >= zeros(symmetric).length - 1);
  assert.ok(zeros(await quantized({ activationScheme: 'asymmetric' })).some((z) => z < -100));
  assert.ok(zeros(await quantized({ activationScheme: 'auto' })).some((z) => z < -100));
  assert.equal(recordOf([-1, 0.5], 8, true).zeros, [0]);
  const both = { low: -1, high: 1, counts: new Int32Array(100).fill(1) };
  const [s, a] = [true, false].map((is) => errorBy(both, recordOf([-1, 1], 8, is)).error);
  assert.ok(s < 1.1 * a);
});

test('one scale for each tensor: integers, file and floats agree', async () => {
  const { graph } = await quantized({ weightScheme: 'tensor' });
  assert.ok(weights(graph).every((t) => t.quant!.scales.length === 1 && t.quant!.axis === null));
  assert.ok(errorOf({ graph, facts: {} }) < 0.1);
});

test('ranges chosen again after a cut are told, with what that gained', async () => {
  const cut = await runPipeline(await quantized({}), [prune({ ratio: 0.5, reconstruct: 'none' })], contextOf(model));
  const changes = cut.facts.rangeChanges!;
  assert.ok(changes.length > 3);
  for (const { errorBefore, errorAfter, tensor } of changes)
    assert.ok(errorAfter <= 1.2 * errorBefore, `${tensor}: ${errorBefore} ${errorAfter}`);
  assert.match(describeChanges(changes)!, /ranges chosen again for \d+ tensors.* dB less error/);
  assert.is(describeChanges([]), null);
});

test.run();
