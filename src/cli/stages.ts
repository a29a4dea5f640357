import type { Command } from 'commander';
import { type Dataset, PARTS, withFrontEndOf } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { type Judgement, judge } from '../evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import { inspect } from '../inspect.ts';
import { asStored } from '../model.ts';
import { dataOfRecipe, outlineOf, runPipeline, STAGES, stagesOf } from '../pipeline.ts';
import { type Sparsity, sparsityOf } from '../prune/sparsity.ts';
import { describeChanges } from '../quant/changes.ts';
import { bytes, ratio } from '../report/units.ts';
import type { IoType } from '../run/edges.ts';
import type { Explanation } from '../run/losses.ts';
import type { Context, MakeStage, Model, RangeChange, Stage } from '../stage.ts';
import { metricOf, type Task, taskOptions } from '../task/index.ts';
import { Heap } from '../wasm/heap.ts';
import { explainLoss, explanationJson, showChanges, showExplanation } from './explain.ts';
import { checkOutput, checkpointFile, exists, MODEL, readModel, writeModel } from './files.ts';
import { type DataFlags, dataFlags, type IoFlags, ioOption, readData, readingOfRecipe } from './flags.ts';
import { rebuiltAgain } from './front_ends.ts';
import { optionFlags, optionsFrom } from './option_flags.ts';
import { count, createOutput, type Output, percent } from './output.ts';
import { type OutsideFlags, outsideFlags, readOutside } from './outside_flags.ts';
import { interruptible } from './progress.ts';
import { readRecipe } from './recipe_file.ts';
import { judgeGiven, readTask, type TaskFlags, taskFlags } from './task_flags.ts';
import { integer } from './values.ts';

interface Flags extends DataFlags, IoFlags, TaskFlags, OutsideFlags {
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly checkpoint?: string;
  readonly [option: string]: unknown;
}

/** Every stage that needs more than the model: one stage alone; `run`: a recipe. */
export function addStages(program: Command): void {
  for (const name of STAGES.names) {
    const make = STAGES.get(name);
    if (Object.keys(make.kind.options.entries).length) addStage(program, make);
  }
  addRun(program);
}

function addStage(program: Command, make: MakeStage): void {
  const { name, about, options, needsData, trains } = make.kind;
  const command = optionFlags(program.command(name).description(about).argument('<model>', MODEL), options);
  const hasTeacher = 'teacher' in options.entries;
  if (!('explain' in options.entries)) explainOption(command);
  if (hasTeacher) command.option('--original <model>', 'the float model that teaches, where it is not this one');
  if (trains)
    command.option(
      '--checkpoint <file>',
      'keep the state there after every epoch and when interrupted; the same command continues from it',
    );
  resultFlags(taskFlags(dataFlags(command, needsData))).action(async (path: string, flags: Flags) => {
    const given = optionsFrom(options, flags);
    const out = createOutput(flags.json ?? false);
    const model = await readModel(path);
    const outside = hasTeacher ? await readOutside(flags, model, out) : null;
    const stage = make({ ...(hasTeacher && flags.original ? { teacher: 'original' } : {}), ...given, ...outside?.options });
    const original = typeof flags.original === 'string' ? await readModel(flags.original) : model;
    await checkOutput(flags.out, flags);
    const checkpoint = flags.checkpoint === undefined ? undefined : await checkpointFile(flags.checkpoint);
    const data = flags.data ? await readData(flags, model, out) : null;
    await apply(model, [stage], { data, seed: flags.seed ?? 0, original, checkpoint, ...outside }, flags, out);
  });
}

const resultFlags = (command: Command): Command =>
  command
    .requiredOption('--out <file>', 'the model to write')
    .addOption(ioOption())
    .option('--seed <n>', 'of everything that is random (0)', integer)
    .option('--force', 'replace --out where it exists')
    .option('--json', 'one JSON object on stdout');

const explainOption = (command: Command): Command =>
  command.option(
    '--explain',
    'tensor by tensor, which ranges and schemes of a quantized model were chosen again, and what that gained',
  );

function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('replay a recipe (the JSON of stages that compress found)')
    .argument('<recipe>', 'a recipe.json')
    .argument('<model>', 'the model file it was found for');
  outsideFlags(resultFlags(taskFlags(dataFlags(explainOption(command), true))), 'that the recipe names').action(
    async (recipePath: string, path: string, flags: Flags) => {
      const out = createOutput(flags.json ?? false);
      const recipe = await readRecipe(recipePath);
      const stages = stagesOf(recipe);
      const model = await readModel(path);
      await checkOutput(flags.out, flags);
      const seed = flags.seed ?? recipe.seed;
      const defaults = readingOfRecipe(recipe);
      const whole = await readData({ ...flags, seed }, model, out, { defaults });
      const data = dataOfRecipe(whole, { ...recipe, seed });
      const begun = recipe.rebuilt
        ? await rebuiltAgain(model, recipe.rebuilt, whole, { ...recipe.task, ...taskOptions(flags), seed }, out)
        : model;
      if (recipe.together) out.say('by this recipe the validation part trains too: figures of it are not of examples unseen');
      const { teachers, unlabelled } = await readOutside(flags, model, out, defaults);
      const io = flags.io ?? recipe.io;
      const rest = { data, seed, original: begun, teachers, unlabelled };
      await apply(begun, stages, rest, { ...recipe.task, ...flags, io }, out);
    },
  );
}

