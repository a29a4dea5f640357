import { sha256 } from '../digest.ts';
import type { Target } from '../mcu/index.ts';
import type { Json, Study } from '../search/index.ts';
import { openStudy, type Storage } from '../study/index.ts';
import type { Settings } from './options.ts';
import { SAMPLERS } from './samplers.ts';

/** Raised when arms come to other candidates than before by the same plans, or a study keeps other facts of them. */
const VERSION = 2;

interface Place {
  readonly storage: Storage;
  /** Of the study in it. */
  readonly name: string;
  readonly resume: boolean;
}

/**
 * The study of a compression, new or resumed.
 *
 * @param frontEnds the front end that was chosen for it, where one was
 * @param given digests of the model, the data and the chip's facts
 * @throws CompressError `bad-option` where it was begun with something else
 */
export function openSearch(
  { storage, name, resume }: Place,
  { timeMs: _time, trials: _trials, evaluate: _evaluate, seed, ...settings }: Settings,
  frontEnds: string | null,
  given: Readonly<Record<'model' | 'data' | 'chip', string>>,
): Promise<Study> {
  return openStudy({
    storage,
    name,
    resume,
    sampler: SAMPLERS.get(settings.sampler)(),
    seed,
    lag: settings.parallel,
    version: VERSION,
    // The first that differs is said.
    settings: {
      ...(frontEnds !== null && { frontEnds }),
      ...(JSON.parse(JSON.stringify(settings)) as Record<string, Json>),
      ...given,
    },
    metricNames: ['value'],
  });
}

/** Of what a search asks a chip for; how it is called and who says so is not among that. */
export const chipDigest = ({ name: _name, aliases: _aliases, sources: _sources, ...facts }: Target): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify(facts)));
