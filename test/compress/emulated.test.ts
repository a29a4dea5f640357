import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { choose } from '../../src/compress/choice.ts';
import { COUNTED, Emulated } from '../../src/compress/emulated.ts';
import { type Figures, figuresOf } from '../../src/compress/figures.ts';
import { compress } from '../../src/compress/index.ts';
import { goalOf, standardOf, worthOf } from '../../src/compress/judge.ts';
import { Kept } from '../../src/compress/kept.ts';
import { checkSettings } from '../../src/compress/options.ts';
import type { Plain } from '../../src/compress/prepare.ts';
import { toUserAttrs } from '../../src/compress/tree.ts';
import { demoModel, gestures } from '../../src/demo/index.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { findTarget, profile } from '../../src/mcu/index.ts';
import { loadModel } from '../../src/model.ts';
import { newRecord } from '../../src/search/record.ts';
import { MemoryArtifacts } from '../../src/study/index.ts';
import type { Task } from '../../src/task/index.ts';
import { layersGraph } from '../c/layers.ts';

const target = findTarget('stm32l476rg');
const task: Task = {
  ...{ name: 'classification', output: 0, outputName: 'y', places: 1, width: 2, isIndex: false, logits: true },
  ...{ input: 0, classNames: null, metric: 'accuracy' },
};
const base: Figures = {
  ...{ flashBytes: 1000, ramBytes: 100, latencyMs: 10, energyUj: 50, macs: 2000, weightBytes: 400 },
  ...{ accuracy: 0.9, quality: 0.9, score: 0.9 },
};

/** Six candidates, each modelled faster than the next, beside plain int8. */
async function candidates(maxLatencyMs?: number) {
  const settings = checkSettings({ target: target.name, maxDrop: 0.1, maxLatencyMs });
  const goal = goalOf(target, settings, base, standardOf(task, settings, 0.91));
  const graphs = Array.from({ length: 6 }, (_, i) =>
    layersGraph([{ op: 'fullyConnected', x: [1, 8], w: [4 + i, 8], activation: 'relu' }], i),
  );
  const kept = new Kept(new MemoryArtifacts());
  const records = await Promise.all(
    graphs.map(async (graph, i) => {
      const tflite = exportTflite(graph);
      const figures = { ...base, latencyMs: 1 + i };
      const candidate = { stages: [], figures, margin: 0, tflite, packed: tflite };
      const made = await kept.facts(
        { candidate, spares: [], walked: null, held: null, samples: 1, macs: 1 } as unknown as Parameters<Kept['facts']>[0],
        { from: null, round: 0, plan: null } as unknown as Parameters<Kept['facts']>[1],
      );
      const record = newRecord(i, 'complete');
      record.values = [worthOf(figures, 0, goal)];
      for (const [name, value] of Object.entries(toUserAttrs(made))) record.userAttrs.set(name, value);
      return record;
    }),
  );
  const plain = { figures: base, margin: 0, stages: [], value: 1, tflite: exportTflite(graphs[0]) } as unknown as Plain;
  return { goal, all: { records, plain, goal, kept } };
}

/** Trial i takes `factors[i]` times the modelled instructions; those behind the list, what is modelled. */
async function chosen(factors: readonly number[], maxLatencyMs?: number) {
  const { goal, all } = await candidates(maxLatencyMs);
  let next = 0;
  const emulated = new Emulated(
    async (graph, chip) => Math.round(profile(graph, chip).instructions * (factors[next++] ?? 1)),
    goal,
  );
  const { choice } = await choose(all, { check: null, emulated }, () => {});
  return { trial: choice.trial, reports: emulated.reports };
}

test('the best candidates are ordered by counted instructions', async () => {
  assert.is((await chosen([1, 1, 1, 1, 1])).trial, 0);
  const { trial, reports } = await chosen([9, 9, 1, 1, 1]);
  assert.is(trial, 2);
  assert.equal(
    reports.map((r) => r.trial),
    [0, 1, 2, 3, 4],
  );
  assert.is(reports.length, COUNTED);
  assert.ok(reports[0].instructions > 8 * reports[0].modelled);
  assert.ok(Math.abs(reports[0].latencyMs[1] / reports[0].latencyMs[0] - 9) < 0.2);
});

test('more are counted where none of them keeps a limit then', async () => {
  const { trial, reports } = await chosen([100, 100, 100, 100, 100], 8);
  assert.is(trial, 5);
  assert.ok(reports.length > COUNTED);
});

test('without a counter, or for a runtime that is not counted, it is refused before the work', async () => {
  const model = await loadModel(await demoModel());
  for (const [more, wanted] of [
    [{}, /nothing here counts/],
    [{ runtime: 'tflm' }, /the runtime is tflm/],
    [{ runtime: 'tflm', evaluate: 'model', trade: 'ram' }, /trade ram is one of C that Thumbnet writes/],
  ] as const) {
    const given = { target: target.name, evaluate: 'emulator', ...more } as const;
    const refused = await compress(model, gestures(), given)
      .next()
      .catch((e) => e);
    assert.match(refused.message, wanted);
  }
});

test('figures are those of what generated C gives up, and the counter is told', async () => {
  const spec = { op: 'depthwiseConv2d', x: [1, 16, 16, 16], w: [1, 3, 3, 16], activation: 'relu' } as const;
  const graph = layersGraph([spec, spec, spec], 1, true);
  const of = (trade: 'balanced' | 'ram') => figuresOf(graph, target, checkSettings({ target: target.name, trade }), null);
  assert.is(of('ram').ramBytes, profile(graph, target, { trade: 'ram' }).ramBytes);
  assert.ok(of('ram').ramBytes < of('balanced').ramBytes);
  const goal = goalOf(
    target,
    checkSettings({ target: target.name, trade: 'ram' }),
    base,
    standardOf(task, checkSettings({ target: target.name }), 0.91),
  );
  const told: string[] = [];
  await new Emulated(async (_, __, trade) => told.push(trade), goal).figures(0, exportTflite(graph), base);
  assert.equal(told, ['ram']);

  const filters = layersGraph([{ op: 'conv2d', x: [1, 8, 8, 16], w: [16, 3, 3, 16], activation: 'relu' }], 1);
  const [usual, fast] = (['balanced', 'speed'] as const).map((trade) =>
    figuresOf(filters, target, checkSettings({ target: target.name, trade }), null),
  );
  assert.ok(fast.latencyMs < 0.8 * usual.latencyMs, `${fast.latencyMs} of ${usual.latencyMs} ms`);
  assert.ok(fast.flashBytes > 2 * usual.flashBytes, `${fast.flashBytes} of ${usual.flashBytes} bytes`);
});

test.run();
