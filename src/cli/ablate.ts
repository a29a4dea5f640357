import { basename, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import {
  type Ablation,
  ARMS,
  ablate,
  differenceText,
  heldText,
  type Interactions,
  interactions,
  interactionsSchema,
  type Job,
  ordersOf,
  parseKept,
  type RunFiles,
  spreadOf,
  USUAL_INTERACTIONS,
  verdictText,
  WEIGHTS_AND_MACS,
  wordsOf,
  writeAblation,
} from '../ablate/index.ts';
import { type CompressOptions, checkCompress, nodePool } from '../compress/index.ts';
import { CompressError } from '../errors.ts';
import type { Model } from '../stage.ts';
import { findTarget } from '../targets/index.ts';
import { metricOf, taskOptions } from '../task/index.ts';
import { Heap } from '../wasm/heap.ts';
import { checkReused, identityOf, openFolder, readIn } from './ablation_folder.ts';
import { MODEL, readModel, writeWhole } from './files.ts';
import { type DataFlags, dataFlags, readData } from './flags.ts';
import { readTeachers } from './interactions.ts';
import { createOutput, type Output, plural, table } from './output.ts';
import { repeated } from './outside_flags.ts';
import { pluginsIn } from './plugins.ts';
import { interruptible } from './progress.ts';
import { dropFlag, type GoalFlags, goalFlags, readTask, type TaskFlags, taskFlags } from './task_flags.ts';
import { counted, integer, weights, workers, wrap } from './values.ts';

interface Flags extends DataFlags, TaskFlags, GoalFlags {
  readonly target: string;
  readonly maxDrop?: number;
  readonly objective?: CompressOptions['objective'];
  readonly arms?: readonly string[];
  readonly samples: number;
  readonly seeds: number;
  readonly workers: number;
  readonly interactions: boolean;
  readonly out?: string;
  readonly reuse?: string;
  readonly teacher?: readonly string[];
  readonly json?: boolean;
}

const armNames = wrap((text) => {
  const names = text.split(',').map((s) => s.trim());
  const wrong = names.find((name) => !Object.hasOwn(ARMS, name));
  if (wrong !== undefined) throw new Error(`"${wrong}" is none of ${Object.keys(ARMS).join(', ')}.`);
  return [...new Set(names)];
});

export function addAblate(program: Command): void {
  const command = program
    .command('ablate')
    .description('each method alone, in pairs and in every order, against the search, with as many training samples each')
    .argument('<model>', MODEL);
  dropFlag(goalFlags(taskFlags(dataFlags(command, true))))
    .requiredOption('--target <mcu>', 'see `thumbnet targets`')
    .option('--objective <weights>', 'what to save (weights=1,macs=1)', weights)
    .option('--arms <a,b,..>', `of ${Object.keys(ARMS).join(', ')} (all)`, armNames)
    .option('--samples <n>', 'examples that all trainings of a run together may see, as 50K (50K)', counted, 50_000)
    .option('--seeds <n>', 'runs of each arm, with the seeds 0, 1, .. (3)', integer, 3)
    .option('--workers <n>', 'threads of the searches, at most 8; does not change the result', workers, 2)
    .option('--no-interactions', 'leave out how the methods act on each other')
    .option('--teacher <file>', 'another model that teaches where the methods act on each other; may be repeated', repeated)
    .option('--out <dir>', 'a folder for the results, where an interrupted ablation goes on (ablation-<model>)')
    .option(
      '--reuse <dir>',
      'an ablation of the same model, data and goal for another chip: what it trained, beside the searches, is judged for this one',
    )
    .option('--json', 'one JSON object on stdout')
    .action(run);
}

async function run(path: string, flags: Flags): Promise<void> {
  const out = createOutput(flags.json ?? false);
  findTarget(flags.target);
  const { samples, seeds, arms } = flags;
  for (const [name, value] of Object.entries({ samples, seeds }))
    if (value < 1) throw new CompressError('bad-option', `--${name} is ${value}`, 'give 1 or more');
  const model = await readModel(path);
  const data = await readData(flags, model, out);
  const options = optionsOf(flags);
  checkCompress(model, data, options);
  const heap = await Heap.open();
  const task = readTask(heap, model.graph, data, flags, out);
  const folder = flags.out ?? `ablation-${basename(path, extname(path))}`;
  const job: Job = { model, data, options };
  const identity = await identityOf(job, samples);
  if (flags.reuse !== undefined) await checkReused(flags.reuse, identity);
  const teachers = await readTeachers(flags.teacher ?? []);
  await openFolder(folder, identity, job, samples);
  const kept: RunFiles = {
    read: (name) => readIn(folder, name),
    write: (name, content) => writeWhole(join(folder, name), content),
  };
  const { reuse } = flags;
  const found = await interruptible(
    async ({ signal, progress }): Promise<Ablation> => {
      const compared = await ablate(
        job,
        { samples, seeds, ...(arms && { arms }) },
        {
          ...{ kept, signal, ...(reuse !== undefined && { reused: { read: (name) => readIn(reuse, name) } }) },
          progress: (done, total, detail) => progress({ what: 'ablate', done, total, detail }),
          pool: (context) => nodePool(context, flags.workers, { plugins: pluginsIn(process.argv) }),
        },
      );
      const context = { heap, data: { ...data, test: null }, task, seed: 0, original: model, signal, progress };
      const together = flags.interactions ? await keptInteractions(model, teachers, context, kept) : null;
      return { ...compared, model: basename(path), interactions: together };
    },
    () =>
      new CompressError(
        'interrupted',
        `interrupted; finished runs are kept in "${folder}"`,
        'give the same command again to continue',
      ),
  );
  await report(found, folder, out);
}

function optionsOf(flags: Flags): Job['options'] {
  const { target, goal, maxDrop, minRecall, objective } = flags;
  if (goal !== undefined && maxDrop !== undefined)
    throw new CompressError('bad-option', '--goal and --max-drop are both given', 'give one of them');
  const asked = { ...taskOptions(flags), goal, maxDrop, minRecall, objective: objective ?? WEIGHTS_AND_MACS };
  return { target, ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) };
}

