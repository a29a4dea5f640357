import * as assert from 'uvu/assert';
import { type RunningTrial, Study, type StudyOptions, type Trial } from '../../src/search/index.ts';

/** A space of every kind of parameter, some of them conditional. */
export function suggest(trial: Trial): number {
  const lr = trial.suggestFloat('lr', 1e-5, 1, { log: true });
  const width = trial.suggestInt('width', 8, 512, { log: true });
  const ratio = trial.suggestFloat('ratio', 0, 0.9, { step: 0.15 });
  const epochs = trial.suggestInt('epochs', 1, 9, { step: 2 });
  trial.suggestInt('only', 3, 3);
  let loss = Math.abs(Math.log10(lr) + 2) + Math.abs(ratio - 0.6) + Math.abs(Math.log2(width) - 6) / 4 + epochs / 20;
  if (trial.suggestCategorical('quant', ['off', 'on']) === 'on') {
    const bits = trial.suggestCategorical('bits', [2, 4, 8, null]);
    loss += bits === 4 ? -1 : 0;
    if (bits !== null) loss += trial.suggestFloat('range', -1, 1) ** 2;
  }
  return loss;
}

export const allParams = (study: Study) => JSON.stringify(study.trials.map((t) => t.params));

export const feasible = (params: RunningTrial<unknown>['params']) => [0.2 - (params.ratio as number)];

export async function runInOrder(options: StudyOptions, trials: number): Promise<Study> {
  const study = new Study(options);
  for (let i = 0; i < trials; i++) {
    const { number, point: loss, params } = (await study.ask(suggest))!;
    const several = options.directions && options.directions.length > 1;
    await study.tell(number, several ? [loss, -loss * number] : loss, { constraints: feasible(params) });
  }
  return study;
}

/** A space without parameters. */
export const nothing = () => null;

/** That the work is refused as a bad option, with a fix. */
export async function isRefused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => assert.unreachable('nothing was refused'),
    (e: Error & { code?: string }) => e,
  );
  assert.is(error?.code, 'bad-option');
  assert.match(error!.message, message);
  assert.match(error!.message, /fix: /);
}
