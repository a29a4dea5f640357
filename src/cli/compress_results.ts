import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { wayOf } from '../compress/figures.ts';
import { goalText, historyOf } from '../compress/history.ts';
import type { CompressResult, FrontEndChoice } from '../compress/index.ts';
import type { Dataset } from '../data/index.ts';
import { importTflite } from '../formats/tflite/index.ts';
import { profile } from '../mcu/index.ts';
import { writeReport } from '../report/index.ts';
import { bytes, inTurns, milliseconds } from '../report/units.ts';
import type { SimplifyReport } from '../simplify/index.ts';
import type { Model } from '../stage.ts';
import { countsExamples, describeSmallData, dropBetween, metricOf, showDrop } from '../task/index.ts';
import { MISSED } from './exit_codes.ts';
import { writeWhole } from './files.ts';
import { frontEndText } from './front_ends.ts';
import { complain, count, type Output, plural, typed, wholePercent } from './output.ts';
import { ablationIn } from './report_ablation.ts';
import { detailsOf } from './report_details.ts';
import { resultTable } from './result_table.ts';
import { VERSION } from './version.ts';

/** Names of what is written. */
export const RESULTS = { model: 'model.tflite', recipe: 'recipe.json', report: 'report.html' } as const;

/** Whose results are written, and where. */
export interface Made {
  readonly model: Model;
  readonly data: Dataset;
  readonly folder: string;
  readonly title: string;
  /** As it was typed. */
  readonly command: string;
  readonly out: Output;
  /** Where it was chosen. */
  readonly frontEnd?: FrontEndChoice | null;
}

const simplifiedText = ({ macs, parameters }: SimplifyReport): string =>
  `Channels that change no output were removed before all else: of ${count(macs[0])} MACs ${count(macs[1])} are left, of ${count(parameters[0])} weights and biases ${count(parameters[1])}.`;

/** What the search began with, and candidates were held against. */
const begunText = ({ recipe }: Pick<CompressResult, 'recipe'>): string =>
  recipe.rebuilt ? 'the network that was built for the front end' : 'the model as given';

/** What was judged by which examples, and how far they can tell. */
function judgedText({ task, before, floor, smallestLoss, examples, recipe }: CompressResult): string {
  const { show, label } = metricOf(task.metric);
  return `By ${examples.validation} validation examples ${begunText({ recipe })} has ${show(before)} (${label}). A candidate had to keep ${show(floor)} there, beyond a standard error of its loss; a loss of less than ${showDrop(task.metric, smallestLoss)} is not significant on that number of examples. The test part was used once, for the table.`;
}

/** Where few validation examples were given. */
function enlargedText({ moved }: CompressResult, { validation }: Dataset): string[] {
  if (moved <= 0) return [];
  return [
    `The validation part had ${validation!.count} examples, too few for a significant loss: ${moved} of the train part were moved to it.`,
  ];
}

type Result = Pick<
  CompressResult,
  'checks' | 'unchecked' | 'examples' | 'byFolds' | 'checkSamples' | 'task' | 'together' | 'recipe'
>;

/** What the last check found, a sentence for each candidate: a trial may have left several. */
export function checkedText({ checks, unchecked, examples, byFolds, checkSamples, task, together, recipe }: Result): string[] {
  if (unchecked) return [`The choice was checked by no further examples: ${unchecked}.`];
  if (!checks.length) return [];
  const value = (n: number | null) => (n === null ? '-' : metricOf(task.metric).show(n));
  const more = checkSamples > 0 ? ` (${count(Math.round(checkSamples))} training samples more)` : '';
  const by = byFolds ? `of other folds of the train part, on which it was made again${more}` : 'kept from the search';
  const [{ given, least }] = checks;
  const strict = countsExamples(task) && given !== null && given === least ? ', and none of so few may be lost' : '';
  return [
    `The choice was checked by ${examples.check} examples ${by}. T${begunText({ recipe }).slice(1)} has ${value(given)} there${strict}.`,
    ...checks.map(({ trial, figures, quality, holds }, i) => {
      const others = checks.filter((c) => c.trial === trial).length > 1;
      const again = checks.slice(0, i).some((c) => c.trial === trial);
      const name =
        trial === null ? 'Plain int8' : others ? `${again ? 'Another' : 'A'} candidate of trial ${trial}` : `Trial ${trial}`;
      const size = `${bytes(figures.flashBytes)}, ${milliseconds(figures.latencyMs)}`;
      return `${name} (${size}) has ${value(quality)}: ${holds ? 'accepted' : 'rejected'}.`;
    }),
    ...(together
      ? [`It was made again from the train and validation parts together (${examples.train + examples.validation} examples).`]
      : []),
  ];
}

