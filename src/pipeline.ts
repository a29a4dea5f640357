import * as v from 'valibot';
import { type Dataset, withAllTraining, withPartApart, withValidationOf } from './data/index.ts';
import { distill } from './distill/index.ts';
import { CompressError, checkOptionNames } from './errors.ts';
import { Registry } from './options/index.ts';
import { demand, type SchemaShape } from './options/words.ts';
import { prune } from './prune/index.ts';
import { measureRanges, outlineRanges, quantize } from './quant/index.ts';
import { IO_TYPES } from './run/edges.ts';
import { simplify } from './simplify/index.ts';
import type { Context, MakeStage, Model, Stage } from './stage.ts';
import { METRIC_NAMES, TASK_NAMES } from './task/index.ts';
import { finetune, scratchSchema } from './train/index.ts';

/** Every kind of stage by the name it has in a recipe and on the command line. */
// biome-ignore lint/suspicious/noExplicitAny: each kind checks its own options
export const STAGES = new Registry<MakeStage<any>>('stage', { prune, quantize, distill, finetune, simplify });

/**
 * Adds a caller's own kind of stage: recipes, `run` and `compress` know it from then on.
 *
 * @throws CompressError `bad-option` where the name is taken
 */
// biome-ignore lint/suspicious/noExplicitAny: each kind checks its own options
export const registerStage = (make: MakeStage<any>): void => STAGES.add(make.kind.name, make);

const normalization = v.object({ scale: v.number(), mean: v.array(v.number()), std: v.array(v.number()) });

export const recipeSchema = v.object({
  version: v.literal(1),
  seed: v.pipe(v.number(), v.integer(), v.minValue(0)),
  stages: v.array(v.looseObject({ stage: v.string() })),
  /** How the data reached the model. */
  normalization: v.optional(normalization),
  /** Of inputs that have their own, by name. */
  normalizations: v.optional(v.record(v.string(), normalization)),
  layout: v.optional(v.picklist(['nhwc', 'nchw'])),
  split: v.optional(v.array(v.number())),
  /** How the source was read, as far as that was stated: `StatedReading`. */
  reading: v.optional(
    v.object({
      labels: v.optional(v.string()),
      output: v.optional(v.string()),
      classes: v.optional(v.pipe(v.array(v.string()), v.readonly())),
      group: v.optional(v.string()),
      window: v.optional(v.union([v.number(), v.string()])),
      stride: v.optional(v.union([v.number(), v.string()])),
      rate: v.optional(v.number()),
      missing: v.optional(v.picklist(['drop', 'hold'])),
      resize: v.optional(v.string()),
      features: v.optional(
        v.union([
          v.string(),
          v.object({
            features: v.string(),
            samples: v.number(),
            channels: v.number(),
            rate: v.nullable(v.number()),
            step: v.number(),
          }),
        ]),
      ),
    }),
  ),
  /** Before the stages, the model's layers were built anew for the features above and trained from random weights; `from`: what the model as given takes. */
  rebuilt: v.optional(v.object({ from: v.array(v.number()), training: scratchSchema })),
  /** What the model is for. */
  task: v.optional(
    v.object({ task: v.picklist(TASK_NAMES), output: v.optional(v.string()), metric: v.optional(v.picklist(METRIC_NAMES)) }),
  ),
  /** A validation part of fewer examples took the rest from the train part (withValidationOf). */
  validation: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** The part of the validation part that the stages did not see (withPartApart). */
  apart: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
  /** The validation part trained as well (withAllTraining). */
  together: v.optional(v.literal(true)),
  /** The types of the result's inputs and outputs. */
  io: v.optional(v.picklist(IO_TYPES)),
});

/** The stages that `compress` found, with all of their options: `run` replays them. */
export type Recipe = v.InferOutput<typeof recipeSchema>;

/**
 * A recipe from its JSON.
 *
 * @param name how messages call it
 * @throws CompressError `bad-file` naming the first field that is wrong
 */
