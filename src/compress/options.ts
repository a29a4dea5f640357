import * as v from 'valibot';
import { TRADES, USUAL_TRADE } from '../c/parts.ts';
import { outsideSchema } from '../distill/outside.ts';
import { checkOptions, named } from '../options/index.ts';
import { IO_TYPES } from '../run/edges.ts';
import { METRIC_NAMES, TASK_NAMES } from '../task/index.ts';
import { SAMPLERS } from './samplers.ts';

const positive = v.pipe(v.number(), v.gtValue(0));
const weight = v.pipe(v.number(), v.finite(), v.minValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));

export const EVALUATIONS = ['model', 'emulator'] as const;

/** Weights of what a search lowers, where none are given. */
export const OBJECTIVE = { flash: 1, ram: 1, latency: 1, energy: 0, weights: 0, macs: 0, quality: 0 } as const;

const objective = Object.fromEntries(Object.entries(OBJECTIVE).map(([name, usual]) => [name, v.optional(weight, usual)])) as {
  [K in keyof typeof OBJECTIVE]: v.OptionalSchema<typeof weight, number>;
};

const compressSchema = v.object({
  /** A part of `targets`. */
  target: v.string(),
  runtime: v.optional(v.picklist(['thumbnet', 'cmsis-nn', 'tflm']), 'thumbnet'),
  /** What generated C gives up; as `profile` takes it. */
  trade: v.optional(v.picklist(TRADES), USUAL_TRADE),
  clockMhz: v.optional(positive),
  /** What orders the best candidates at the end: modelled latency, or instructions counted on an emulated core. */
  evaluate: v.optional(v.picklist(EVALUATIONS), 'model'),
  /** What the model is for; recognized from labels and graph where absent. */
  task: v.optional(v.picklist(TASK_NAMES)),
  /** The output that is judged, by name. */
  output: v.optional(v.string()),
  /** What it is judged by; the task's usual metric where absent. */
  metric: v.optional(v.picklist(METRIC_NAMES)),
  /** The value of the metric that must be kept (of an error, at most so much); else at most `maxDrop` is lost against the model as given. */
  goal: v.optional(v.pipe(v.number(), v.finite())),
  /** In the metric's own unit: 0.01 is one point of a share (then the default), or 1 % more of an error (0.05). */
  maxDrop: v.optional(weight),
  /** Least recall of single classes, by name or number. */
  minRecall: v.optional(v.record(v.string(), v.pipe(v.number(), v.minValue(0), v.maxValue(1)))),
  /** Weights of the sum that the search lowers. `quality` counts wrong answers, or the error. */
  objective: v.optional(v.object(objective), OBJECTIVE),
  /** What is small enough (bytes, ms, µJ, MACs): nothing is gained below it, and the rest of the budget goes to quality. */
  enough: v.optional(
    v.object({
      flash: v.optional(positive),
      ram: v.optional(positive),
      latency: v.optional(positive),
      energy: v.optional(positive),
      weights: v.optional(positive),
      macs: v.optional(positive),
    }),
    {},
  ),
  /** Bytes, ms, µJ and MACs that a result must not exceed; the target's own limits where absent. */
  flashBudget: v.optional(positive),
  ramBudget: v.optional(positive),
  weightBudget: v.optional(positive),
  maxLatencyMs: v.optional(positive),
  maxEnergyUj: v.optional(positive),
  maxMacs: v.optional(positive),
  /** Weights of all layers in 8 bits, or of some in 4 where that pays. */
  weightBits: v.optional(v.picklist([8, 'mixed']), 'mixed'),
  /** Another model that may teach, by `teacherNamed`; it is given beside. */
  teacher: v.optional(outsideSchema),
  /** Examples without labels, by `unlabelledNamed`; they are given beside. */
  unlabelled: v.optional(outsideSchema),
  /** Quantization-aware training is among the choices. */
  qat: v.optional(v.boolean(), true),
  /** Stages of a recipe that is tried before all else. */
  recipe: v.optional(v.array(v.looseObject({ stage: v.string() }))),
  /** Type of the result's inputs and outputs; as in the model where absent. */
  io: v.optional(v.picklist(IO_TYPES)),
  /** Examples that all trainings together may see, each as often as it is seen; a teacher's answer counts as its share of multiplications. */
  samples: v.optional(count, 250_000),
  /** Most trials. */
  trials: v.optional(count),
  /** The study ends after this many ms. The clock decides when it ends, never what a trial does. */
  timeMs: v.optional(positive),
  /** Trial n knows the results of trials 0 .. n - parallel: as many may run at once. By the budget where absent. */
  parallel: v.optional(v.pipe(count, v.maxValue(64))),
  sampler: v.optional(named(SAMPLERS), 'tpe'),
  /** Plans that a person would try come first, the plain greedy loop before all. */
  starts: v.optional(v.boolean(), true),
  seed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
});

export type CompressOptions = v.InferInput<typeof compressSchema>;
type Given = v.InferOutput<typeof compressSchema>;
export type Settings = Given & { readonly parallel: number };

/** A small budget is spent on few arms at once, so that each knows more of the ones before it. */
const parallelFor = (samples: number): number => (samples < 25_000 ? 1 : samples < 200_000 ? 2 : 8);

/** @throws CompressError `bad-option` naming the field */
export function checkSettings(options: CompressOptions): Settings {
  const given: Given = checkOptions(compressSchema, options, 'compress');
  return { ...given, parallel: given.parallel ?? parallelFor(given.samples) };
}
