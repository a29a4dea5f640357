/** What a caller may bring along: one of each. The threads of a pool and the command line import it too. */
import * as v from 'valibot';
import {
  defineStage,
  option,
  prune,
  registerCalibrator,
  registerCriterion,
  registerSampler,
  registerStage,
} from '../../src/index.ts';
import { RandomSampler } from '../../src/search/index.ts';

registerCriterion('place', { needsData: false, scores: () => (group) => group.units.map((_, i) => i) });

registerCalibrator('double', ({ low, high }) => [2 * low, 2 * high]);

registerSampler('plain', () => new RandomSampler());

const share = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

/** Cuts the first channels. */
export const thin = defineStage({
  name: 'thin',
  about: 'cut the first channels of each group',
  options: v.object({ share: option(share, 0.25, 'of the channels that is cut', { search: { low: 0.1, high: 0.5 } }) }),
  trains: false,
  keepsRanges: false,
  needsData: false,
  searched: true,
  outline: (model, options, context) => cut(options).outline(model, context),
  run: (model, options, context) => cut(options).run(model, context),
});

const cut = (options: { readonly share: number }) => prune({ ratio: options.share, criterion: 'place', reconstruct: 'none' });

registerStage(thin);
