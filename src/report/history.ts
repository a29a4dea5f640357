import * as v from 'valibot';
import { CompressError } from '../errors.ts';
import { demand, type SchemaShape } from '../options/words.ts';
import { METRIC_NAMES } from '../task/index.ts';

/**
 * What one compression did, as plain JSON: written beside its results as `history.json`, from which the report is made
 * (and made again by `thumbnet report`). Sizes in bytes, times in ms, energy in µJ, accuracy 0..1.
 */
const figure = v.nullable(v.number());

const figures = v.object({
  flashBytes: figure,
  ramBytes: figure,
  latencyMs: figure,
  energyUj: figure,
  /** Of the test part in `rows`, of the validation part in `trials`. */
  accuracy: figure,
  /** The value of the history's metric, where that is not accuracy. */
  quality: v.optional(figure),
  macs: figure,
  weightBytes: figure,
});

const layer = v.object({
  name: v.string(),
  op: v.string(),
  /** Shape of the output, NHWC without the batch. */
  shape: v.array(v.number()),
  macs: v.number(),
  weightBytes: v.number(),
  weightBits: figure,
  activationBits: figure,
  latencyMs: v.optional(figure),
  /** Bytes in use while it runs. */
  ramBytes: v.optional(figure),
});

const memory = v.object({ flash: v.record(v.string(), v.number()), ram: v.record(v.string(), v.number()) });
const decibels = figure;

const trial = v.object({
  number: v.number(),
  state: v.picklist(['complete', 'failed']),
  /** The trial whose candidate it went on from; null where it started from the model as given. */
  from: v.optional(v.nullable(v.number())),
  /** Examples that its trainings saw. */
  samples: v.optional(v.number()),
  /** Names of its stages in order. */
  stages: v.array(v.string()),
  figures: v.nullable(figures),
  /** Weighted sum that the search lowers, penalty for missed accuracy included. */
  objective: figure,
  /** Whether it fits and keeps the quality on the validation part even where luck has added its margin. */
  feasible: v.boolean(),
});

export const historySchema = v.object({
  version: v.literal(2),
  title: v.string(),
  /** The shell command that repeats it. */
  command: v.string(),
  /** ISO time; only where the caller wants the clock in the page. */
  created: v.optional(v.string()),
  /** Versions of Thumbnet and of what else the caller names. */
  versions: v.record(v.string(), v.string()),
  seed: v.number(),
  /** The metric of quality; accuracy by default. */
  metric: v.optional(v.picklist(METRIC_NAMES)),
  target: v.object({
    name: v.string(),
    core: v.string(),
    clockMhz: v.number(),
    flashBytes: v.number(),
    ramBytes: v.number(),
    /** The runtime whose memory and time are given. */
    runtime: v.optional(v.string()),
  }),
  goal: v.object({
    /** As people read it: "at most 2 points below the float model". */
    text: v.string(),
    /** The value of the metric that a trial must keep on the validation part, where the pictures draw it. */
    floor: figure,
    /** The largest figures that the caller allows beside the chip's own limits. */
    budgets: v.partial(
      v.object({
        flashBytes: v.number(),
        ramBytes: v.number(),
        latencyMs: v.number(),
        energyUj: v.number(),
        weightBytes: v.number(),
        macs: v.number(),
      }),
    ),
    reached: v.boolean(),
    /** Weights of flash, RAM, latency and energy in the objective. */
    objective: v.record(v.string(), v.number()),
  }),
  data: v.object({
    name: v.string(),
    train: v.number(),
    validation: v.number(),
    /** Kept from the search, to check its choice by. */
    check: v.optional(v.number()),
    test: v.number(),
  }),
  /** The model as given, plain int8 PTQ of it, and the result, in this order. */
  rows: v.pipe(v.array(v.object({ label: v.string(), figures })), v.minLength(1)),
  /** Int8 quantization and nothing else, judged as a trial is, and what speaks against it: empty where nothing does. */
  plain: v.nullable(v.object({ figures, misses: v.array(v.string()) })),
  trials: v.array(trial),
  /** The trial that the result is from (null: plain int8), and the result's own figures there: a trial keeps more than one candidate. */
  chosen: v.nullable(v.object({ trial: v.nullable(v.number()), figures })),
  layersBefore: v.array(layer),
  layersAfter: v.array(layer),
  recipe: v.object({
    stages: v.array(v.object({ name: v.string(), parameters: v.record(v.string(), v.unknown()) })),
  }),
  /** Bytes by what they hold, of the model as given and of the result. */
  memory: v.optional(
    v.object({
      before: memory,
      after: memory,
      /** Why the result's weights take other bytes there than in its file. */
      note: v.optional(v.string()),
    }),
  ),
  /** Recall of each class on the test part, 0..1. */
  classes: v.optional(v.object({ names: v.optional(v.array(v.string())), before: v.array(figure), after: v.array(figure) })),
  /** What rounding costs: signal to noise in dB; null where there is no noise. */
  losses: v.optional(
    v.object({
      examples: v.number(),
      answersDb: decibels,
      layers: v.array(
        v.object({
          name: v.string(),
          bits: v.number(),
          outputDb: decibels,
          outputAloneDb: decibels,
          weightsAloneDb: decibels,
          /** In words, with what may help. */
          cause: v.nullable(v.string()),
        }),
      ),
    }),
  ),
  /** Shares by which parameters of the search decided; only where enough trials ended. */
  importance: v.optional(v.record(v.string(), v.number())),
  /** From the file to the chip. */
  deploy: v.optional(v.array(v.object({ what: v.string(), command: v.string() }))),
  /** SHA-256 of what went in and came out, in hexadecimal. */
  digests: v.optional(v.record(v.string(), v.string())),
  /** Files written, by what they are, relative to the page. */
  files: v.optional(v.record(v.string(), v.string())),
  notes: v.array(v.string()),
});

export type History = v.InferOutput<typeof historySchema>;
export type ModelMetrics = v.InferOutput<typeof figures>;
export type LayerRow = v.InferOutput<typeof layer>;
export type TrialRow = v.InferOutput<typeof trial>;

/** @throws CompressError `bad-file` naming the first field that is not as it should be */
export function parseHistory(text: string, name = 'history.json'): History {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    throw new CompressError(
      'bad-file',
      `${name} is not JSON: ${(e as Error).message}`,
      'give the folder that `thumbnet compress` wrote',
    );
  }
  const found = v.safeParse(historySchema, json);
  if (found.success) return found.output;
  const issue = found.issues[0];
  const place = v.getDotPath(issue) ?? 'the file';
  throw new CompressError(
    'bad-file',
    `${name}: ${place} ${demand(historySchema as SchemaShape, issue)}`,
    'run `thumbnet compress` again to write it anew',
  );
}
