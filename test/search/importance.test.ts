import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importances, RandomSampler, Study, type Trial } from '../../src/search/index.ts';

const space = (t: Trial) => ({
  much: t.suggestFloat('much', 1e-4, 1, { log: true }),
  little: t.suggestInt('little', 0, 40),
  none: t.suggestFloat('none', -1, 1),
  kind: t.suggestCategorical('kind', ['a', 'b', 'c']),
  only: t.suggestInt('only', 3, 3),
  rare: t.params.kind === 'b' ? t.suggestFloat('rare', 0, 1) : 0,
});

async function run(trials: number): Promise<Study> {
  const study = new Study({ sampler: new RandomSampler(), directions: ['minimize', 'maximize'], seed: 5 });
  for (let i = 0; i < trials; i++) {
    const trial = (await study.ask(space))!;
    const { much, little, kind } = trial.point;
    const loss = (Math.log10(much) + 2) ** 2 + 0.3 * (little / 20 - 1) ** 2;
    await study.tell(trial, [loss, kind === 'c' ? 1 + loss : loss], { constraints: [i % 7 === 0 ? 1 : 0] });
  }
  return study;
}

test('parameters that decide rank above those that do not, for each objective', async () => {
  const study = await run(400);
  const first = importances(study);
  assert.equal(Object.keys(first).slice(0, 2), ['much', 'little']);
  assert.ok(first.much > 0.5, JSON.stringify(first));
  assert.ok(first.none < 0.1 && first.kind < 0.1, JSON.stringify(first));
  assert.not('only' in first);
  const sum = Object.values(first).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - 1) < 1e-12);
  const second = importances(study, 1);
  assert.ok(second.kind > 3 * second.none, JSON.stringify(second));
});

test('too few trials and an objective that is not there are refused', async () => {
  const study = await run(19);
  assert.throws(() => importances(study), /19 complete trials do not show what is important/);
  assert.throws(() => importances(study, 2), /there is no objective 2/);
});

test.run();
