import * as v from 'valibot';
import { CompressError, checkOptionNames } from '../errors.ts';
import { demand, type Shape, unwrapped } from './option_words.ts';

const rate = v.pipe(v.number(), v.gtValue(0), v.maxValue(10));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** Fields of every stage that trains. */
export const trainFields = {
  epochs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(10000)), 5),
  batch: v.optional(count, 32),
  optimizer: v.optional(v.picklist(['adam', 'adamw', 'sgd']), 'adam'),
  learningRate: v.optional(rate, 0.001),
  momentum: v.optional(fraction, 0.9),
  weightDecay: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  schedule: v.optional(v.picklist(['constant', 'cosine', 'one-cycle', 'step']), 'cosine'),
  warmup: v.optional(fraction, 0.05),
  labelSmoothing: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0),
  /** Largest norm of all gradients together; 0 = no limit. */
  clip: v.optional(v.pipe(v.number(), v.minValue(0)), 5),
  /** The weights are averaged over the steps, each step's mean keeping so much of the last one's; 0 = the last step's weights. */
  ema: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1)), 0),
  /** Training ends when so many epochs in a row were no better on the validation part, with the best one's weights; 0 = never. */
  patience: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /**
   * How a quantized model is trained. `off`: as a float network, quantized again afterwards. `fixed`: through fake quantization by the ranges
   * in force, which are measured again afterwards. `learned`: the same, and scales of weights and activations are trained too (LSQ).
   */
  qat: v.optional(v.picklist(['off', 'fixed', 'learned']), 'fixed'),
  /** Share of the steps, at the end, in which learned scales no longer move. */
  freezeRanges: v.optional(fraction, 0),
  /** How examples are varied (src/data/augment.ts). */
  augment: v.optional(
    v.strictObject({
      flip: v.optional(v.boolean()),
      shift: v.optional(v.union([v.number(), v.tuple([v.number(), v.number()])])),
      cutout: v.optional(v.number()),
      jitter: v.optional(v.number()),
      scale: v.optional(v.number()),
      mixup: v.optional(v.number()),
    }),
  ),
};

const trainOptions = v.object(trainFields);
export type TrainOptions = v.InferOutput<typeof trainOptions>;

/** Options checked against a schema, with defaults filled in. @throws CompressError `bad-option` naming the field */
export function checkOptions<S extends v.GenericSchema>(schema: S, options: unknown, what: string): v.InferOutput<S> {
  checkNames(schema as Shape, options, what);
  const found = v.safeParse(schema, options);
  if (found.success) return found.output;
  const [issue] = found.issues;
  throw new CompressError(
    'bad-option',
    `${what}: ${v.getDotPath(issue) ?? 'what it is given'} ${demand(schema as Shape, issue)}`,
    `see \`thumbnet ${what} --help\` for what is accepted`,
  );
}

/** Names of options at any depth. */
function checkNames(schema: Shape, value: unknown, where: string): void {
  const { entries, item, type } = unwrapped(schema);
  if (typeof value !== 'object' || value === null || type === 'loose_object') return;
  if (item && Array.isArray(value)) value.forEach((one, i) => void checkNames(item, one, `${where}: ${i}`));
  if (!entries) return;
  checkOptionNames(value, Object.keys(entries), where);
  for (const [name, one] of Object.entries(value)) if (entries[name]) checkNames(entries[name], one, `${where}: ${name}`);
}
