import { Registry } from '../options/index.ts';
import { EvolutionSampler, QuasiRandomSampler, RandomSampler, type Sampler, TpeSampler } from '../search/index.ts';

/** Each makes a sampler for one study. */
export const SAMPLERS = new Registry<() => Sampler>('sampler', {
  tpe: () => new TpeSampler({ startup: 4 }),
  evolution: () => new EvolutionSampler(),
  random: () => new RandomSampler(),
  sobol: () => new QuasiRandomSampler(),
});

/** Adds a caller's own sampler to those that `compress` knows. @throws CompressError `bad-option` where the name is taken */
export const registerSampler = (name: string, make: () => Sampler): void => SAMPLERS.add(name, make);
