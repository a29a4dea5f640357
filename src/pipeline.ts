import * as v from 'valibot';
import { distill } from './distill/index.ts';
import { CompressError, checkOptionNames } from './errors.ts';
import { prune } from './prune/index.ts';
import { measureRanges, quantize } from './quant/index.ts';
import { simplify } from './simplify/index.ts';
import type { Context, Model, Stage } from './stage.ts';
import { finetune } from './train/index.ts';
import { demand, type Shape } from './train/option_words.ts';

/** Every stage by the name it has in a recipe. */
// biome-ignore lint/suspicious/noExplicitAny: each stage checks its own options
export const STAGES: Readonly<Record<string, (options?: any) => Stage>> = { prune, quantize, distill, finetune, simplify };

const recipeSchema = v.object({
  version: v.literal(1),
  seed: v.pipe(v.number(), v.integer(), v.minValue(0)),
  stages: v.array(v.looseObject({ stage: v.string() })),
  /** How the data reached the model. */
  normalization: v.optional(v.object({ scale: v.number(), mean: v.array(v.number()), std: v.array(v.number()) })),
  layout: v.optional(v.picklist(['nhwc', 'nchw'])),
  split: v.optional(v.array(v.number())),
  /** A validation part of fewer examples took the rest from the train part (withValidationOf). */
  validation: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
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
    `${name}: ${v.getDotPath(issue) ?? 'the file'} ${demand(recipeSchema as Shape, issue)}`,
    fix,
  );
}

/**
 * The stages a recipe names, in its order.
 *
 * @throws CompressError `bad-option` for a stage that does not exist, or a value that an option of it cannot have
 */
export function stagesOf({ stages }: Pick<Recipe, 'stages'>): Stage[] {
  return stages.map(({ stage, ...options }) => {
    const make = STAGES[stage];
    if (!make)
      throw new CompressError('bad-option', `there is no stage "${stage}"`, `stages are ${Object.keys(STAGES).join(', ')}`);
    return make(options);
  });
}

/** Stages after which the ranges in force are still right. */
const KEEPS_RANGES: ReadonlySet<string> = new Set(['quantize', 'simplify']);

const TRAINS: ReadonlySet<string> = new Set(['finetune', 'distill']);

function checkCheckpoint(stages: readonly Stage[], { checkpoint }: Context): void {
  const training = stages.filter((s) => TRAINS.has(s.name)).length;
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
 * done that itself.
 *
 * @throws CompressError `bad-option` for a checkpoint with more than one stage that trains, and what its stages throw
 */
export async function runPipeline(model: Model, stages: readonly Stage[], context: Context): Promise<Model> {
  checkCheckpoint(stages, context);
  let current = model;
  for (const stage of stages) {
    context.signal?.throwIfAborted();
    context.progress?.({ what: stage.name, done: 0, total: 1 });
    const next = await stage.run(withoutLearnedScales(current), context);
    if (next.graph === current.graph) continue;
    const { quantize: scheme, learnedScales } = next.facts;
    const stale = scheme && !learnedScales && !KEEPS_RANGES.has(stage.name);
    current = stale && context.data ? measureRanges(next, context) : next;
  }
  return current;
}

/** What was learned before a stage is not what that stage learned. */
function withoutLearnedScales({ graph, facts: { learnedScales: _, ...facts } }: Model): Model {
  return { graph, facts };
}
