import type { Trial } from '../../src/search/index.ts';

/** A small conditional space and its objective, the same in the test and in the process that the test kills. */
export function space(trial: Trial): number {
  const x = trial.suggestFloat('x', -1, 1);
  const lr = trial.suggestFloat('lr', 1e-5, 1, { log: true });
  const width = trial.suggestInt('width', 8, 64, { step: 8 });
  const kind = trial.suggestCategorical('kind', ['a', 'b', null, 4, 2.5, true]);
  return x * x + lr + width / 64 + (kind === 'b' ? trial.suggestFloat('ratio', 0, 1, { step: 0.25 }) : 1);
}
