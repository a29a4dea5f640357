import * as v from 'valibot';
import { named, option } from '../options/index.ts';
import { CALIBRATORS } from './calibrators.ts';
import { QUANTIZE_DEFAULTS } from './defaults.ts';

export const quantizeSchema = v.object({
  weightBits: option(v.picklist([4, 8]), QUANTIZE_DEFAULTS.weightBits, 'of all weights, 8 or 4'),
  layerBits: option(
    v.record(v.string(), v.picklist([4, 8])),
    QUANTIZE_DEFAULTS.layerBits,
    'other bits for the weights of one layer; may be repeated',
  ),
  activationBits: option(v.picklist([8, 16]), QUANTIZE_DEFAULTS.activationBits, '8 or 16'),
  layerActivationBits: option(
    v.record(v.string(), v.picklist([8, 16])),
    QUANTIZE_DEFAULTS.layerActivationBits,
    'other bits for the activations of one layer, input and output; may be repeated',
  ),
  calibrator: option(
    named(CALIBRATORS),
    QUANTIZE_DEFAULTS.calibrator,
    'how the range of an activation is found from its histogram',
    {
      search: { choices: ['mse', 'min-max', 'percentile'] },
    },
  ),
  examples: option(
    v.pipe(v.number(), v.integer(), v.minValue(1)),
    QUANTIZE_DEFAULTS.examples,
    'examples of the train part to measure ranges on',
  ),
  scaleInputs: option(
    v.boolean(),
    QUANTIZE_DEFAULTS.scaleInputs,
    'leave inputs as they are, even with features in very different units',
  ),
  equalize: option(
    v.picklist(['auto', 'on', 'off']),
    QUANTIZE_DEFAULTS.equalize,
    'cross-layer equalization where it lowers the error',
  ),
  explain: option(v.boolean(), QUANTIZE_DEFAULTS.explain, 'what each layer loses by rounding, and why'),
  activationScheme: option(
    v.picklist(['asymmetric', 'symmetric', 'auto']),
    QUANTIZE_DEFAULTS.activationScheme,
    'zero points of 8-bit activations anywhere, at 0, or at 0 where that errs no more on the values of that tensor (auto, chosen again whenever ranges are measured)',
  ),
  weightScheme: option(
    v.picklist(['channel', 'tensor']),
    QUANTIZE_DEFAULTS.weightScheme,
    'scales of weights: one for each output channel of convolutions, or one for each tensor',
  ),
  rounding: option(
    v.picklist(['auto', 'nearest', 'gptq', 'learned']),
    QUANTIZE_DEFAULTS.rounding,
    'weights go to the nearest step, one after another with what the rest can take over (gptq), or to the steps that answer best (learned); auto: learned for weights of 4 bits',
  ),
  biasCorrection: option(
    v.picklist(['auto', 'on', 'off']),
    QUANTIZE_DEFAULTS.biasCorrection,
    'correct biases where it lowers the error',
  ),
});
