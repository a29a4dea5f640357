import { basename, extname, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type CompressOptions, EVALUATIONS, SAMPLERS } from '../compress/index.ts';
import { withFrontEndOf } from '../data/index.ts';
import { checkToolchain } from '../emulator/toolchain.ts';
import { CompressError } from '../errors.ts';
import { findTarget, RUNTIMES } from '../mcu/index.ts';
import { taskOptions } from '../task/index.ts';
import { RESULTS } from './compress_results.ts';
import { dryRun } from './dry_run.ts';
import { MODEL, readModel } from './files.ts';
import { type DataFlags, dataFlags, type IoFlags, ioOption, readData, readingOfRecipe, tradeOption } from './flags.ts';
import { askedFrontEnds, chosenFrontEnd, type FrontEndFlags, frontEndFlags } from './front_ends.ts';
import { createOutput, plural } from './output.ts';
import { type OutsideFlags, readOutside } from './outside_flags.ts';
import { readRecipe } from './recipe_file.ts';
import { checkPlace, runCompress } from './run_compress.ts';
import { artifactsAt, openStorage, type SharedPlace } from './shared_study.ts';
import { dropFlag, type GoalFlags, goalFlags, type TaskFlags, taskFlags } from './task_flags.ts';
import { amountsByName, byteCount, counted, duration, integer, megahertz, microjoules, weights, workers } from './values.ts';

