/** Two models, or two results of `compress`, side by side; thresholds make it a check. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { FIGURE_OF } from '../compress/limits.ts';
import { CompressError } from '../errors.ts';
import { evaluatePart, findTask } from '../evaluate.ts';
import { shortName } from '../graph/names.ts';
import { inspect } from '../inspect.ts';
import { findTarget, profile } from '../mcu/index.ts';
import { asStored } from '../model.ts';
import { type History, parseHistory } from '../report/index.ts';
import { checkDrop, dropBetween, type MetricName, metricOf, taskOptions } from '../task/index.ts';
import { Heap } from '../wasm/heap.ts';
import { MISSED } from './exit_codes.ts';
import { readBytes, readModel } from './files.ts';
import { type DataFlags, dataFlags, readData } from './flags.ts';
import { complain, count, createOutput, type Output, table } from './output.ts';
import { qualityChange } from './result_table.ts';
import { type TaskFlags, taskFlags } from './task_flags.ts';
import { megahertz, number, pairs } from './values.ts';

/** What may be compared, and be held by a threshold. */
const FIGURES = { ...FIGURE_OF, file: 'fileBytes' } as const;

type Name = keyof typeof FIGURES;

interface Layer {
  readonly name: string;
  readonly op: string;
  readonly macs: number;
  readonly weightBytes: number;
}

interface Side {
  readonly name: string;
  readonly figures: Readonly<Partial<Record<(typeof FIGURES)[Name], number | null>>>;
  readonly metric: MetricName | null;
  readonly quality: number | null;
  readonly layers: readonly Layer[];
}

interface Flags extends DataFlags, TaskFlags {
  readonly target?: string;
  readonly clock?: number;
  readonly maxDrop?: number;
  readonly maxGrowth?: Readonly<Record<string, number>>;
  readonly json?: boolean;
}

/** flash=0,latency=5%: how much larger B may be than A. */
function growths(text: string): Record<string, number> {
  return Object.fromEntries(
    pairs(text).map(([name, value, part]) => {
      if (!(name in FIGURES) || value === undefined)
        throw new InvalidArgumentError(
          `"${part}" is not one of ${Object.keys(FIGURES).join(', ')} with a share, as flash=0,latency=5%.`,
        );
      return [name, number(value)];
    }),
  );
}

export function addCompare(program: Command): void {
  const command = program
    .command('compare')
    .description('two models, or two folders of compress: accuracy, bytes, layers; thresholds and an exit code for CI')
    .argument('<a>', 'a model, a folder that compress wrote, or its history.json')
    .argument('<b>', 'what is held against it')
    .option('--target <mcu>', 'of models: flash, RAM, latency and energy on this chip')
    .option('--clock <mhz>', 'another clock than the highest, as 84MHz', megahertz)
    .option('--max-drop <d>', 'exit code 1 where B is worse than A by more, in the unit of the metric: 0.01 or 1%', number)
    .option(
      '--max-growth <shares>',
      `exit code 1 where B has more than A: ${Object.keys(FIGURES).join(', ')}, as flash=0,latency=5%`,
      growths,
    );
  taskFlags(dataFlags(command, false))
    .option('--json', 'one JSON object on stdout')
    .action(async (a: string, b: string, flags: Flags) => {
      const out = createOutput(flags.json ?? false);
      if (flags.target) findTarget(flags.target);
      const heard = once(out);
      const sides = [await sideOf(a, flags, heard), await sideOf(b, flags, heard)] as const;
      const exceeded = exceededBy(sides, flags);
      out.result({ a: sides[0], b: sides[1], layers: layerPairs(sides), exceeded }, () => show(sides, [a, b], out));
      if (!exceeded.length) return;
      complain(`${b} is beyond what is allowed: ${exceeded.join('; ')}`);
      process.exitCode = MISSED;
    });
}

/** What holds of both sides is said once. */
function once(out: Output): Output {
  const said = new Set<string | undefined>();
  return {
    ...out,
    say(text) {
      if (!said.has(text)) out.say(text);
      said.add(text);
    },
  };
}

async function sideOf(path: string, flags: Flags, out: Output): Promise<Side> {
  const found = await stat(path).catch(() => null);
  const history = found?.isDirectory() ? join(path, 'history.json') : path.endsWith('.json') ? path : null;
  if (!history) return sideOfModel(path, flags, out);
  return sideOfHistory(parseHistory(new TextDecoder().decode(await readBytes(history, 'the history')), history), path);
}

function sideOfHistory({ rows, layersAfter, metric }: History, path: string): Side {
  const { figures } = rows[rows.length - 1];
  const { accuracy, quality, ...resources } = figures;
  return {
    name: basename(path),
    figures: resources,
    metric: (metric ?? 'accuracy') as MetricName,
    quality: quality ?? accuracy,
    layers: layersAfter.map(({ name, op, macs, weightBytes }) => ({ name, op, macs, weightBytes })),
  };
}

