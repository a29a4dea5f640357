import { join } from 'node:path';
import { goalText, historyOf } from '../compress/history.ts';
import type { CompressResult } from '../compress/index.ts';
import type { Dataset } from '../data/index.ts';
import { writeReport } from '../report/index.ts';
import type { SimplifyReport } from '../simplify/index.ts';
import type { Model } from '../stage.ts';
import { MISSED } from './exit_codes.ts';
import { writeWhole } from './files.ts';
import { count, kib, microjoule, ms, type Output, percent, table } from './output.ts';
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
}

const simplifiedText = ({ macs, parameters }: SimplifyReport): string =>
  `Channels that change no output were removed before all else: of ${count(macs[0])} MACs ${count(macs[1])} are left, of ${count(parameters[0])} weights and biases ${count(parameters[1])}.`;

/** Where few validation examples were given. */
function enlargedText({ examples }: CompressResult, { validation }: Dataset): string[] {
  const moved = examples.validation - validation!.count;
  if (moved <= 0) return [];
  return [
    `The validation part had ${validation!.count} examples, too few for a significant loss of accuracy: ${moved} of the train part were moved to it.`,
  ];
}

function failedText({ trials }: CompressResult): string[] {
  const failed = trials.filter((t) => t.state === 'failed');
  if (failed.length === 0) return [];
  return [
    `${failed.length === 1 ? 'A trial' : `${failed.length} trials`} failed, trial ${failed[0].number} with: ${failed[0].failure}`,
  ];
}

export async function writeResults({ model, data, folder, title, command, out }: Made, result: CompressResult): Promise<void> {
  const notes = [
    `On the validation part the model as given reaches ${percent(result.before)}. A candidate had to keep ${percent(result.floor)} there, beyond a standard error of its loss; a loss of less than ${(100 * result.smallestLoss).toFixed(2)} points is not significant on that number of examples. The test part was used once, for the table.`,
    `${count(Math.round(result.trials.reduce((n, t) => n + t.samples, 0)))} training samples in ${result.trials.length} trials, ${count(Math.round(result.trials.reduce((n, t) => n + t.macs, 0) / 1e6))} million multiplications.`,
    ...enlargedText(result, data),
    ...(result.simplified ? [simplifiedText(result.simplified)] : []),
    ...failedText(result),
    ...(result.endedByClock ? ['The study was ended by the clock: another machine may end it after more or fewer trials.'] : []),
    ...data.notes,
  ];
  const history = historyOf(result, model, data, { title, command, version: VERSION, notes });
  const paths = {
    model: join(folder, RESULTS.model),
    recipe: join(folder, RESULTS.recipe),
    report: join(folder, RESULTS.report),
  };
  await writeWhole(paths.model, result.tflite);
  await writeWhole(paths.recipe, `${JSON.stringify(result.recipe, null, 2)}\n`);
  await writeWhole(join(folder, 'history.json'), `${JSON.stringify(history, null, 1)}\n`);
  await writeWhole(paths.report, writeReport(history));
  const { original, ptq, result: found, reached, trials } = result;
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
      target: result.target.name,
      goal: goalText(result),
      stages: result.recipe.stages,
      examples: result.examples,
    },
    () => show(result, paths, out),
  );
  if (!reached) {
    process.stderr.write(
      `the goal was not reached: ${goalText(result)} within the limits of ${result.target.name}; the best candidate was written\n  fix: give it more --samples, or allow a larger --max-drop\n`,
    );
    process.exitCode = MISSED;
  }
}

function show(
  { original, ptq, result, target, recipe, trials }: CompressResult,
  paths: Readonly<Record<string, string>>,
  out: Output,
): void {
  const ratio = (a: number | null, b: number | null) => (a && b ? `${(a / b).toFixed(2)} x` : '-');
  const row = (label: string, pick: (f: typeof result) => number | null, print: (n: number) => string) => {
    const [a, b, c] = [pick(original), pick(ptq), pick(result)];
    const text = (n: number | null) => (n === null ? '-' : print(n));
    return [label, text(a), text(b), text(c), ratio(a, c), ratio(b, c)];
  };
  const points = (a: number | null, b: number | null) =>
    a === null || b === null ? '-' : `${b >= a ? '+' : ''}${(100 * (b - a)).toFixed(1)} points`;
  const rows = [
    row('flash', (f) => f.flashBytes, kib),
    row('RAM', (f) => f.ramBytes, kib),
    row('latency', (f) => f.latencyMs, ms),
    row('energy', (f) => f.energyUj, microjoule),
    row('MACs', (f) => f.macs, count),
    row('weights', (f) => f.weightBytes, kib),
    [
      'accuracy',
      percent(original.accuracy),
      percent(ptq.accuracy),
      percent(result.accuracy),
      points(original.accuracy, result.accuracy),
      points(ptq.accuracy, result.accuracy),
    ],
  ];
  out.say();
  out.say(`${target.name} (${target.core}), accuracy on the test part, ${trials.length} trials`);
  out.say(table(['', 'as given', 'plain int8', 'Thumbnet', 'less than given', 'less than int8'], rows));
  out.say(`stages  ${recipe.stages.map((s) => s.stage).join(' -> ')}`);
  for (const [what, path] of Object.entries(paths)) out.say(`${what.padEnd(7)} ${path}`);
}
