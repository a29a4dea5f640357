import * as v from 'valibot';
import { option, optional, type Text } from '../options/index.ts';

const rate = v.pipe(v.number(), v.gtValue(0), v.maxValue(10));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const below1 = v.pipe(v.number(), v.minValue(0), v.ltValue(1));
const atLeast0 = v.pipe(v.number(), v.minValue(0));

/** flip,shift=2,cutout=8,mask=8x2,jitter=0.1,scale=0.1,mixup=0.5: what is named, by its amount; a shift may be ROWSxCOLUMNS, a mask TIMExBANDS. */
const augmentation: Text = {
  form: 'how',
  parse(text) {
    const parts = text.split(',').map((part) => {
      const found = /^(?:(flip)|(shift|cutout|mask|jitter|scale|mixup)=(\d*\.?\d+)(?:x(\d+))?)$/.exec(part.trim());
      const [, flip, name, amount, second] = found ?? [];
      if (!found || (second && name !== 'shift' && name !== 'mask'))
        throw new Error(`"${part}" is not flip, or one of shift, cutout, mask, jitter, scale, mixup with =AMOUNT.`);
      return flip ? ['flip', true] : [name, second ? [Number(amount), Number(second)] : Number(amount)];
    });
    return Object.fromEntries(parts);
  },
};

const augment = v.strictObject({
  flip: v.optional(v.boolean()),
  shift: v.optional(v.union([v.number(), v.tuple([v.number(), v.number()])])),
  cutout: v.optional(v.number()),
  mask: v.optional(v.union([v.number(), v.tuple([v.number(), v.number()])])),
  jitter: v.optional(v.number()),
  scale: v.optional(v.number()),
  mixup: v.optional(v.number()),
});

/** Options of every stage that trains. */
export const trainFields = {
  epochs: option(v.pipe(v.number(), v.minValue(0), v.maxValue(10000)), 5, 'times through the train part'),
  batch: option(v.pipe(v.number(), v.integer(), v.minValue(1)), 32, 'examples in one step'),
  optimizer: option(v.picklist(['adam', 'adamw', 'sgd']), 'adam', 'how gradients change the weights'),
  learningRate: option(rate, 0.001, 'at its peak', { search: { low: 1e-3, high: 1e-2, log: true } }),
  momentum: option(fraction, 0.9, 'of sgd'),
  weightDecay: option(atLeast0, 0, 'share of the weights that a step takes away, times the learning rate'),
  schedule: option(v.picklist(['constant', 'cosine', 'one-cycle', 'step']), 'cosine', 'of the learning rate'),
  warmup: option(fraction, 0.05, 'share of the steps that raise the rate'),
  labelSmoothing: option(below1, 0, 'share of a label that is spread over all classes'),
  clip: option(atLeast0, 5, 'largest norm of all gradients together; 0 = no limit'),
  augment: optional(
    augment,
    'vary examples, as flip,shift=2: of flip, shift=2, cutout=8, mask=8x2, jitter=0.1, scale=0.1, mixup=0.5',
    {
      text: augmentation,
    },
  ),
  qat: option(
    v.picklist(['off', 'fixed', 'learned']),
    'fixed',
    'a quantized model is trained as float and quantized again (off), or through fake quantization with the ranges in force, measured again ' +
      'afterwards (fixed), or with scales that are learned too (learned, LSQ)',
  ),
  freezeRanges: option(fraction, 0, 'share of the steps, at the end, in which learned scales no longer move'),
  ema: option(below1, 0, "average the weights over the steps, 0.99 say; 0 = the last step's weights"),
  patience: option(
    v.pipe(v.number(), v.integer(), v.minValue(0)),
    0,
    'end after N epochs in a row that are no better on the validation part, with the weights of the best; 0 = never',
  ),
  round: option(
    v.pipe(v.number(), v.integer(), v.minValue(0)),
    0,
    'which random numbers it draws: trainings one after another differ by it',
  ),
};

const trainOptions = v.object(trainFields);
export type TrainOptions = v.InferOutput<typeof trainOptions>;
