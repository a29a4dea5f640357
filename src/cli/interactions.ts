import { basename } from 'node:path';
import type { Command } from 'commander';
import { type Interactions, interactions, movesOf, USUAL_INTERACTIONS } from '../ablate/interactions.ts';
import { CompressError } from '../errors.ts';
import { shortName } from '../graph/names.ts';
import { decibels } from '../quant/output_error.ts';
import type { Model, RangeChange } from '../stage.ts';
import { metricOf, type Task } from '../task/index.ts';
import { Heap } from '../wasm/heap.ts';
import { MODEL, readModel } from './files.ts';
import { type DataFlags, dataFlags, readData } from './flags.ts';
import { count, createOutput, type Output, percent, table, wholePercent } from './output.ts';
import { repeated } from './outside_flags.ts';
import { interruptible } from './progress.ts';
import { interruption } from './stages.ts';
import { readTask, type TaskFlags, taskFlags } from './task_flags.ts';
import { integer, number, wrap } from './values.ts';

interface Flags extends DataFlags, TaskFlags {
  readonly ratio: number;
  readonly degrees: readonly number[];
  readonly epochs: number;
  readonly teacher?: readonly string[];
  readonly json?: boolean;
}

/** By the names of their files. */
export const readTeachers = async (files: readonly string[]): Promise<Readonly<Record<string, Model>>> =>
  Object.fromEntries(await Promise.all(files.map(async (file) => [basename(file), await readModel(file)] as const)));

const share = wrap((text) => {
  const value = number(text);
  if (!(value > 0 && value < 1)) throw new Error('It is not a share above 0 and below 1.');
  return value;
});

const shares = wrap((text) => text.split(',').map((part) => share(part)));

const usual = USUAL_INTERACTIONS;

export function addInteractions(program: Command): void {
  const command = program
    .command('interactions')
    .description('how pruning, quantization and distillation act on each other, in numbers')
    .argument('<model>', MODEL);
  taskFlags(dataFlags(command, true))
    .option('--ratio <share>', `share that each kind of pruning cuts (${usual.ratio})`, share, usual.ratio)
    .option(
      '--degrees <a,b,..>',
      `shares of the channels after which teachers are compared (${usual.degrees})`,
      shares,
      usual.degrees,
    )
    .option('--epochs <n>', `of each distillation (${usual.epochs})`, number, usual.epochs)
    .option('--teacher <file>', 'another model that teaches; may be repeated', repeated)
    .option('--seed <n>', 'of everything that is random (0)', integer)
    .option('--json', 'one JSON object on stdout')
    .action(show);
}

async function show(path: string, flags: Flags): Promise<void> {
  const out = createOutput(flags.json ?? false);
  const model = await readModel(path);
  const teachers = await readTeachers(flags.teacher ?? []);
  const data = await readData(flags, model, out);
  if (!data.train || !data.validation)
    throw new CompressError(
      'bad-data',
      `${data.name} has no train and validation parts`,
      'give a folder with train.*, or a --split',
    );
  const heap = await Heap.open();
  const task = readTask(heap, model.graph, data, flags, out);
  const { ratio, degrees, epochs } = flags;
  const context = {
    heap,
    data: { ...data, test: null },
    task,
    seed: flags.seed ?? 0,
    original: model,
  };
  const found = await interruptible(
    (host) => interactions(model, { ratio, degrees, epochs, teachers }, { ...context, ...host }),
    () => interruption({}),
  );
  out.result(asJson(found), () => tables(found, task, out));
}

const db = (error: number): number | null => (error > 0 ? Number(decibels(error).toFixed(2)) : null);

/** dB where there is an error, else null. */
function asJson({ kinds, ...rest }: Interactions) {
  const range = ({ errorBefore, errorAfter, ...r }: RangeChange) => ({
    ...r,
    beforeDb: db(errorBefore),
    afterDb: db(errorAfter),
  });
  return {
    ...rest,
    kinds: kinds.map((k) => ({
      ...k,
      tensors: k.tensors.map(({ error, ...t }) => ({ ...t, sqnrDb: db(error) })),
      ranges: k.ranges.map(range),
    })),
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
const text = (value: number | null): string => (value === null || Number.isNaN(value) ? '-' : value.toFixed(1));

function tables({ ratio, kinds, recoveries }: Interactions, task: Task, out: Output): void {
  const { label, show: quality } = metricOf(task.metric);
  out.say(
    `kinds of pruning, ${percent(ratio)} each, of the network in 8 bits; dB: signal to rounding error, mean of the tensors`,
  );
  const dbOf = (k: Interactions['kinds'][number], kind: string) =>
    text(mean(k.tensors.flatMap((t) => (t.kind === kind ? (db(t.error) ?? []) : []))));
  const rows = kinds.map((k) => [
    ...[SHORT[k.kind] ?? k.kind, wholePercent(k.macs), wholePercent(k.weights), quality(k.float), quality(k.integer)],
    ...[dbOf(k, 'weights'), dbOf(k, 'activation'), ...rangesText(k.ranges)],
  ]);
  out.print(table(['pruned', 'MACs', 'weights', 'float', 'int8', 'w dB', 'a dB', 'moved', 'gain'], rows));
  out.say(
    'chan, elem: channels, single weights; g: compared all together; w, a dB: of weights, of activations; moved: width of ranges after the cut by that before; gain: dB won by choosing them again (tensors that then had another scheme)',
  );
  for (const kind of ['weights', 'activation'] as const) {
    const names = [...new Set(kinds.flatMap((k) => k.tensors.flatMap((t) => (t.kind === kind ? t.tensor : []))))];
    const cell = (name: string, k: Interactions['kinds'][number]) => {
      const found = k.tensors.find((t) => t.tensor === name && t.kind === kind);
      return found ? text(db(found.error)) : '';
    };
    out.print(
      table(
        [`${kind}, dB`, ...kinds.map((k) => SHORT[k.kind] ?? k.kind)],
        names.map((n) => [shortName(n), ...kinds.map((k) => cell(n, k))]),
      ),
    );
  }
  if (!recoveries.length) return;
  out.say(`${label} on the validation part after cuts of channels, and what distillation won back`);
  const won = recoveries.map((r) => [
    ...[percent(r.degree), r.teacher, quality(r.given), quality(r.cut), quality(r.distilled)],
    ...[count(r.examples), `${(r.multiplications / 1e9).toFixed(1)} G`],
  ]);
  out.print(table(['cut', 'teacher', 'given', 'cut to', 'distilled', 'examples', 'MACs'], won, 2, { cut: ['teacher', 12] }));
}

const SHORT: Readonly<Record<string, string>> = {
  channels: 'chan',
  'channels, global': 'chan g',
  blocks: 'block',
  weights: 'elem',
  'weights, global': 'elem g',
};

function rangesText(ranges: readonly RangeChange[]): string[] {
  if (!ranges.length) return ['', ''];
  const { width, schemes } = movesOf(ranges);
  const gain = mean(ranges.map((r) => (db(Math.max(r.errorAfter, 1e-12)) ?? 0) - (db(Math.max(r.errorBefore, 1e-12)) ?? 0)));
  return [width.toFixed(2), `${text(gain)} (${schemes})`];
}
