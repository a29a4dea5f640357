import * as v from 'valibot';
import type { Graph } from '../graph/graph.ts';
import { option, optional, type Text } from '../options/index.ts';
import { prune } from '../prune/index.ts';
import { measureRanges, outlineRanges } from '../quant/index.ts';
import { toFloat } from '../run/integer.ts';
import { type Context, defineStage, type Model } from '../stage.ts';
import { outlineTraining } from '../train/index.ts';
import { trainFields } from '../train/options.ts';
import { train } from '../train/trainer.ts';
import { separable, separableOnData, weightCount } from './separable.ts';
import { type Outside, outsideExamples, outsideSchema, outsideTeacher } from './outside.ts';

export { type Outside, teacherNamed, unlabelledNamed, withoutLabels } from './outside.ts';

/** NAME[=TEACHER][@WEIGHT], as often as wanted. */
const hintText: Text = {
  flag: 'hint',
  form: 'name[=teacher][@weight]',
  parse(text, before = []) {
    const found = /^(?<student>[^=]+?)(=(?<teacher>.+?))?(@(?<weight>\d*\.?\d+))?$/.exec(text)?.groups;
    if (!found) throw new Error('It is not NAME, NAME=TEACHER or NAME=TEACHER@WEIGHT.');
    const { student, teacher, weight } = found;
    return [...(before as object[]), { student, ...(teacher && { teacher }), ...(weight && { weight: Number(weight) }) }];
  },
};

const hint = v.strictObject({
  student: v.string(),
  /** The same name where it is left out. */
  teacher: v.optional(v.string()),
  weight: v.optional(v.pipe(v.number(), v.gtValue(0)), 1),
});

/** Teachers that every pipeline has. */
export const TEACHERS = ['self', 'original', 'both'] as const;

export const distillSchema = v.object({
  ...trainFields,
  teacher: option(
    v.union([v.picklist(TEACHERS), outsideSchema]),
    'self',
    'whose answers are imitated: the model as this stage gets it (self), the float model the pipeline began with (original), the mean of ' +
      'both, or another model file of the same task, of any width',
    { search: { choices: ['original', 'self'] }, text: { form: `${TEACHERS.join('|')}|file`, parse: (text) => text } },
  ),
  unlabelled: optional(outsideSchema, 'examples without labels, which the teacher alone answers to, beside the train part', {
    text: { form: 'path', parse: (text) => text },
  }),
  temperature: option(v.pipe(v.number(), v.minValue(0.5), v.maxValue(50)), 4, 'softens the answers', {
    search: { low: 1, high: 8, log: true },
  }),
  weight: option(
    v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
    0.7,
    'share of the teacher in the loss; the labels have the rest',
    {
      search: { low: 0.1, high: 1 },
    },
  ),
  width: option(
    v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
    1,
    "the student's channels as a share of the model's: its most important ones",
  ),
  depth: option(
    v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
    1,
    "the student's layers as a share of the model's: whole blocks go, those that are missed least",
  ),
  separable: option(v.boolean(), false, 'the student has separable convolutions in the place of plain ones, the nearest to them'),
  hints: option(v.array(hint), [], "an inner tensor that is to become as the teacher's (by its name there); may be repeated", {
    text: hintText,
  }),
  hintLoss: option(
    v.picklist(['mse', 'cosine', 'relation']),
    'mse',
    'how far it is off: mean squared error, 1 - cosine of the angle between them, or the difference between the distances of examples ' +
      '(relation, for tensors of any shapes)',
  ),
});

/**
 * Knowledge distillation (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015): the student learns the
 * teacher's softened answers and the labels, and by `hints` its inner tensors (Romero et al., "FitNets", 2015). A quantized model stays
 * quantized; `qat` says how it is trained. A teacher and unlabelled examples from outside are
 * named by `teacherNamed` and `unlabelledNamed`, and found in the context.
 *
 * @throws CompressError `bad-option` naming the option that is wrong. Its `run` throws `bad-data` without a train part or without labels,
 *   `bad-option` for a hint that names no inner tensor, `shape-mismatch` where hinted tensors differ in more than channels or a
 *   teacher's input or output is not the student's, `unsupported` for a network that keeps state
 */
export const distill = defineStage({
  name: 'distill',
  about: 'train a student on the answers of a teacher',
  options: distillSchema,
  trains: true,
  keepsRanges: false,
  needsData: true,
  async check({ teacher, unlabelled }, context) {
    if (typeof teacher === 'object') await outsideTeacher(teacher, context.teachers);
    if (unlabelled) await outsideExamples(unlabelled, context.unlabelled);
  },
  async outline(model, options, context) {
    const student = await outlineStudent(model, options, context);
    return student && outlineTraining(student, options);
  },
  async run(model, o, context): Promise<Model> {
    const given: Model = { ...model, graph: toFloat(model.graph) };
    const student = await studentOf(given, o, context);
    const graphs = await teachersOf(o.teacher, given, context);
    if (typeof o.teacher === 'object' && weightCount(graphs[0]) < weightCount(student.graph))
      context.warn?.(`the teacher "${o.teacher.file}" has fewer weights than the student`);
    const unlabelled = o.unlabelled ? await outsideExamples(o.unlabelled, context.unlabelled) : null;
    const trained = await train(student, context, o, 'distill', { ...o, graphs }, unlabelled);
    return { ...student, graph: trained.graph, facts: trained.facts };
  },
});

type Form = Pick<v.InferOutput<typeof distillSchema>, 'width' | 'depth' | 'separable'>;

/** Stages that make a student of a model. */
const cutsOf = ({ width, depth }: Form) => [
  ...(depth < 1 ? [prune({ kind: 'blocks', ratio: 1 - depth })] : []),
  ...(width < 1 ? [prune({ ratio: 1 - width })] : []),
];

/** A smaller network takes other values: ranges that a quantized one is trained through are measured again. */
async function studentOf(model: Model, form: Form, context: Context): Promise<Model> {
  let student = model;
  for (const cut of cutsOf(form)) student = await cut.run(student, context);
  const { heap, data, seed } = context;
  const apart = (graph: Graph) => (data ? separableOnData(heap, graph, data, seed) : separable(graph));
  const graph = form.separable ? apart(toFloat(student.graph)) : student.graph;
  return graph === model.graph ? model : measureRanges({ ...student, graph }, context);
}

async function outlineStudent(model: Model, form: Form, context: Context): Promise<Model | null> {
  let student: Model | null = model;
  for (const cut of cutsOf(form)) student = student && (await cut.outline(student, context));
  if (!student) return null;
  const graph = form.separable ? separable(toFloat(student.graph)) : student.graph;
  return graph === model.graph ? model : outlineRanges({ ...student, graph }, context);
}

async function teachersOf(
  who: (typeof TEACHERS)[number] | Outside,
  self: Model,
  { original, teachers }: Context,
): Promise<Graph[]> {
  if (typeof who === 'object') return [floatOf(await outsideTeacher(who, teachers))];
  if (who === 'self') return [self.graph];
  const first = toFloat(original.graph);
  return who === 'original' ? [first] : [first, self.graph];
}

const floats = new WeakMap<Graph, Graph>();

/** Answers are remembered by graph: each teacher is made float once. */
function floatOf({ graph }: Model): Graph {
  const found = floats.get(graph) ?? toFloat(graph);
  floats.set(graph, found);
  return found;
}
