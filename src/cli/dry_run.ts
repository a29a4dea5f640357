/** What `compress` would do, before it is done. */
import { type CompressOptions, checkCompress, figuresOf } from '../compress/index.ts';
import { byFigure, fits, limitsOf, unmet } from '../compress/limits.ts';
import { smallestOf } from '../compress/prepare.ts';
import type { Dataset } from '../data/index.ts';
import { isAtChance } from '../doubts.ts';
import { findTask } from '../evaluate.ts';
import { betweenEdges } from '../model.ts';
import { outlineOf } from '../pipeline.ts';
import { quantize } from '../quant/index.ts';
import type { Model } from '../stage.ts';
import { taskOptions } from '../task/index.ts';
import { finetune } from '../train/index.ts';
import { Heap } from '../wasm/heap.ts';
import { isEmpty } from './files.ts';
import { count, type Output, plural, table } from './output.ts';
import { timeText } from './progress.ts';
import { judgeGiven, sayTask } from './task_flags.ts';

interface Planned {
  readonly model: Model;
  readonly data: Dataset;
  readonly options: CompressOptions;
  readonly folder: string;
  readonly workers: number;
  readonly out: Output;
}

/** Trainings that are timed see so many examples. */
const TIMED = 512;
/** Of all the time, what is not training: choosing, quantizing, judging. Measured on the demo. */
const BESIDE = 1.6;

export async function dryRun({ model, data, options, folder, workers, out }: Planned): Promise<void> {
  const { settings, target } = checkCompress(model, data, options);
  const heap = await Heap.open();
  const task = findTask(heap, model.graph, data, taskOptions(options));
  const context = { heap, data, task, seed: settings.seed, original: model };
  const plain = await outlineOf(model, [quantize()], context);
  const limits = limitsOf(target, settings);
  const rows = (
    [
      ['as given', betweenEdges(model)],
      ['plain int8', betweenEdges(plain!)],
      ['the smallest', await smallestOf(model, context)],
    ] as const
  ).map(([name, graph]) => {
    const figures = figuresOf(graph, target, settings, null);
    const { flashBytes, ramBytes, latencyMs } = figures;
    return { name, flashBytes, ramBytes, latencyMs, fits: fits(figures, limits), unmet: unmet(figures, limits) };
  });
  const seconds = await secondsFor(model, data, settings, workers, context);
  const { evaluation } = judgeGiven(heap, model.graph, data, data.validation ? 'validation' : 'test', task, out);
  const { quality } = evaluation;
  const isTaken = !(await isEmpty(folder, () => false));
  const facts = {
    target: target.name,
    task: task.name,
    metric: task.metric,
    quality,
    samples: settings.samples,
    limits: byFigure(limits),
    models: rows.map(({ unmet: _, ...row }) => row),
    seconds,
    out: folder,
  };
  out.result(facts, () => {
    sayTask(model.graph, task, out);
    out.print(table(['', 'flash B', 'RAM B', 'latency ms', 'fits'], rows.map(lineOf)));
    out.say(`limits: ${count(limits.flash!)} B of flash, ${count(limits.ram!)} B of RAM of ${target.name}`);
    for (const { name, unmet: over } of rows)
      for (const [what, need, limit] of over) out.say(`${name}: ${what} ${need} is over the limit of ${limit}`);
    if (isAtChance(evaluation))
      out.say('a model that answers no better than chance has nothing to keep: compress would refuse it');
    if (!rows[2].fits) out.say('nothing that pruning and quantization can leave of this network fits: compress would refuse it');
    const time = settings.timeMs === undefined ? '' : `, ended after ${timeText(settings.timeMs / 1000)}`;
    out.say(
      `search: ${count(settings.samples)} training samples, about ${timeText(seconds)} with ${plural(workers, 'worker')} on this machine${time}`,
    );
    out.say(
      isTaken
        ? `"${folder}" exists already: a new study needs another --out; nothing was written`
        : `results would be written to "${folder}"; nothing was written`,
    );
  });
}

const lineOf = ({
  name,
  flashBytes,
  ramBytes,
  latencyMs,
  fits,
}: {
  name: string;
  flashBytes: number;
  ramBytes: number;
  latencyMs: number;
  fits: boolean;
}) => [name, count(flashBytes), count(ramBytes), count(Number(latencyMs.toPrecision(3))), fits ? 'yes' : 'no'];

/** By a short training of the whole network, which the search's own are mostly smaller than. */
async function secondsFor(
  model: Model,
  data: Dataset,
  { samples }: { readonly samples: number },
  workers: number,
  context: Parameters<typeof outlineOf>[2],
): Promise<number> {
  const part = Math.min(1, TIMED / data.train!.count);
  const begun = performance.now();
  await finetune({ epochs: part }).run(model, context);
  const each = (performance.now() - begun) / 1000 / (part * data.train!.count);
  return Number(((BESIDE * samples * each) / workers).toPrecision(2));
}
