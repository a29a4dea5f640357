/** Options of `quantize` that are not given. A model's file needs no more than these: reading it loads no schemas. */
export const QUANTIZE_DEFAULTS = {
  weightBits: 8,
  layerBits: {},
  activationBits: 8,
  layerActivationBits: {},
  calibrator: 'mse',
  examples: 512,
  scaleInputs: true,
  equalize: 'auto',
  explain: false,
  activationScheme: 'asymmetric',
  weightScheme: 'channel',
  rounding: 'auto',
  biasCorrection: 'auto',
} as const;