async function sideOfModel(path: string, flags: Flags, out: Output): Promise<Side> {
  const model = await readModel(path);
  const graph = asStored(model);
  const facts = inspect(model);
  const layers = facts.layers.map(({ name, op, macs, bytes }) => ({ name, op, macs, weightBytes: bytes }));
  const sum = (key: 'macs' | 'weightBytes') => layers.reduce((n, l) => n + l[key], 0);
  const chip = flags.target ? profile(graph, flags.target, { clockMhz: flags.clock }) : null;
  const figures = {
    ...(chip && {
      flashBytes: chip.flashBytes,
      ramBytes: chip.ramBytes,
      latencyMs: chip.latencyMs,
      energyUj: chip.energyUj,
    }),
    weightBytes: sum('weightBytes'),
    macs: sum('macs'),
    fileBytes: (await readBytes(path, 'the model')).length,
  };
  if (!flags.data) return { name: basename(path), figures, metric: null, quality: null, layers };
  const data = await readData(flags, model, out, { whole: flags.split === undefined });
  const heap = await Heap.open();
  const task = findTask(heap, graph, data, taskOptions(flags));
  const { metric, quality } = evaluatePart(heap, graph, data, 'test', { ...taskOptions(flags), task: task.name });
  return { name: basename(path), figures, metric, quality, layers };
}

/** What is beyond its threshold, in words. */
function exceededBy([a, b]: readonly [Side, Side], { maxDrop, maxGrowth = {} }: Flags): string[] {
  const found: string[] = [];
  if (maxDrop !== undefined) {
    if (a.quality === null || b.quality === null || a.metric === null || a.metric !== b.metric)
      throw new CompressError(
        'bad-option',
        '--max-drop needs the quality of both',
        'add --data, or compare two results of one metric',
      );
    checkDrop(a.metric, maxDrop);
    const drop = dropBetween(a.metric, a.quality, b.quality);
    const { show } = metricOf(a.metric);
    if (drop > maxDrop + 1e-12) found.push(`${a.metric} is ${show(b.quality)} where it was ${show(a.quality)}`);
  }
  for (const [name, most] of Object.entries(maxGrowth)) {
    const [was, is] = [a, b].map((side) => side.figures[FIGURES[name as Name]] ?? null);
    if (was === null || is === null)
      throw new CompressError('bad-option', `--max-growth: ${name} is not known of both`, 'add --target, or leave it out');
    if (is > was * (1 + most)) found.push(`${name} is ${count(is)} where it was ${count(was)}`);
  }
  return found;
}

/** Layers of the same name; null where one lacks it. */
function layerPairs([a, b]: readonly [Side, Side]): { name: string; op: string; a: Layer | null; b: Layer | null }[] {
  const after = new Map(b.layers.map((l) => [l.name, l]));
  const before = new Set(a.layers.map((l) => l.name));
  return [
    ...a.layers.map((l) => ({ name: l.name, op: l.op, a: l, b: after.get(l.name) ?? null })),
    ...b.layers.filter((l) => !before.has(l.name)).map((l) => ({ name: l.name, op: l.op, a: null, b: l })),
  ];
}

const LABELS: Readonly<Record<Name, string>> = {
  flash: 'flash B',
  ram: 'RAM B',
  latency: 'latency ms',
  energy: 'energy µJ',
  weights: 'weights B',
  macs: 'MACs',
  file: 'file B',
};

function show(sides: readonly [Side, Side], [nameA, nameB]: readonly string[], out: Output): void {
  const [a, b] = sides;
  const rows = (Object.keys(FIGURES) as Name[]).flatMap((name) => {
    const [was, is] = sides.map((s) => s.figures[FIGURES[name]] ?? null);
    return was === null && is === null ? [] : [[LABELS[name], numberText(was), numberText(is), growthText(was, is)]];
  });
  const quality = ({ metric, quality: q }: Side) => (metric === null || q === null ? '-' : metricOf(metric).show(q));
  if (a.quality !== null || b.quality !== null) rows.push([a.metric ?? b.metric!, quality(a), quality(b), qualityText(sides)]);
  out.print(table(['', 'A', 'B', 'change'], rows));
  out.print(`A ${nameA}\nB ${nameB}`);
  const changed = layerPairs(sides).filter((p) => p.a?.macs !== p.b?.macs || p.a?.weightBytes !== p.b?.weightBytes);
  if (!changed.length) {
    out.say('layers: the same');
    return;
  }
  const cell = (l: Layer | null, key: 'macs' | 'weightBytes') => (l ? count(l[key]) : '-');
  const layers = changed.map((p) => [
    shortName(p.name),
    p.op,
    cell(p.a, 'macs'),
    cell(p.b, 'macs'),
    cell(p.a, 'weightBytes'),
    cell(p.b, 'weightBytes'),
  ]);
  out.print(
    table(['layer', 'operator', 'MACs A', 'MACs B', 'bytes A', 'bytes B'], layers, 2, { cut: ['layer', 12], drop: ['operator'] }),
  );
}

const numberText = (n: number | null): string => (n === null ? '-' : count(Number.isInteger(n) ? n : Number(n.toPrecision(6))));

function growthText(was: number | null, is: number | null): string {
  if (was === null || is === null || was === 0) return '-';
  if (was === is) return 'the same';
  const percent = 100 * (is / was - 1);
  const isFine = Math.abs(percent) < 10 || (percent < -99 && percent > -100);
  return `${percent > 0 ? '+' : ''}${percent.toFixed(isFine ? 1 : 0)} %`;
}

function qualityText([a, b]: readonly [Side, Side]): string {
  if (a.quality === null || b.quality === null || a.metric === null || a.metric !== b.metric) return '-';
  return a.quality === b.quality ? 'the same' : qualityChange(a.metric, a.quality, b.quality);
}
