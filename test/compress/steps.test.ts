import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { knownStarts } from '../../src/compress/starts.ts';
import { type Plan, type Space, suggestAgain, suggestStart, trainStage } from '../../src/compress/steps.ts';
import { stagesOf } from '../../src/pipeline.ts';
import type { Trial } from '../../src/search/index.ts';

const space: Space = {
  groups: ['a', 'b', 'c', 'd'],
  blocks: true,
  separable: true,
  mixed: true,
  qat: true,
  outside: {},
  augmentations: { shift: { shift: 2 }, 'shift, blend': { shift: 2, mixup: 0.5 }, none: null },
};

/** Answers with what is given, else with the first or lowest, and remembers what it was asked for. */
function asked(given: Readonly<Record<string, unknown>>): { trial: Trial; names: string[] } {
  const names: string[] = [];
  const answer = (name: string, otherwise: unknown) => {
    names.push(name);
    return given[name] ?? otherwise;
  };
  const trial = {
    suggestCategorical: (name: string, choices: readonly unknown[]) => answer(name, choices[0]),
    suggestFloat: (name: string, low: number) => answer(name, low),
    suggestInt: (name: string, low: number) => answer(name, low),
  };
  return { trial: trial as unknown as Trial, names };
}

for (const [what, over] of [
  ['', {}],
  ['without 4 bits', { mixed: false }],
  ['without quantization-aware training', { qat: false }],
] as const) {
  test(`known starts ${what}: they name all that is asked, and nothing else`, () => {
    const sets = knownStarts({ ...space, ...over }, { samples: 150_000, parallel: 8 }, 2000);
    assert.is(sets.length, 18);
    for (const set of sets.filter((s) => Object.keys(s).length)) {
      const again = 'again.cut' in set;
      const { trial, names } = asked(set);
      if (again) suggestAgain(trial, { ...space, ...over }, {} as Plan);
      else suggestStart(trial, { ...space, ...over });
      assert.equal([...names].sort(), Object.keys(set).sort());
    }
  });
}

test('an arm that goes on has more steps where each sees few examples often', () => {
  const steps = (examples: number) => {
    const sets = knownStarts(space, { samples: 50_000, parallel: 2 }, examples).filter((s) => s['again.node'] === 'candidate');
    return Math.max(...sets.map((s) => Number(s['again.steps'])));
  };
  assert.is(steps(300), 4);
  assert.is(steps(500), 3);
  assert.is(steps(5000), 2);
});

test('bits are asked only where some may have 4, and stay where nothing else is chosen', () => {
  const plan = suggestStart(asked({ bits: 'mixed', fewerBits: 0.02 }).trial, space);
  assert.is(plan.fewerBits, 0.02);
  assert.is(suggestAgain(asked({}).trial, space, plan).plan.fewerBits, 0.02);
  assert.is(suggestStart(asked({ bits: 'mixed' }).trial, { ...space, mixed: false }).fewerBits, null);
});

test('options of stages are asked by the ranges of their schemas', () => {
  const { trial, names } = asked({});
  suggestStart(trial, space);
  for (const name of ['prune.criterion', 'distill.temperature', 'distill.weight', 'distill.learningRate', 'quantize.calibrator'])
    assert.ok(names.includes(name), name);
});

test('a training: a short one of a network that lost little has small steps', () => {
  const plan = suggestStart(asked({ 'distill.learningRate': 0.004 }).trial, space);
  const stage = (steps: number, loss: number, round = 0) =>
    trainStage(plan, { epochs: 1, batch: 32, round, steps, loss, quantized: round > 0 });
  const rate = (steps: number, loss: number) => stage(steps, loss).learningRate as number;
  assert.is(rate(600, 0), 0.004);
  assert.is(rate(150, 0), 0.002);
  assert.is(rate(6, 0.2), 0.004);
  assert.is(rate(1, 0), 0.0002);
  assert.is(stage(600, 0).round, undefined);
  const second = stage(600, 0, 2);
  assert.equal([second.round, second.qat], [2, 'learned']);
  assert.is(stagesOf({ stages: [second] })[0].name, 'distill');
});

test('whole blocks may go where there are any, and only in plans that say so', () => {
  assert.is(suggestStart(asked({}).trial, space).blocks, null);
  assert.is(suggestStart(asked({ blocks: true, blockChange: 0.3 }).trial, space).blocks, 0.3);
  const { trial, names } = asked({ blocks: true });
  assert.is(suggestStart(trial, { ...space, blocks: false }).blocks, null);
  assert.not.ok(names.includes('blocks') || names.includes('blockChange'));
  assert.ok(knownStarts(space, { samples: 150_000, parallel: 8 }, 2000).some((start) => start.blocks === true));
  assert.is(suggestStart(asked({ separable: true }).trial, space).separable, true);
  assert.is(suggestStart(asked({ separable: true }).trial, { ...space, separable: false }).separable, false);
});

test.run();
