import type { Command } from 'commander';
import * as v from 'valibot';
import { BUILDERS, builderFields, buildModel, isBuilder, reinitialized } from '../builders/index.ts';
import { type Dataset, describeNormalization, normalizedFeatures, withFrontEndOf } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { judge } from '../evaluate.ts';
import { inspect } from '../inspect.ts';
import { asStored } from '../model.ts';
import { checkOptions } from '../options/index.ts';
import { bytes } from '../report/units.ts';
import { toFloat } from '../run/integer.ts';
import type { Model } from '../stage.ts';
import { recognizeTask, showMetric, type Task, taskOfLabels, taskOptions } from '../task/index.ts';
import { withoutRecords } from '../train/fake.ts';
import { scratchFields, trainFromScratch } from '../train/index.ts';
import { Heap } from '../wasm/heap.ts';
import { checkOutput, checkpointFile, readModel, writeModel } from './files.ts';
import { type DataFlags, dataFlags, readData } from './flags.ts';
import { optionFlags, optionsFrom } from './option_flags.ts';
import { columns, count, createOutput, type Output, wrapped } from './output.ts';
import { interruptible } from './progress.ts';
import { interruption } from './stages.ts';
import { sayTask, type TaskFlags, taskFlags } from './task_flags.ts';
import { integer } from './values.ts';

interface Flags extends DataFlags, TaskFlags {
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly checkpoint?: string;
  readonly inputs?: string;
  readonly [option: string]: unknown;
}

const scratchSchema = v.object(scratchFields);
const builderSchema = v.object(builderFields);

export function addTrain(program: Command): void {
  const kinds = Object.entries(BUILDERS).map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`);
  const command = program
    .command('train')
    .description('train from random weights: the network of a model file, or a small one of a builder')
    .argument('<model|builder>', `a model file, or one of ${Object.keys(BUILDERS).join(', ')}`)
    .addHelpText('after', () => `\nBuilders:\n${wrapped(kinds.join('\n'), columns())}`);
  optionFlags(optionFlags(command, builderSchema), scratchSchema);
  taskFlags(dataFlags(command, true))
    .requiredOption('--out <file>', 'the float model to write')
    .option(
      '--checkpoint <file>',
      'keep the state there after every epoch and when interrupted; the same command continues from it',
    )
    .option('--inputs <a,b,..>', 'of a builder: the arrays that are the inputs, where they are not x or x0, x1 ...')
    .option('--seed <n>', 'of everything that is random (0)', integer)
    .option('--force', 'replace --out where it exists')
    .option('--json', 'one JSON object on stdout')
    .action(trainVerb);
}

async function trainVerb(from: string, flags: Flags): Promise<void> {
  const out = createOutput(flags.json ?? false);
  const options = checkOptions(scratchSchema, optionsFrom(scratchSchema, flags), 'train');
  const built = optionsFrom(builderSchema, flags);
  await checkOutput(flags.out, flags);
  const { model, data, task } = await begin(from, built, flags, out);
  const heap = await Heap.open();
  const seed = flags.seed ?? 0;
  const checkpoint = flags.checkpoint === undefined ? undefined : await checkpointFile(flags.checkpoint);
  const context = { heap, data, task, seed, original: model, checkpoint, warn: out.warn };
  const trained = await interruptible(
    (host) => trainFromScratch(model, { ...context, ...host }, options),
    () => interruption(flags),
  );
  await writeModel(flags.out, withFrontEndOf(asStored(trained), data));
  report(trained, { data, task, heap }, flags, out);
}

/** The network with random weights, its data and its task. */
async function begin(
  from: string,
  built: Record<string, unknown>,
  flags: Flags,
  out: Output,
): Promise<{ model: Model; data: Dataset; task: Task }> {
  const seed = flags.seed ?? 0;
  if (isBuilder(from)) {
    const read = await readData(flags, null, out, { inputs: flags.inputs?.split(',').map((name) => name.trim()) });
    const data = withNormalization(read, flags, out);
    const wanted = taskOfLabels(data, flags.task);
    const graph = buildModel(from, { inputs: data.inputs, seed, ...wanted }, built);
    const task = recognizeTask(graph, data, { ...taskOptions(flags), task: wanted.task });
    return begun(graph, data, task, out);
  }
  const [stray] = Object.keys(built);
  if (stray) throw new CompressError('bad-option', `--${stray} is for builders, and "${from}" is none`, 'leave it out');
  const given = await readModel(from).catch((e) => {
    throw e instanceof CompressError && !from.includes('.') ? unknownBuilder(from) : e;
  });
  const graph = reinitialized(withoutRecords(toFloat(given.graph)), seed);
  const data = await readData(flags, { ...given, graph }, out);
  return begun(graph, data, recognizeTask(graph, data, taskOptions(flags)), out);
}

/** Features of a front end are normalized over the train part, unless it is stated how. */
function withNormalization(data: Dataset, { scale, mean, std }: Flags, out: Output): Dataset {
  if (!data.frontEnd || [scale, mean, std].some((v) => v !== undefined)) return data;
  const normalized = normalizedFeatures(data);
  out.say(`data: features are normalized over the train part: ${describeNormalization(normalized)}`);
  return normalized;
}

const unknownBuilder = (name: string) =>
  new CompressError(
    'bad-option',
    `there is neither a file nor a builder "${name}"`,
    `builders are ${Object.keys(BUILDERS).join(', ')}`,
  );

function begun(graph: Model['graph'], data: Dataset, task: Task, out: Output) {
  sayTask(graph, task, out);
  return { model: { graph, facts: {} }, data, task };
}

function report(model: Model, { data, task, heap }: { data: Dataset; task: Task; heap: Heap }, flags: Flags, out: Output): void {
  const { macs, parameters, weightBytes } = inspect(model);
  const judged = data.validation && (data.validation.y || task.name === 'reconstruction');
  const found = judged ? judge(heap, asStored(model), data, 'validation', task).evaluation : null;
  const quality = { accuracy: found?.accuracy ?? null, quality: found?.quality ?? null };
  const about = { task: task.name, output: task.outputName, metric: task.metric };
  out.result({ out: flags.out, ...about, macs, parameters, weightBytes, ...quality }, () => {
    out.say(`${count(macs)} MACs, ${count(parameters)} parameters, ${bytes(weightBytes)} of weights`);
    if (found) out.say(`${showMetric(task.metric, found.quality)} on the ${found.examples} examples of the validation part`);
    out.print(`written: ${flags.out}`);
  });
}
