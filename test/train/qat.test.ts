import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demoModel } from '../../src/demo/model.ts';
import { distill } from '../../src/distill/index.ts';
import { evaluatePart } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph, Quantization } from '../../src/graph/graph.ts';
import { OPS } from '../../src/ops/index.ts';
import { type Recipe, runPipeline, stagesOf } from '../../src/pipeline.ts';
import { prune } from '../../src/prune/index.ts';
import { quantize, toInteger } from '../../src/quant/index.ts';
import { sharedScales } from '../../src/run/shared_scales.ts';
import type { Model } from '../../src/stage.ts';
import { withFakeQuantization } from '../../src/train/fake.ts';
import { finetune } from '../../src/train/index.ts';
import { compileTraining } from '../../src/train/program.ts';
import { close, floats, noise } from '../wasm/close.ts';
import { contextOf, data, heap, type Options } from './networks.ts';

const float: Model = { graph: importTflite(await demoModel()), facts: {} };
const context = contextOf(float, { seed: 2 });
const brief = { epochs: 0.4, batch: 64, learningRate: 0.002 } as const;
const quantized = async (weightBits: 4 | 8 = 8) => runPipeline(float, [quantize({ weightBits, examples: 128 })], context);
const before = { 8: await quantized(8), 4: await quantized(4) };
const tune = (options: Options) => finetune({ ...brief, ...options });
const bytes = ({ graph }: Model) => exportTflite(toInteger(graph));

const graphTensor = ({ tensors }: Graph, name: string): number => tensors.findIndex((t) => t.name === name);

/** Records by name of the tensor. */
const records = ({ tensors }: Graph): Map<string, Quantization> =>
  new Map(tensors.flatMap(({ name, quant }) => (quant ? [[name, quant]] : [])));

const scalesOf = ({ graph }: Model): number[] => [...records(graph).values()].flatMap((q) => [...q.scales]);

test('learned scales are what is exported: nothing is measured over them, and the next change ends that', async () => {
  const alone = await tune({ qat: 'learned' }).run(before[8], context);
  const piped = await runPipeline(before[8], [tune({ qat: 'learned' })], context);
  assert.is(piped.facts.learnedScales, true);
  assert.equal(records(piped.graph), records(alone.graph));
  assert.not.equal(records(piped.graph), records(before[8].graph));
  const read = importTflite(bytes(piped));
  for (const [name, { scales, zeros }] of records(piped.graph)) {
    const quant = read.tensors.find((t) => t.name === name)!.quant!;
    assert.equal([quant.scales, quant.zeros], [scales, zeros], name);
  }
  for (const stage of [tune({}), prune({ ratio: 0.3 }), quantize()]) {
    const { facts, graph } = await runPipeline(piped, [stage], context);
    assert.is(facts.learnedScales, undefined, stage.name);
    assert.not.equal(records(graph), records(piped.graph));
  }
  const fixed = await runPipeline(before[8], [tune({})], context);
  assert.not.equal(records(fixed.graph), records((await tune({}).run(before[8], context)).graph));
});

for (const weightBits of [8, 4] as const) {
  for (const optimizer of ['adam', 'adamw', 'sgd'] as const) {
    test(`${weightBits} bits, ${optimizer}: scales stay positive, zero points whole, what is shared shared, what is laid down as it was`, async () => {
      const { graph } = await tune({ qat: 'learned', optimizer, learningRate: 0.02 }).run(before[weightBits], context);
      const old = before[weightBits].graph;
      const root = sharedScales(graph);
      graph.tensors.forEach(({ name, quant, data: values }, t) => {
        assert.is(quant === null, old.tensors[t].quant === null, name);
        if (!quant) return;
        const { bits, zeros, axis } = old.tensors[t].quant!;
        assert.equal([quant.bits, quant.zeros, quant.axis], [bits, zeros, axis]);
        assert.ok(quant.scales.every((s) => s > 0 && s === Math.fround(s)) && quant.zeros.every(Number.isInteger), name);
        if (!values) assert.equal(quant, graph.tensors[root[t]].quant, name);
        // A weight that is cut off would be another one on the chip than while training.
        if (values && weightBits === 8)
          assert.ok(Math.max(...Array.from(values as Float32Array, Math.abs)) <= 127.01 * Math.max(...quant.scales));
      });
      for (const t of [graph.inputs[0], graph.outputs[0]]) assert.equal(graph.tensors[t].quant, old.tensors[t].quant);
      const integers = toInteger(graph).tensors.filter((t) => t.dtype === 'i8' && t.data);
      assert.ok(integers.every((t) => !(t.data as Int8Array).includes(-128)));
    });
  }
}

