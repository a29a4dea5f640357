import { sha256 } from '../../../src/digest.ts';
import { exp, log, normalCdf, normalQuantile } from '../../../src/elementary.ts';
import { EvolutionSampler, RandomSampler, type Sampler, type Study, TpeSampler, type Trial } from '../../../src/search/index.ts';
import { MemoryStorage, openStudy } from '../../../src/study/index.ts';
import type { PageResult } from '../page.ts';

const SAMPLERS: Record<string, () => Sampler> = {
  random: () => new RandomSampler(),
  tpe: () => new TpeSampler(),
  'tpe, one by one': () => new TpeSampler({ multivariate: false }),
  evolution: () => new EvolutionSampler({ populationSize: 10 }),
};

/** The same seed and results give the same suggestions, bit for bit, and a study kept in memory continues as if it had not stopped. */
export default async function search(): Promise<PageResult> {
  const digests: Record<string, string> = { 'exp, log, normal distribution': await sha256(functionValues()) };
  const failures: string[] = [];
  for (const [name, sampler] of Object.entries(SAMPLERS)) {
    const storage = new MemoryStorage();
    const options = { name: 'browser', seed: 7, lag: 3, sampler: sampler() };
    await run(await openStudy({ ...options, storage }), 30);
    const study = await openStudy({ ...options, storage: new MemoryStorage(storage.text), resume: true });
    await run(study, 60);
    if (study.records.length !== 60) failures.push(`${name}: ${study.records.length} trials of 60`);
    digests[name] = await sha256(new TextEncoder().encode(JSON.stringify(study.trials)));
  }
  return { passed: Object.keys(SAMPLERS).length - failures.length, failures, digests };
}

function functionValues(): Float64Array {
  const values: number[] = [];
  for (let i = 1; i < 2000; i++)
    values.push(exp((i - 1000) * 0.7), log(i * 1.37e-3), normalCdf((i - 1000) * 0.01), normalQuantile(i / 2000));
  return Float64Array.from(values);
}

/** Continues up to `trials` trials. */
async function run(study: Study, trials: number): Promise<void> {
  while (study.records.length < trials) {
    const trial = (await study.ask(objective))!;
    await study.tell(trial, trial.point);
  }
}

function objective(trial: Trial): number {
  const lr = trial.suggestFloat('lr', 1e-5, 1, { log: true });
  const width = trial.suggestInt('width', 8, 512, { log: true });
  const ratio = trial.suggestFloat('ratio', 0, 0.9, { step: 0.05 });
  const quant = trial.suggestCategorical('quant', ['off', 'on']);
  const range = quant === 'on' ? trial.suggestFloat('range', -1, 1) : 0.5;
  return lr + 64 / width + (ratio - 0.6) * (ratio - 0.6) + range * range;
}