/** What an emulated core counted. */
function countedText({ counted, chosen, target }: CompressResult): string[] {
  if (!counted.length) return [];
  return [
    `Instructions of the best candidates were counted on an emulated ${target.core}.`,
    ...counted.map(({ trial, instructions, modelled, latencyMs }) => {
      const name = trial === null ? 'Plain int8' : `Trial ${trial}`;
      const isChosen = trial === chosen ? ', chosen' : '';
      return `${name}: ${count(instructions)} (modelled ${count(modelled)}), ${milliseconds(latencyMs[1])}${isChosen}.`;
    }),
  ];
}

function failedText({ trials }: CompressResult): string[] {
  const failed = trials.filter((t) => t.state === 'failed');
  if (failed.length === 0) return [];
  return [
    `${failed.length === 1 ? 'A trial' : `${failed.length} trials`} failed, trial ${failed[0].number} with: ${failed[0].failure}`,
  ];
}

/** The figures are of one runtime; the file that is written runs on others too. */
function runtimeText({ tflite, target, settings: { runtime, clockMhz, trade } }: CompressResult): string[] {
  const graph = importTflite(tflite);
  const others = (['thumbnet', 'tflm'] as const).filter((other) => other !== runtime);
  return others.map((other) => {
    const { flashBytes, ramBytes, latencyMs } = profile(graph, target, { runtime: other, clockMhz, trade });
    const what = other === 'tflm' ? 'TFLite Micro with CMSIS-NN' : 'C written by `thumbnet export --format c`';
    return `Figures are for the runtime ${runtime}. With ${what} the result takes ${bytes(flashBytes)} of flash, ${bytes(ramBytes)} of RAM and ${milliseconds(latencyMs)}.`;
  });
}

export async function writeResults(
  { model, data, folder, title, command, out, frontEnd }: Made,
  result: CompressResult,
): Promise<void> {
  const notes = [
    judgedText(result),
    `${count(Math.round(result.trials.reduce((n, t) => n + t.samples, 0)))} training samples in ${plural(result.trials.length, 'trial')}, ${count(Math.round(result.trials.reduce((n, t) => n + t.macs, 0) / 1e6))} million multiplications.`,
    ...enlargedText(result, data),
    ...countedText(result),
    ...checkedText(result),
    ...(result.simplified ? [simplifiedText(result.simplified)] : []),
    ...failedText(result),
    ...(frontEnd ? frontEndText(frontEnd) : []),
    ...runtimeText(result),
    ...(result.endedByClock ? ['The study was ended by the clock: another machine may end it after more or fewer trials.'] : []),
    ...data.notes,
  ];
  // What results are compared with is the model as given, by its own front end.
  const given = frontEnd?.before?.model ?? model;
  const details = await detailsOf(result, given, data, join(folder, RESULTS.model));
  const history = historyOf(result, given, data, { title, command, version: VERSION, notes, details });
  const paths = {
    model: join(folder, RESULTS.model),
    recipe: join(folder, RESULTS.recipe),
    report: join(folder, RESULTS.report),
  };
  await writeWhole(paths.model, result.tflite);
  await writeWhole(paths.recipe, `${JSON.stringify(result.recipe, null, 2)}\n`);
  await writeWhole(join(folder, 'history.json'), `${JSON.stringify(history, null, 1)}\n`);
  await writeWhole(paths.report, writeReport(history, await ablationIn(folder)));
  const { original, ptq, result: found, reached, trials, task } = result;
  out.result(
    {
      original,
      ptq,
      result: found,
      recipe: paths.recipe,
      model: paths.model,
      report: paths.report,
      trials: trials.length,
      reached,
      task: task.name,
      output: task.outputName,
      metric: task.metric,
      target: result.target.name,
      goal: goalText(result),
      stages: result.recipe.stages,
      examples: result.examples,
      counted: result.counted,
      ...(frontEnd && { frontEnd: { chosen: frontEnd.features, tried: frontEnd.trials } }),
    },
    () => showResult(result, paths, out),
  );
  if (!reached) {
    const why = result.missed.length ? result.missed.join('; ') : `nothing fits the limits of ${result.target.name}`;
    complain(
      `the goal was not reached: ${goalText(result)} within the limits of ${result.target.name}; ${why}; the best candidate was written\n  fix: ${reachText(result)}`,
    );
    process.exitCode = MISSED;
  }
}

