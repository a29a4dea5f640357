/** Black-box search by ask and tell: the package entry `thumbnet/search`. Knows nothing of networks; runs in Node and browsers. */
export type { Choice, Distribution, RangeOptions } from './distribution.ts';
export { type EvolutionOptions, EvolutionSampler } from './evolution.ts';
export { Halving, type HalvingOptions } from './halving.ts';
export { importances } from './importance.ts';
export { hypervolume } from './pareto.ts';
export { QuasiRandomSampler } from './quasi_random.ts';
export type { Direction, Json, Parameter, State, TrialRecord } from './record.ts';
export { type Pending, type Proposal, RandomSampler, type Sampler, type View } from './sampler.ts';
export { type Ending, MemoryStore, type TrialStore } from './store.ts';
export { Study } from './study.ts';
export type { RunningTrial, StudyOptions, TellOptions, TrialResult } from './study_options.ts';
export { type TpeOptions, TpeSampler } from './tpe.ts';
export type { Trial } from './trial.ts';