async function keptInteractions(
  model: Model,
  teachers: Readonly<Record<string, Model>>,
  context: Parameters<typeof interactions>[2],
  kept: RunFiles,
): Promise<Interactions> {
  const before = await kept.read('interactions.json');
  if (before) {
    const known = parseKept(interactionsSchema, new TextDecoder().decode(before), 'interactions.json');
    if (Object.keys(teachers).every((name) => known.recoveries.some(({ teacher }) => teacher === name))) return known;
  }
  const found = await interactions(model, { ...USUAL_INTERACTIONS, teachers }, context);
  await kept.write('interactions.json', `${JSON.stringify(found)}\n`);
  return found;
}

/** What is shown of the adaptive search against an arm. */
const SHORT: Readonly<Record<string, string>> = {
  wins: 'wins',
  loses: 'loses',
  'no difference': 'as good',
  'costs less and answers worse': 'trade',
  'costs more and answers better': 'trade',
};

async function report(found: Ablation, folder: string, out: Output): Promise<void> {
  const [page, json] = [join(folder, 'ablation.html'), join(folder, 'ablation.json')];
  await writeWhole(page, writeAblation(found));
  await writeWhole(json, `${JSON.stringify(found, null, 1)}\n`);
  out.result({ ...found, files: { page, json } }, () => {
    const { show, label, inPercent } = metricOf(found.metric);
    const rows = found.arms.map((arm) => {
      const mean = (of: Parameters<typeof spreadOf>[1]) => spreadOf(arm, of).mean;
      const { low, high } = spreadOf(arm, (r) => r.cost);
      return [
        arm.arm,
        mean((r) => r.cost).toFixed(3),
        `${low.toFixed(3)}-${high.toFixed(3)}`,
        show(mean((r) => r.test)),
        String(Math.round(mean((r) => r.figures.weightBytes))),
        heldText(arm),
        differenceText(arm.adaptive?.cost),
        differenceText(arm.adaptive?.score, inPercent ? 100 : 1),
        SHORT[arm.adaptive ? wordsOf(arm.adaptive) : ''] ?? '-',
      ];
    });
    out.say(
      `means over ${plural(found.seeds.length, 'seed')}; objective: needs as a share of plain int8; test: ${label} on the test part; held: runs that keep the goal there; less, quality: objective and quality of the adaptive search less those of the arm, with 95 % intervals`,
    );
    out.print(
      table(['arm', 'objective', 'range', 'test', 'weight bytes', 'held', 'less', 'quality', 'adaptive'], rows, 1, {
        drop: ['range', 'weight bytes', 'held', 'quality', 'less'],
      }),
    );
    for (const arm of found.arms) if (ordersOf(arm).length) out.say(`${arm.arm}: ${ordersOf(arm).join(', ')}`);
    out.say(verdictText(found));
    out.print(`written: ${json}`);
    out.print(`report:  ${pathToFileURL(page).href}`);
  });
}
