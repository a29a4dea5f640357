import * as v from 'valibot';
import type { Graph } from '../graph/graph.ts';
import { prune } from '../prune/index.ts';
import { measureRanges } from '../quant/index.ts';
import { toFloat } from '../run/integer.ts';
import type { Context, Model, Stage } from '../stage.ts';
import { checkOptions, trainFields } from '../train/options.ts';
import { train } from '../train/trainer.ts';

export const distillSchema = v.object({
  ...trainFields,
  /** Whose answers are imitated: the model as it comes to this stage, the float model the pipeline began with, or the mean of both. */
  teacher: v.optional(v.picklist(['self', 'original', 'both']), 'self'),
  temperature: v.optional(v.pipe(v.number(), v.minValue(0.5), v.maxValue(50)), 4),
  /** Share of the teacher in the loss; the labels have the rest. */
  weight: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.7),
  /** The student's channels as a share of the model's: its most important ones. */
  width: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 1),
  /** Inner tensors that are to become as the teacher's; its name is the same where it is left out. */
  hints: v.optional(
    v.array(
      v.strictObject({
        student: v.string(),
        teacher: v.optional(v.string()),
        weight: v.optional(v.pipe(v.number(), v.gtValue(0)), 1),
      }),
    ),
    [],
  ),
  /** Mean squared error, or 1 - the cosine of the angle between them. */
  hintLoss: v.optional(v.picklist(['mse', 'cosine']), 'mse'),
});

/**
 * Knowledge distillation (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015): the student learns the
 * teacher's softened answers and the labels, and by `hints` its inner tensors (Romero et al., "FitNets", 2015). A quantized model stays
 * quantized; `qat` says how it is trained.
 *
 * @throws CompressError `bad-option` naming the option that is wrong. Its `run` throws `bad-data` without a train part or without labels,
 *   `bad-option` for a hint that names no inner tensor, `shape-mismatch` where hinted tensors differ in more than channels or a
 *   teacher's input or output is not the student's, `unsupported` for a network that keeps state
 */
export function distill(options: v.InferInput<typeof distillSchema> = {}): Stage {
  const o = checkOptions(distillSchema, options, 'distill');
  return {
    name: 'distill',
    options: o,
    async run(model, context): Promise<Model> {
      const given: Model = { ...model, graph: toFloat(model.graph) };
      const student = o.width < 1 ? await narrowed(given, o.width, context) : given;
      const trained = await train(student, context, o, 'distill', { ...o, graphs: teachersOf(o.teacher, given, context) });
      return { ...student, graph: trained.graph, facts: trained.facts };
    },
  };
}

/** A narrower network takes other values: ranges that a quantized one is trained through are measured again. */
async function narrowed(model: Model, width: number, context: Context): Promise<Model> {
  return measureRanges(await prune({ ratio: 1 - width }).run(model, context), context);
}

function teachersOf(who: 'self' | 'original' | 'both', self: Model, { original }: Context): Graph[] {
  if (who === 'self') return [self.graph];
  const first = toFloat(original.graph);
  return who === 'original' ? [first] : [first, self.graph];
}