interface Flags extends DataFlags, FrontEndFlags, IoFlags, TaskFlags, GoalFlags, OutsideFlags {
  readonly target: string;
  readonly runtime?: CompressOptions['runtime'];
  readonly trade?: CompressOptions['trade'];
  readonly clock?: number;
  readonly evaluate?: CompressOptions['evaluate'];
  readonly maxDrop?: number;
  readonly weightBits?: CompressOptions['weightBits'];
  readonly qat: boolean;
  readonly samples?: number;
  readonly trials?: number;
  readonly time?: number;
  readonly parallel?: number;
  readonly objective?: Readonly<Record<string, number>>;
  readonly enough?: Readonly<Record<string, number>>;
  readonly flashBudget?: number;
  readonly ramBudget?: number;
  readonly weightBudget?: number;
  readonly maxLatency?: number;
  readonly maxEnergy?: number;
  readonly maxMacs?: number;
  readonly sampler?: string;
  readonly workers: number;
  readonly out?: string;
  readonly recipe?: string;
  readonly resume?: boolean;
  readonly storage?: string;
  readonly study?: string;
  readonly artifacts?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addCompress(program: Command): void {
  const command = program
    .command('compress')
    .description('fit a model into a chip: search over pruning, quantization, distillation and their order')
    .argument('<model>', MODEL);
  compressFlags(frontEndFlags(dropFlag(goalFlags(taskFlags(dataFlags(command, true)))))).action(
    async (path: string, given: Flags) => {
      const out = createOutput(given.json ?? false);
      const recipe = given.recipe ? await readRecipe(given.recipe) : null;
      if (recipe?.rebuilt)
        throw new CompressError(
          'bad-option',
          `the recipe ${given.recipe} begins with a network that is built anew for another front end`,
          'replay it by `thumbnet run`, and compress that; or choose again by --front-ends',
        );
      // What a recipe says beside its stages holds where flags say nothing.
      const flags: Flags = recipe ? { ...recipe.task, ...(recipe.io && { io: recipe.io }), seed: recipe.seed, ...given } : given;
      if (flags.goal !== undefined && flags.maxDrop !== undefined) {
        throw new CompressError('bad-option', '--goal and --max-drop are both given', 'give one of them');
      }
      if (flags.dryRun && flags.resume) {
        const what = '--dry-run and --resume are both given: a dry run says what a new study would do';
        throw new CompressError('bad-option', what, 'leave one of them out');
      }
      const stray = (['study', 'artifacts'] as const).find((name) => flags.storage === undefined && flags[name] !== undefined);
      if (stray)
        throw new CompressError('bad-option', `--${stray} is for a study in a database`, 'add --storage, or leave it out');
      const shared = flags.storage === undefined ? null : sharedPlace(flags, path);
      findTarget(flags.target);
      if (flags.evaluate === 'emulator') checkToolchain();
      const folder = flags.out ?? `thumbnet-${basename(path, extname(path))}`;
      if (!flags.dryRun) await checkPlace(folder, flags.resume ?? false, shared !== null);
      if (resolve(path) === resolve(folder, RESULTS.model)) {
        throw new CompressError('exists', `the result would be written over the model "${path}"`, 'choose another --out');
      }
      const named = await readModel(path);
      const read = recipe ? readingOfRecipe(recipe) : {};
      const data = await readData({ ...given, seed: flags.seed }, named, out, { defaults: read });
      const model = { ...named, graph: withFrontEndOf(named.graph, data) };
      const outside = await readOutside(flags, model, out, read);
      const options = { ...optionsOf(flags), ...outside.options, ...(recipe && { recipe: recipe.stages }) };
      const { workers, resume = false } = flags;
      if (flags.dryRun) {
        const asked = askedFrontEnds(given, data);
        if (asked) {
          const { names, training } = asked;
          out.say(
            `--front-ends: before the search the network is trained for ${plural(names.length, 'other')}, ${training.epochs} epochs each; the figures below are those of the model as given`,
          );
        }
        return dryRun({ model, data, options, folder, workers, out });
      }
      const about = { folder, title: basename(path), command: commandLine() };
      const frontEnd = await chosenFrontEnd({ ...given, seed: flags.seed }, { model, data, options }, out);
      const chosen = frontEnd ?? { model, data, options };
      await runCompress({ ...about, ...chosen, frontEnd, outside, workers, resume, out, shared });
    },
  );
}

const compressFlags = (command: Command): Command =>
  command
    .requiredOption('--target <mcu>', 'see `thumbnet targets`')
    .addOption(new Option('--runtime <name>', 'what runs the network on the chip (thumbnet)').choices([...RUNTIMES]))
    .addOption(
      new Option(
        '--evaluate <how>',
        'what orders the best at the end: modelled latency, or instructions counted on QEMU (model)',
      ).choices([...EVALUATIONS]),
    )
    .addOption(tradeOption('in generated C: '))
    .option('--clock <mhz>', 'another clock than the highest, as 84MHz', megahertz)
    .addOption(
      new Option('--weight-bits <n>', 'of all layers 8, or of some 4 where that pays (mixed)')
        .choices(['8', 'mixed'])
        .argParser((text) => (text === '8' ? 8 : text)),
    )
    .option('--no-qat', 'no quantization-aware training among the choices (a --recipe is tried as it is)')
    .option('--samples <n>', 'examples that all trainings together may see, as 50K or 1M (250K)', counted)
    .option('--trials <n>', 'most trials', integer)
    .option('--time <t>', 'end after 30s, 20m, 2h; what is tried does not depend on it, when it ends does', duration('s'))
    .option(
      '--objective <weights>',
      'what to save, of flash, ram, latency, energy, weights, macs, quality (flash=1,ram=1,latency=1)',
      weights,
    )
    .option('--enough <amounts>', 'what is small enough, as flash=32K,latency=20ms: the rest is spent on quality', amountsByName)
    .option('--flash-budget <size>', 'as 64K; the whole chip if absent', byteCount)
    .option('--ram-budget <size>', 'as 32K; the whole chip if absent', byteCount)
    .option('--weight-budget <size>', 'of weights and biases, as 9K', byteCount)
    .option('--max-latency <t>', 'as 50ms', duration('ms'))
    .option('--max-energy <uJ>', 'of one inference, as 100uJ', microjoules)
    .option('--max-macs <n>', 'as 900K', counted)
    .addOption(new Option('--sampler <name>', 'how the next trial is chosen (tpe)').choices(SAMPLERS.names))
    .option(
      '--parallel <n>',
      'trial n knows the results of trials 0 .. n - N, with any number of workers (8, fewer for a small budget)',
      integer,
    )
    .option('--workers <n>', 'threads, at most 8; does not change the result', workers, 2)
    .addOption(ioOption())
    .option('--seed <n>', 'of everything that is random (0)', integer)
    .option('--out <dir>', 'a new folder for the results (thumbnet-<model>)')
    .option('--recipe <file>', 'a recipe.json that is tried first')
    .option('--resume', 'continue the study in --out, or in --storage')
    .option(
      '--storage <url>',
      'keep the study in a PostgreSQL database, where `thumbnet worker` of any machine takes trials of it',
    )
    .option('--study <name>', "the study's name there (as the model)")
    .option('--artifacts <url>', 'keep models of trials in file:///FOLDER or s3://BUCKET/PREFIX, not in the database')
    .option('--dry-run', 'say what would be done, what fits, and about how long it takes; nothing is written')
    .option('--teacher <file>', 'another model file of the same task that may teach')
    .option('--unlabelled <path>', 'examples without labels, which teachers alone answer to, read as --data is')
    .option('--json', 'one JSON object on stdout');

function optionsOf(flags: Flags): CompressOptions {
  const {
    target,
    runtime,
    trade,
    evaluate,
    goal: kept,
    maxDrop,
    minRecall,
    weightBits,
    qat,
    samples,
    trials,
    parallel,
    sampler,
    seed,
  } = flags;
  const { objective, enough, flashBudget, ramBudget, weightBudget, maxLatency, maxEnergy, maxMacs, time, clock, io } = flags;
  const limits = { flashBudget, ramBudget, weightBudget, maxLatencyMs: maxLatency, maxEnergyUj: maxEnergy, maxMacs };
  const goal = {
    target,
    runtime,
    trade,
    evaluate,
    clockMhz: clock,
    goal: kept,
    maxDrop,
    minRecall,
    objective,
    enough,
    ...limits,
    ...taskOptions(flags),
  };
  const search = { io, weightBits, qat, samples, trials, timeMs: time, parallel, sampler, seed };
  const given = Object.entries({ ...goal, ...search }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as CompressOptions;
}

/** As it was typed, for the report. */
const commandLine = (): string =>
  ['thumbnet', ...process.argv.slice(2).map((a) => (/^[\w./=,:+-]+$/.test(a) ? a : `'${a.replaceAll("'", "'\\''")}'`))].join(' ');

/** @throws CompressError `bad-option` for a URL that cannot be */
function sharedPlace({ storage: url, study, artifacts, workers }: Flags, path: string): SharedPlace {
  const storage = openStorage(url!, workers);
  const at = artifacts ?? null;
  return { storage, name: study ?? basename(path, extname(path)), at, artifacts: artifactsAt(at, storage) };
}
