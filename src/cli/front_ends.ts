/** The choice of a front end before the search of `compress`, and the same network again for `run`. */
import type { Command } from 'commander';
import * as v from 'valibot';
import {
  type CompressOptions,
  chooseFrontEnd,
  type FrontEndChoice,
  type FrontEndTrial,
  type Rebuilt,
  rebuiltFor,
} from '../compress/index.ts';
import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { findTask } from '../evaluate.ts';
import { alternativesTo, type FrontEnd, factsOf, frontEndOf } from '../features/index.ts';
import { bytes, milliseconds } from '../report/units.ts';
import type { Model } from '../stage.ts';
import { type MetricName, metricOf, type TaskOptions, taskOptions } from '../task/index.ts';
import { type ScratchOptions, scratchFields, scratchSchema } from '../train/index.ts';
import { Heap } from '../wasm/heap.ts';
import { type DataFlags, readData } from './flags.ts';
import { optionFlags, optionsFrom } from './option_flags.ts';
import { type Output, plural, table } from './output.ts';
import type { OutsideFlags } from './outside_flags.ts';
import { interruptible } from './progress.ts';

/** Of a training from random weights, what a user may state for front ends. */
const trainingSchema = v.object({ frontEndEpochs: scratchFields.epochs, frontEndAugment: scratchFields.augment });

export interface FrontEndFlags {
  readonly frontEnds?: string;
}

export function frontEndFlags(command: Command): Command {
  command.option(
    '--front-ends <auto|names>',
    'choose the front end too, of "mfcc:hop=40ms; logmel:bands=20", or auto: longer hops, fewer coefficients or bands',
  );
  return optionFlags(command, trainingSchema);
}

interface Given {
  readonly model: Model;
  readonly data: Dataset;
  readonly options: CompressOptions;
}

/** What is to be chosen from, and how networks are trained for it. */
export interface FrontEndsAsked {
  readonly names: readonly string[];
  readonly training: ScratchOptions;
}

/** null where none are to be chosen. @throws CompressError `bad-option` for flags that need or exclude each other, or a name that is not known */
export function askedFrontEnds(
  flags: FrontEndFlags & Pick<OutsideFlags, 'teacher' | 'unlabelled'>,
  { frontEnd }: Dataset,
): FrontEndsAsked | null {
  const { frontEndEpochs: epochs, frontEndAugment: augment } = optionsFrom(trainingSchema, flags as Record<string, unknown>);
  const bad = (what: string, fix: string) => new CompressError('bad-option', what, fix);
  if (flags.frontEnds === undefined) {
    if (epochs === undefined && augment === undefined) return null;
    throw bad('how front ends are trained is stated, and none are to be chosen', 'add --front-ends auto');
  }
  if (!frontEnd)
    throw bad(
      '--front-ends chooses among front ends, and this model is given its data as it is',
      'train one with --features first, or state what it is given: --features mfcc',
    );
  const outside = (['teacher', 'unlabelled'] as const).find((name) => flags[name] !== undefined);
  if (outside)
    throw bad(
      `--front-ends may change what the network is given, and --${outside} is for ${frontEnd.name}`,
      `choose first, without --${outside}; what comes out can be compressed with it`,
    );
  const names = flags.frontEnds.trim() === 'auto' ? alternativesTo(frontEnd) : namesIn(flags.frontEnds, frontEnd);
  const training = v.parse(scratchSchema, { ...(epochs !== undefined && { epochs }), ...(augment !== undefined && { augment }) });
  return { names, training };
}