test('frozen ranges do not move', async () => {
  const scales = async (freezeRanges: number) => scalesOf(await tune({ qat: 'learned', freezeRanges }).run(before[8], context));
  assert.equal(await scales(1), scalesOf(before[8]));
  const [never, late] = [await scales(0), await scales(0.5)];
  assert.not.equal(late, never);
  assert.not.equal(late, scalesOf(before[8]));
});

test('off: the weights are those of the float network after the same training, and are quantized again', async () => {
  const off = await runPipeline(before[8], [tune({ qat: 'off' })], context);
  const bare: Model = { graph: withFakeQuantization(before[8].graph, 'off').graph, facts: {} };
  assert.ok(bare.graph.tensors.every((t) => t.quant === null));
  const plain = await tune({}).run(bare, context);
  for (const [i, t] of plain.graph.tensors.entries()) assert.equal(off.graph.tensors[i].data, t.data, t.name);
  assert.is(off.facts.quantize?.weightBits, 8);
  assert.not.equal(records(off.graph), records(before[8].graph));
  assert.not.equal(bytes(off), bytes(await runPipeline(before[8], [tune({})], context)));
});

test('a float network has nothing to learn: every qat is the same', async () => {
  const graphs = await Promise.all((['off', 'fixed', 'learned'] as const).map((qat) => tune({ qat }).run(float, context)));
  assert.equal(graphs[0].graph, graphs[1].graph);
  assert.equal(graphs[2].graph, graphs[1].graph);
  assert.equal(graphs[2].facts, {});
});

for (const weightBits of [8, 4] as const) {
  test(`${weightBits} bits, fixed: the record made after training has the scales of the forward pass`, async () => {
    const { graph } = await runPipeline(before[weightBits], [tune({})], context);
    heap.scope(() => {
      const fake = withFakeQuantization(graph, 'fixed').graph;
      const program = compileTraining(heap, fake, 1);
      program.forward(0);
      for (const { tensor, value } of program.constants) {
        const of = /^(.*)\/scales$/.exec(fake.tensors[tensor].name)?.[1];
        const weights = of && graph.tensors.find((t) => t.name === of && t.data && t.quant);
        if (weights) assert.equal(Array.from(floats(heap, value)), weights.quant!.scales, of);
      }
    });
  });
}

test('the same seed gives the same bytes', async () => {
  const stage = () => distill({ ...brief, qat: 'learned', freezeRanges: 0.2, teacher: 'original' });
  assert.equal(bytes(await runPipeline(before[4], [stage()], context)), bytes(await runPipeline(before[4], [stage()], context)));
});

test('a recipe replays it', async () => {
  const stages = [quantize({ weightBits: 4, examples: 128 }), tune({ qat: 'learned', freezeRanges: 0.25 })];
  const recipe: Recipe = { version: 1, seed: 2, stages: stages.map(({ name, options }) => ({ stage: name, ...options })) };
  const replayed = stagesOf(JSON.parse(JSON.stringify(recipe)));
  assert.is(replayed[1].options.qat, 'learned');
  assert.equal(bytes(await runPipeline(float, replayed, context)), bytes(await runPipeline(float, stages, context)));
});

test('weights held at zero stay there, and a narrower student has ranges of its own', async () => {
  const { graph } = before[4];
  const t = graph.tensors.findIndex((w) => w.data && w.quant && w.shape.length === 4);
  const mask = Uint8Array.from(graph.tensors[t].data as Float32Array, (_, i) => i % 2);
  const tensors = graph.tensors.with(t, {
    ...graph.tensors[t],
    mask,
    data: (graph.tensors[t].data as Float32Array).map((v, i) => v * mask[i]),
  });
  const masked = await tune({ qat: 'learned' }).run({ ...before[4], graph: { ...graph, tensors } }, context);
  assert.ok((masked.graph.tensors[t].data as Float32Array).every((v, i) => mask[i] || v === 0));
  const narrow = await distill({ ...brief, qat: 'learned', width: 0.5 }).run(before[8], context);
  assert.is(narrow.facts.learnedScales, true);
  assert.ok(toInteger(narrow.graph).nodes.length > 0);
});