async function apply(
  model: Model,
  stages: readonly Stage[],
  rest: Pick<Context, 'data' | 'seed' | 'original' | 'checkpoint' | 'teachers' | 'unlabelled'>,
  flags: Flags,
  out: Output,
): Promise<void> {
  const heap = await Heap.open();
  for (const stage of stages) await stage.check({ ...rest, heap });
  // Names of layers, before anything is measured.
  if (stages.some(namesLayers)) await outlineOf(model, stages, { ...rest, heap });
  if (flags.io) await checkIo(model, stages, { ...rest, heap }, flags.io);
  const measured = measuring(heap, model, stages, rest.data, flags, out);
  const before = { ...figuresOf(model), ...measured?.before };
  const context = { ...rest, heap, ...(measured && { task: measured.task }) };
  const found = await interruptible(
    (host) => runPipeline(model, stages, { ...context, ...host, warn: out.warn }),
    () => interruption(flags),
  );
  const stored = asStored(found, flags.io);
  await writeModel(flags.out, rest.data ? withFrontEndOf(stored, rest.data) : stored);
  const after = { ...figuresOf(found), ...measured?.of(asStored(found)) };
  const { quantization } = found.facts;
  const { decisions = [], rangeChanges = [] } = found.facts;
  for (const line of decisions) out.say(line);
  const changes = describeChanges(rangeChanges);
  if (changes) out.say(`quantize: ${changes}`);
  for (const line of quantization?.mended ?? []) out.say(`quantize: ${line}`);
  const task = measured?.task ?? null;
  const explanation = rest.data && explainLoss(heap, found, rest.data, task, after.quality, rest.seed, out);
  const sparsity = sparsityOf(found.graph);
  report(before, after, task, { mended: quantization?.mended ?? [], explanation, sparsity, decisions, rangeChanges }, flags, out);
}

interface Done {
  readonly mended: readonly string[];
  readonly explanation: Explanation | null;
  readonly sparsity: Sparsity;
  readonly decisions: readonly string[];
  readonly rangeChanges: readonly RangeChange[];
}

const figuresOf = (m: Model) => {
  const { macs, parameters, weightBytes } = inspect(m);
  return { macs, parameters, weightBytes, accuracy: null as number | null, quality: null as number | null };
};

type StageFigures = ReturnType<typeof figuresOf>;

/** How quality is measured on the validation part; null where data says nothing of it: no stage trains, and there are no labels. */
function measuring(heap: Heap, model: Model, stages: readonly Stage[], data: Dataset | null, flags: Flags, out: Output) {
  if (!data) return null;
  const labelled = PARTS.some((part) => data[part]?.y);
  if (!labelled && !flags.task && !stages.some((s) => s.trains)) return null;
  const graph = asStored(model);
  const task = readTask(heap, graph, data, flags, out);
  const canJudge = data.validation && (data.validation.y || task.name === 'reconstruction');
  if (!canJudge) return { task, of: () => ({}), before: {} };
  const shown = ({ evaluation: { accuracy, quality } }: Judgement) => ({ accuracy, quality });
  const of = (g: Graph) => shown(judge(heap, g, data, 'validation', task));
  return { task, of, before: shown(judgeGiven(heap, graph, data, 'validation', task, out)) };
}

/** Whether options of a stage have something by name. */
const namesLayers = ({ options }: Stage): boolean =>
  ['ratios', 'blocks', 'layerBits', 'layerActivationBits'].some((name) => Object.keys(options[name] ?? {}).length > 0);

/** Finds out before any work whether the result can have this type at its edges. */
async function checkIo(model: Model, stages: readonly Stage[], context: Context, io: IoType): Promise<void> {
  const outline = await outlineOf(model, stages, context);
  if (outline) asStored(outline, io);
}

export async function interruption({ checkpoint }: { readonly checkpoint?: string }): Promise<CompressError> {
  if (!checkpoint || !(await exists(checkpoint)))
    return new CompressError('interrupted', 'interrupted; nothing was written', 'start it again');
  return new CompressError(
    'interrupted',
    `interrupted; the training is kept in "${checkpoint}"`,
    'give the same command again to continue',
  );
}

/** Weights at zero are stored as any others. */
function sayZeros({ weights, zeros, bytes: stored, sparseBytes, entropyBytes }: Sparsity, out: Output): void {
  out.say(`zeros         ${percent(zeros / weights)} of the weights of layers; masks hold them through every later stage`);
  out.say(
    `zeros         save nothing on the chip: ${bytes(stored)} as the chip stores them; ${bytes(sparseBytes)} with a bitmap, ${bytes(entropyBytes)} by entropy`,
  );
}

function report(
  before: StageFigures,
  after: StageFigures,
  task: Task | null,
  { mended, explanation, sparsity, decisions, rangeChanges }: Done,
  flags: Flags,
  out: Output,
): void {
  const judged = task && { task: task.name, output: task.outputName, metric: task.metric };
  const quantization = { mended, ...(rangeChanges.length && { rangeChanges }), ...(explanation && explanationJson(explanation)) };
  out.result({ out: flags.out, before, after, ...judged, quantization, decisions, ...(sparsity.masked && { sparsity }) }, () => {
    out.say(`MACs          ${count(before.macs)} -> ${count(after.macs)} (${ratio(before.macs, after.macs)})`);
    out.say(`parameters    ${count(before.parameters)} -> ${count(after.parameters)}`);
    out.say(
      `weight bytes  ${bytes(before.weightBytes)} -> ${bytes(after.weightBytes)} (${ratio(before.weightBytes, after.weightBytes)})`,
    );
    if (task && after.quality !== null) {
      const { label, show } = metricOf(task.metric);
      const was = before.quality === null ? '-' : show(before.quality);
      out.say(`${label.padEnd(13)} ${was} -> ${show(after.quality)} on the validation part`);
    }
    if (sparsity.masked) sayZeros(sparsity, out);
    if (explanation) showExplanation(explanation, out);
    if (flags.explain && rangeChanges.length) showChanges(rangeChanges, out);
    out.print(`written: ${flags.out}`);
  });
}