export function parseRecipe(text: string, name = 'the recipe'): Recipe {
  const fix =
    'give the recipe.json that compress wrote, or {"version": 1, "seed": 0, "stages": [{"stage": "prune", "ratio": 0.5}, ...]}';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (e) {
    throw new CompressError('bad-file', `${name} is not JSON: ${(e as Error).message}`, fix);
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    checkOptionNames(json, Object.keys(recipeSchema.entries), name);
  }
  const found = v.safeParse(recipeSchema, json);
  if (found.success) return found.output;
  const [issue] = found.issues;
  throw new CompressError(
    'bad-file',
    `${name}: ${v.getDotPath(issue) ?? 'the file'} ${demand(recipeSchema as SchemaShape, issue)}`,
    fix,
  );
}

/**
 * The stages a recipe names, in its order.
 *
 * @throws CompressError `bad-option` for a stage that does not exist, or a value that an option of it cannot have
 */
export const stagesOf = ({ stages }: Pick<Recipe, 'stages'>): Stage[] =>
  stages.map(({ stage, ...options }) => STAGES.get(stage)(options));

/** A dataset as the stages of a recipe saw it. */
export function dataOfRecipe(data: Dataset, { validation, apart, together, seed }: Recipe): Dataset {
  const enlarged = validation ? withValidationOf(data, validation, seed) : data;
  if (!enlarged.validation) return enlarged;
  const seen = apart ? withPartApart(enlarged, apart, seed).seen : enlarged;
  return together ? withAllTraining(seen) : seen;
}

function checkCheckpoint(stages: readonly Stage[], { checkpoint }: Context): void {
  const training = stages.filter((s) => s.trains).length;
  if (!checkpoint || training < 2) return;
  throw new CompressError(
    'bad-option',
    `a checkpoint keeps one training, not ${training} stages that train`,
    'run them one after another, each with a checkpoint of its own',
  );
}

/**
 * Runs stages in the order given, each on what the one before has made. A model that is quantized when a stage has changed it has its
 * ranges measured again by its scheme, since pruning and training shift what quantization must cover; a stage that learned its scales has
 * done that itself. Such a stage begins with the weights as they were before `quantize` rounded them: it rounds them to the nearest step itself,
 * and could not win back what lay between the steps.
 *
 * @throws CompressError `bad-option` for a checkpoint with more than one stage that trains, and what its stages throw
 */
export async function runPipeline(model: Model, stages: readonly Stage[], context: Context): Promise<Model> {
  checkCheckpoint(stages, context);
  for (const stage of stages) await stage.check(context);
  let current = model;
  for (const stage of stages) {
    context.signal?.throwIfAborted();
    context.progress?.({ what: stage.name, done: 0, total: 1 });
    const given = beginningOf(stage, current);
    const next = await stage.run(given, context);
    if (next.graph === given.graph) continue;
    current = isStale(next, stage) && context.data ? measureRanges(next, context) : next;
  }
  return current;
}

/**
 * The structure and the bits that `runPipeline` would leave, exactly, without training anything: MACs, bytes of weights and what a chip
 * needs are those of the result. null where a stage's result depends on weights that only exist once the ones before it have run.
 */
export async function outlineOf(model: Model, stages: readonly Stage[], context: Context): Promise<Model | null> {
  let current = model;
  for (const stage of stages) {
    const given = beginningOf(stage, current);
    const next = await stage.outline(given, context);
    if (next === null) return null;
    if (next.graph === given.graph) continue;
    current = isStale(next, stage) && context.data ? outlineRanges(next, context) : next;
  }
  return current;
}

/** Whether the ranges of a quantized model are to be measured again after a stage that changed it. */
const isStale = ({ facts }: Model, { keepsRanges }: Stage): boolean =>
  facts.quantize !== undefined && !facts.learnedScales && !keepsRanges;

/** What a stage is given: without facts that are those of the stage before alone. */
function beginningOf({ keepsRanges }: Stage, { graph, facts: { learnedScales: _, unrounded, ...facts } }: Model): Model {
  return { graph: keepsRanges ? graph : (unrounded ?? graph), facts };
}