/** LSQ by its definition (Esser et al. 2020, equation 3 and section 2.2): sum of dy times the slope, times 1 / sqrt(N * Q). */
function lsq(x: Float32Array, dy: Float32Array, scale: number, [low, high]: readonly number[], n: number, q: number): number {
  const slope = (t: number) => (t <= low ? low : t >= high ? high : Math.round(t) - t);
  return x.reduce((sum, v, i) => sum + dy[i] * slope(v / scale), 0) / Math.sqrt(n * q);
}

test('the row gives scales the gradient of LSQ and its scale: by weights that share one, by values of one example', () =>
  heap.scope(() => {
    const cases: {
      shape: number[];
      axis: number | null;
      range: [number, number];
      zero: number;
      constant: boolean;
      n: number;
      q: number;
    }[] = [
      { shape: [3, 2, 2, 5], axis: 0, range: [-8, 7], zero: 0, constant: true, n: 20, q: 8 },
      { shape: [1, 3, 3, 4], axis: 3, range: [-127, 127], zero: 0, constant: true, n: 9, q: 127 },
      { shape: [6, 10], axis: null, range: [-127, 127], zero: 0, constant: true, n: 60, q: 127 },
      { shape: [4, 3, 5], axis: null, range: [-128, 127], zero: -128, constant: false, n: 15, q: 255 },
      { shape: [4, 3, 5], axis: null, range: [-128, 127], zero: 17, constant: false, n: 15, q: 145 },
    ];
    for (const { shape, axis, range, zero, constant, n, q } of cases) {
      const size = shape.reduce((a, b) => a * b, 1);
      const [values, dys] = [noise(size, 'x'), noise(size, 'dy')];
      const channels = axis === null ? 1 : shape[axis];
      const scales = Float32Array.from({ length: channels }, (_, c) => (1.2 + c / 10) / (range[1] - range[0]));
      const operand = (t: ReturnType<typeof heap.tensor>) => ({ ...t, quant: null, data: constant ? values : null });
      const x = operand(heap.tensor('f32', shape, values));
      const s = { ...heap.tensor('f32', [channels], scales), quant: null, data: scales };
      const [y, dy] = [heap.tensor('f32', shape), heap.tensor('f32', shape, dys)];
      const dscales = heap.tensor('f32', [channels]);
      const call = {
        x: [x, s],
        y: [operand(y)],
        attrs: { range, zero, axis, measure: null },
        training: true,
        draws: null,
        saved: [],
      };
      OPS.fakeQuantize.float!.backward!(heap, { ...call, dy: [dy], dx: [null, dscales], fresh: [false, false] })();
      const inner = axis === null ? size : shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      const of = (all: Float32Array, c: number) => all.filter((_, i) => Math.floor(i / inner) % channels === c);
      const ends = [range[0] - zero, range[1] - zero];
      const want = Array.from(scales, (scale, c) => lsq(of(values, c), of(dys, c), scale, ends, n, q));
      close(floats(heap, dscales), want, 1e-4, `dscales of ${shape}`);
    }
  }));

test('ranges that cut off too much grow again', async () => {
  const { graph } = before[8];
  const narrow = graph.tensors.map((t) => {
    const scales = t.quant?.scales.map((s) => Math.fround(s / 8));
    return t.quant && scales && !t.data && !graph.inputs.includes(graphTensor(graph, t.name))
      ? { ...t, quant: { ...t.quant, scales } }
      : t;
  });
  const start: Model = { ...before[8], graph: { ...graph, tensors: narrow } };
  const after = await tune({ qat: 'learned', epochs: 2, learningRate: 0.01 }).run(start, context);
  const ratios = after.graph.tensors.flatMap((t, i) =>
    t.quant && !t.data && narrow[i] !== graph.tensors[i] ? [t.quant.scales[0] / narrow[i].quant!.scales[0]] : [],
  );
  const grown = ratios.filter((r) => r > 1.2).length;
  assert.ok(ratios.length > 5 && grown > ratios.length / 2, ratios.map((r) => r.toFixed(2)).join(' '));
  const accuracy = (m: Model) => evaluatePart(heap, toInteger(m.graph), data, 'test').accuracy!;
  assert.ok(accuracy(after) > accuracy(start) + 0.05, `${accuracy(start)} -> ${accuracy(after)}`);
});

test.run();