/** The front end to search with; null where none is to be chosen. @throws as `askedFrontEnds` */
export async function chosenFrontEnd(
  flags: DataFlags & FrontEndFlags & Pick<OutsideFlags, 'teacher' | 'unlabelled'> & { readonly storage?: string },
  { model, data, options }: Given,
  out: Output,
): Promise<FrontEndChoice | null> {
  const asked = askedFrontEnds(flags, data);
  if (!asked) return null;
  const { names, training } = asked;
  const frontEnd = data.frontEnd!;
  const { samples: window, rate } = frontEnd;
  const silent: Output = { ...out, say: () => {} };
  // As the data was read, whether flags, a recipe or the model said so.
  const { features: _, split, ...reading } = data.stated ?? {};
  const { data: source, storage, seed } = flags;
  const [inputs, outputs] = [model.graph.inputs, model.graph.outputs].map((list) => list.map((t) => model.graph.tensors[t].name));
  const samples = await readData(
    {
      ...{ data: source, storage, seed, layout: data.layout, window, ...(rate && { rate }) },
      ...{ ...(outputs.length === 1 && { output: outputs[0] }), ...reading },
      ...(split && { split: [...split] }),
    },
    null,
    silent,
    { inputs },
  );
  out.say(
    `front ends: the network is trained for ${plural(names.length, 'other')} from random weights, ${training.epochs} epochs each`,
  );
  const choice = await interruptible(
    (host) => chooseFrontEnd(model, data, samples, names, training, options, host),
    async () =>
      new CompressError('interrupted', 'interrupted while front ends were tried; nothing was written', 'start it again'),
  );
  showFrontEnds(choice, out);
  return choice;
}

/** Names as they are stated. @throws CompressError `bad-option` for one that cannot be */
function namesIn(text: string, given: FrontEnd): string[] {
  const names = text.split(';').map((name) => name.trim());
  if (names.includes(''))
    throw new CompressError('bad-option', `--front-ends "${text}" has an empty name`, 'give names with ; between, or auto');
  for (const features of names) frontEndOf({ ...factsOf(given), features });
  const others = [...new Set(names)].filter((name) => name !== given.name);
  if (others.length) return others;
  throw new CompressError('bad-option', `--front-ends "${text}" is what the model has`, 'name others, or give auto');
}

/** The network that a recipe begins with, where it was built anew for another front end. */
export async function rebuiltAgain(
  model: Model,
  rebuilt: Rebuilt,
  data: Dataset,
  { seed, ...stated }: TaskOptions & { readonly seed: number },
  out: Output,
): Promise<Model> {
  const heap = await Heap.open();
  const task = findTask(heap, model.graph, data, taskOptions(stated));
  out.say(`the network is built anew for ${data.frontEnd?.name ?? 'the features'} and trained from random weights`);
  return interruptible(
    (host) => rebuiltFor(model, rebuilt, { heap, task, data: { ...data, test: null }, seed, original: model, ...host }),
    async () => new CompressError('interrupted', 'interrupted; nothing was written', 'start it again'),
  );
}

const rowOf = (metric: MetricName, chosen: string, { features, figures, cost, holds, why }: FrontEndTrial): string[] => {
  const verdict = features === chosen ? 'chosen' : holds ? '' : why!;
  if (figures === null) return [features, '-', '-', '-', '-', '-', verdict];
  const { quality, flashBytes, ramBytes, latencyMs } = figures;
  const shown = quality === null ? '-' : metricOf(metric).show(quality);
  return [features, shown, bytes(flashBytes), bytes(ramBytes), milliseconds(latencyMs), cost!.toFixed(3), verdict];
};

/** In a narrow column: what it states beside the one that is given. */
function shortened(features: string, given: string): string {
  const [parts, before] = [features, given].map((name) => name.split(/[:,]/));
  const others = parts.filter((part) => !before.includes(part));
  return parts[0] === before[0] && others.length ? `… ${others.join(',')}` : features;
}

function showFrontEnds({ features, trials, metric }: FrontEndChoice, out: Output): void {
  const head = ['front end', `${metric} (int8, validation)`, 'flash', 'RAM', 'latency', 'cost', ''];
  out.say(
    table(
      head,
      trials.map((t) => rowOf(metric, features, t).with(0, shortened(t.features, trials[0].features))),
      1,
      { cut: ['front end', 20], drop: ['latency'] },
    ),
  );
}

/** For the report. */
export function frontEndText({ features, trials, before, metric }: FrontEndChoice): string[] {
  const given = trials[0].features;
  const rows = trials.map((t) =>
    rowOf(metric, '', t)
      .filter((cell) => cell !== '')
      .join(', '),
  );
  return [
    before
      ? `The front end ${features} was chosen in place of ${given}, by the validation part and before the search: the network was built for it and trained from random weights. Figures of the model as given and of plain int8 are those with ${given}; all hold the front end.`
      : `The front end ${given} stays: of ${trials.length - 1} others none keeps what is asked and costs less.`,
    `Front ends tried (${metric} in int8 by the validation part, flash, RAM, latency, cost): ${rows.join('; ')}.`,
  ];
}
