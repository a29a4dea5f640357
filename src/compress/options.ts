import * as v from 'valibot';
import { checkOptions, named } from '../options/index.ts';
import { IO_TYPES } from '../run/edges.ts';
import { SAMPLERS } from './samplers.ts';

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const positive = v.pipe(v.number(), v.gtValue(0));
const weight = v.pipe(v.number(), v.finite(), v.minValue(0));

export const OBJECTIVE = { flash: 1, ram: 1, latency: 1, energy: 0 } as const;

const compressSchema = v.object({
  /** A part of `targets`. */
  target: v.string(),
  runtime: v.optional(v.picklist(['thumbnet', 'cmsis-nn', 'tflm']), 'thumbnet'),
  clockMhz: v.optional(positive),
  /** Accuracy that must be kept, 0..1; else `maxDrop` below the model as given. */
  minAccuracy: v.optional(fraction),
  maxDrop: v.optional(fraction),
  /** Weights of the sum that the search lowers. */
  objective: v.optional(
    v.object({
      flash: v.optional(weight, OBJECTIVE.flash),
      ram: v.optional(weight, OBJECTIVE.ram),
      latency: v.optional(weight, OBJECTIVE.latency),
      energy: v.optional(weight, OBJECTIVE.energy),
    }),
    OBJECTIVE,
  ),
  /** Bytes and ms that a result must not exceed; the target's own limits where absent. */
  flashBudget: v.optional(positive),
  ramBudget: v.optional(positive),
  maxLatencyMs: v.optional(positive),
  /** Weights of all layers in 8 bits, or of some in 4 where that pays. */
  weightBits: v.optional(v.picklist([8, 'mixed']), 'mixed'),
  /** Quantization-aware training is among the choices. */
  qat: v.optional(v.boolean(), true),
  /** Stages of a recipe that is tried before all else. */
  recipe: v.optional(v.array(v.looseObject({ stage: v.string() }))),
  /** Type of the result's inputs and outputs; as in the model where absent. */
  io: v.optional(v.picklist(IO_TYPES)),
  trials: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 60),
  /** The study ends after so many ms; its trials do not depend on it, its end does. */
  timeMs: v.optional(positive),
  sampler: v.optional(named(SAMPLERS), 'tpe'),
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Largest number of epochs of one training stage; by the size of the data where absent. */
  epochs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

export type CompressOptions = v.InferInput<typeof compressSchema>;
export type Settings = v.InferOutput<typeof compressSchema>;

const DEFAULT_DROP = 0.01;

/** Largest loss of accuracy, where no accuracy to keep is given. */
export const dropOf = ({ maxDrop = DEFAULT_DROP }: Pick<Settings, 'maxDrop'>): number => maxDrop;

/** @throws CompressError `bad-option` naming the field */
export const checkSettings = (options: CompressOptions): Settings => checkOptions(compressSchema, options, 'compress');
