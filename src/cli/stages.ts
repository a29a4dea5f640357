import { type Command, Option } from 'commander';
import { type Dataset, withValidationOf } from '../data/index.ts';
import { distill } from '../distill/index.ts';
import { CompressError } from '../errors.ts';
import { evaluatePart } from '../evaluate.ts';
import { exportTflite } from '../formats/tflite/index.ts';
import { inspect } from '../inspect.ts';
import { asStored } from '../model.ts';
import { runPipeline, stagesOf } from '../pipeline.ts';
import { CRITERIA, prune } from '../prune/index.ts';
import { quantize } from '../quant/index.ts';
import type { Context, Model, Stage } from '../stage.ts';
import { finetune } from '../train/index.ts';
import { Heap } from '../wasm/heap.ts';
import { checkOutput, checkpointFile, exists, MODEL, readModel, readRecipe, writeWhole } from './files.ts';
import { augmentation, type DataFlags, dataFlags, hints, integer, layerBits, number, readData } from './flags.ts';
import { count, createOutput, kib, type Output, percent } from './output.ts';
import { interruptSignal, stageBar } from './progress.ts';

interface Flags extends DataFlags {
  readonly out: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly checkpoint?: string;
  readonly [option: string]: unknown;
}

/** `prune`, `quantize`, `distill`, `finetune`: one stage alone; `run`: a recipe. */
export function addStages(program: Command): void {
  const pruning = stageCommand(
    program,
    'prune',
    'cut out the least important channels, with everything tied to them',
    prune,
    false,
  );
  pruning
    .option('--ratio <r>', 'share of the channels that goes (0.5)', number)
    .addOption(
      new Option('--criterion <name>', 'what makes a channel important (reconstruction; l2 without data)').choices([...CRITERIA]),
    )
    .addOption(
      new Option('--scope <name>', 'the share holds for each group, or for all together (group)').choices(['group', 'global']),
    )
    .option('--multiple <n>', 'leave a multiple of so many channels (1)', integer);
  const quantizing = stageCommand(program, 'quantize', 'post-training quantization to int8', quantize, true);
  quantizing
    .addOption(new Option('--calibrator <name>', 'how ranges are found (mse)').choices(['min-max', 'mse', 'percentile', 'best']))
    .option('--examples <n>', 'examples of the train part to measure ranges on (512)', integer)
    .option('--weight-bits <n>', '8 or 4 (8)', integer)
    .option('--layer-bits <name=n>', 'other bits for the weights of one layer; may be repeated', layerBits)
    .option('--activation-bits <n>', '8 or 16 (8)', integer);
  trainingFlags(stageCommand(program, 'finetune', 'train the weights on the labels', finetune, true));
  distillFlags(trainingFlags(stageCommand(program, 'distill', 'train a student on the answers of a teacher', distill, true)));
  addRun(program);
}

function distillFlags(command: Command): void {
  command
    .addOption(
      new Option('--teacher <who>', 'the model as it comes (self), the one named by --original, or the mean of both').choices([
        'self',
        'original',
        'both',
      ]),
    )
    .option('--original <model>', 'the float model that teaches, where it is not this one')
    .option('--temperature <t>', 'softens the answers (4)', number)
    .option('--weight <w>', 'share of the teacher in the loss, 0..1 (0.7)', number)
    .option('--width <w>', "the student's channels as a share of the model's (1)", number)
    .option(
      '--hint <name[=teacher][@weight]>',
      "an inner tensor that is to become as the teacher's (by its name there, if it is another one; weight 1); may be repeated",
      hints,
    )
    .addOption(new Option('--hint-loss <name>', 'how far it is off (mse)').choices(['mse', 'cosine']));
}

function trainingFlags(command: Command): Command {
  return command
    .option('--epochs <n>', 'times through the train part (5)', number)
    .option('--batch <n>', 'examples in one step (32)', integer)
    .option('--learning-rate <r>', 'at its peak (0.001)', number)
    .addOption(new Option('--optimizer <name>', '(adam)').choices(['adam', 'adamw', 'sgd']))
    .addOption(
      new Option('--schedule <name>', 'of the learning rate (cosine)').choices(['constant', 'cosine', 'one-cycle', 'step']),
    )
    .option('--momentum <m>', 'of sgd (0.9)', number)
    .option('--weight-decay <d>', '(0)', number)
    .option('--warmup <w>', 'share of the steps that raise the rate (0.05)', number)
    .option('--label-smoothing <s>', '(0)', number)
    .option('--augment <how>', 'vary examples: flip,shift=2,cutout=8,jitter=0.1,scale=0.1,mixup=0.5', augmentation)
    .option('--clip <n>', 'largest norm of the gradient, 0 = none (5)', number)
    .addOption(
      new Option(
        '--qat <how>',
        'a quantized model is trained as float and quantized again (off), or through fake quantization with the ranges in force, measured again ' +
          'afterwards (fixed), or with scales that are learned too (learned) (fixed)',
      ).choices(['off', 'fixed', 'learned']),
    )
    .option('--freeze-ranges <share>', 'of the steps, at the end, in which learned scales no longer move (0)', number)
    .option('--ema <decay>', "average the weights over the steps, 0.99 say; 0 = the last step's (0)", number)
    .option(
      '--patience <n>',
      'end after n epochs that are no better on the validation part; the best one counts (0 = never)',
      integer,
    )
    .option(
      '--checkpoint <file>',
      'keep the state there after every epoch and when interrupted; the same command goes on from it',
    );
}

