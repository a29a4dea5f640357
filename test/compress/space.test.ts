import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { knownStarts, ORDERS, type Space, suggestStages } from '../../src/compress/space.ts';
import { stagesOf } from '../../src/pipeline.ts';
import type { Trial } from '../../src/search/index.ts';

const space: Space = {
  first: [],
  recipe: null,
  groups: [],
  epochs: 3,
  batch: 32,
  sensitivity: {},
  fewerBits: {},
  qat: true,
  augmentations: { none: null, shift: { shift: 2 } },
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
    suggestInt: (name: string, low: number) => answer(name, Math.max(1, low)),
  };
  return { trial: trial as unknown as Trial, names };
}

for (const order of ORDERS) {
  test(`${order}: how a network is trained is asked where it is quantized by then, and only there`, () => {
    const { trial, names } = asked({ order });
    const stages = suggestStages(trial, space);
    assert.is(stagesOf({ stages }).length, stages.length);
    const follows = (letter: string) => order.includes(letter) && order.indexOf('Q') < order.indexOf(letter);
    assert.is(names.includes('finetune.qat'), follows('P'));
    assert.is(names.includes('distill.qat'), follows('D'));
    for (const { stage, qat } of stages) {
      const trains = stage === 'finetune' || stage === 'distill';
      assert.is(qat, trains && follows(stage === 'distill' ? 'D' : 'P') ? 'learned' : undefined);
    }
  });
}

test('without quantization-aware training nothing is asked, and a quantized network is trained as float', () => {
  for (const start of knownStarts({ ...space, qat: false })) {
    const { trial, names } = asked(start);
    const stages = suggestStages(trial, { ...space, qat: false });
    assert.ok(!names.some((n) => n.endsWith('.qat')));
    const first = stages.findIndex(({ stage }) => stage === 'quantize');
    for (const { stage, qat } of stages.slice(first)) if (stage === 'distill') assert.is(qat, 'off');
    for (const name of Object.keys(start)) assert.ok(names.includes(name), `${start.order}: ${name}`);
  }
});

test('known starts name nothing that is not asked, and say how a quantized network is trained', () => {
  for (const start of knownStarts(space)) {
    const { trial, names } = asked(start);
    suggestStages(trial, space);
    for (const name of Object.keys(start)) assert.ok(names.includes(name), `${start.order}: ${name}`);
    for (const name of names.filter((n) => n.endsWith('.qat'))) assert.ok(name in start, `${start.order}: ${name}`);
  }
});

test('a recipe found before is tried first', () => {
  const recipe = [{ stage: 'prune', ratio: 0.5 }, { stage: 'quantize' }];
  const [start] = knownStarts({ ...space, recipe });
  assert.equal(suggestStages(asked(start).trial, { ...space, recipe }), recipe);
});

test.run();