/** What may help where the goal was not reached. */
function reachText({ task, before, floor, examples, missed }: CompressResult): string {
  const allowed = dropBetween(task.metric, before, floor);
  const few =
    missed.length && countsExamples(task) && allowed >= 0 ? describeSmallData(examples.test, allowed, 'the test part') : null;
  const usual = 'give it more --samples, or ask for less (--max-drop, --goal)';
  return few ? `give more test examples, since ${few}; or ${usual}` : usual;
}

function showResult(done: CompressResult, paths: Readonly<Record<string, string>>, out: Output): void {
  const { target, recipe, trials, task } = done;
  out.say();
  out.say(`${target.name} (${target.core}), ${metricOf(task.metric).label} on the test part, ${plural(trials.length, 'trial')}`);
  out.print(resultTable(done));
  for (const line of [
    ...validationText(done),
    ...gainText(done),
    ...countedText(done),
    ...checkedText(done),
    ...errorText(done),
    ...fourBitText(done),
  ])
    out.say(line);
  out.say(`stages  ${inTurns(recipe.stages.map((s) => s.stage)).join(' -> ')}`);
  for (const [what, path] of Object.entries(paths)) if (what !== 'report') out.print(`${what.padEnd(7)} ${path}`);
  out.print(`report  ${pathToFileURL(resolve(paths.report)).href}`);
  out.print(`next    ${typed()} export ${paths.model} --format c --target ${target.name} --out FOLDER`);
  out.print(`        ${typed()} verify ${paths.model} --target ${target.name}`);
}

/** What the search saw, beside the table, which is of the test part. */
function validationText({ task, before, floor, chosenFigures, examples, recipe }: CompressResult): string[] {
  const { show, label } = metricOf(task.metric);
  if (chosenFigures.quality === null) return [];
  return [
    `On the ${examples.validation} validation examples, which the search looked at: ${label} ${show(chosenFigures.quality)}, of ${begunText({ recipe })} ${show(before)}, at least ${show(floor)} asked.`,
  ];
}

function gainText({ chosen, trials, endedByClock }: CompressResult): string[] {
  if (chosen !== null) return [];
  const why = endedByClock
    ? `the time was over after ${plural(trials.length, 'trial')}`
    : 'no trial kept what is asked with fewer resources';
  return [`Nothing was gained over plain int8 quantization, which is handed back: ${why}.`];
}

/** How far off figures that are no counts may be, and what helps. */
function errorText({ tflite, target, settings }: CompressResult): string[] {
  const { heldOutError } = profile(importTflite(tflite), target, wayOf(settings));
  const said = (['latency', 'energy'] as const).map((what) => {
    const { median, p90 } = heldOutError[what];
    if (median === null || p90 === null) return `How far off the ${what} may be is not known.`;
    return `The ${what} is estimated: on a new chip or network half of such figures are less than ${wholePercent(median)} off, nine of ten less than ${wholePercent(p90)}.`;
  });
  return [
    ...said,
    'To know them, measure: the main.c of the export prints cycles on the chip, and `thumbnet profile --measured LOG` corrects the figures by them.',
  ];
}

/** Some vendors' tools read no such weights. */
function fourBitText({ tflite }: CompressResult): string[] {
  const { tensors } = importTflite(tflite);
  const count = tensors.filter((t) => t.dtype === 'i4' && t.data).length;
  if (!count) return [];
  return [
    `The weights of ${plural(count, 'layer')} have 4 bits: TFLite Micro and Thumbnet's own C take them, some vendors' tools refuse them; --weight-bits 8 keeps 8.`,
  ];
}