const NOT_OPTIONS = [
  'data',
  'split',
  'scale',
  'mean',
  'std',
  'layout',
  'out',
  'force',
  'json',
  'seed',
  'original',
  'checkpoint',
  'hint',
];

function stageCommand(
  program: Command,
  name: string,
  about: string,
  // biome-ignore lint/suspicious/noExplicitAny: each stage checks its own options
  make: (options?: any) => Stage,
  needsData: boolean,
): Command {
  const command = program.command(name).description(about).argument('<model>', MODEL);
  return resultFlags(dataFlags(command, needsData)).action(async (path: string, flags: Flags) => {
    const options = Object.fromEntries(Object.entries(flags).filter(([key]) => !NOT_OPTIONS.includes(key)));
    if (name === 'distill' && flags.original) options.teacher ??= 'original';
    if (flags.hint) options.hints = flags.hint;
    const stage = make(options);
    const out = createOutput(flags.json ?? false);
    const model = await readModel(path);
    const original = typeof flags.original === 'string' ? await readModel(flags.original) : model;
    await checkOutput(flags.out, flags);
    const checkpoint = flags.checkpoint === undefined ? undefined : await checkpointFile(flags.checkpoint);
    const data = flags.data ? await readData(flags, model, out) : null;
    await apply(model, [stage], { data, seed: flags.seed ?? 0, original, checkpoint }, flags, out);
  });
}

const resultFlags = (command: Command): Command =>
  command
    .requiredOption('--out <file>', 'the .tflite to write')
    .option('--seed <n>', 'of everything that is random (0)', integer)
    .option('--force', 'replace --out where it exists')
    .option('--json', 'one JSON object on stdout');

function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('replay a recipe (the JSON of stages that compress found)')
    .argument('<recipe>', 'a recipe.json')
    .argument('<model>', 'the model file it was found for');
  resultFlags(dataFlags(command, true)).action(async (recipePath: string, path: string, flags: Flags) => {
    const out = createOutput(flags.json ?? false);
    const recipe = await readRecipe(recipePath);
    const stages = stagesOf(recipe);
    const model = await readModel(path);
    await checkOutput(flags.out, flags);
    const seed = flags.seed ?? recipe.seed;
    const defaults = {
      ...recipe.normalization,
      ...(recipe.layout && { layout: recipe.layout }),
      ...(recipe.split && { split: recipe.split as [number, number, number] }),
    };
    const whole = await readData({ ...flags, seed }, model, out, { defaults });
    const data = recipe.validation ? withValidationOf(whole, recipe.validation, seed) : whole;
    await apply(model, stages, { data, seed, original: model }, flags, out);
  });
}

async function apply(
  model: Model,
  stages: readonly Stage[],
  rest: Pick<Context, 'data' | 'seed' | 'original' | 'checkpoint'>,
  flags: Flags,
  out: Output,
): Promise<void> {
  const heap = await Heap.open();
  const { signal, release } = interruptSignal();
  const bar = stageBar();
  const found = await runPipeline(model, stages, { ...rest, heap, signal, progress: bar.progress, warn: out.warn })
    .catch(async (e) => {
      throw signal.aborted && !(e instanceof CompressError) ? await interruption(flags) : e;
    })
    .finally(() => {
      bar.stop();
      release();
    });
  await writeWhole(flags.out, exportTflite(asStored(found)));
  report(model, found, rest.data, heap, flags, out);
}

async function interruption({ checkpoint }: Flags): Promise<CompressError> {
  if (!checkpoint || !(await exists(checkpoint)))
    return new CompressError('interrupted', 'interrupted; nothing was written', 'start it again');
  return new CompressError(
    'interrupted',
    `interrupted; the training is kept in "${checkpoint}"`,
    'give the same command again to go on',
  );
}

function report(model: Model, found: Model, data: Dataset | null, heap: Heap, flags: Flags, out: Output): void {
  const figures = (m: Model) => {
    const { macs, parameters, weightBytes } = inspect(m);
    const part = data?.validation?.y ? 'validation' : null;
    const accuracy = part && data ? evaluatePart(heap, asStored(m), data, part).accuracy : null;
    return { macs, parameters, weightBytes, accuracy };
  };
  const before = figures(model);
  const after = figures(found);
  out.result({ out: flags.out, before, after }, () => {
    const ratio = (a: number, b: number) => (b > 0 ? `${(a / b).toFixed(2)} x` : '-');
    out.say(`MACs          ${count(before.macs)} -> ${count(after.macs)} (${ratio(before.macs, after.macs)} fewer)`);
    out.say(`parameters    ${count(before.parameters)} -> ${count(after.parameters)}`);
    out.say(
      `weight bytes  ${kib(before.weightBytes)} -> ${kib(after.weightBytes)} (${ratio(before.weightBytes, after.weightBytes)} fewer)`,
    );
    if (after.accuracy !== null)
      out.say(`accuracy      ${percent(before.accuracy)} -> ${percent(after.accuracy)} on the validation part`);
    out.say(`written: ${flags.out}`);
  });
}
