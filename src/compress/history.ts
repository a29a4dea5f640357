import type { Dataset } from '../data/index.ts';
import { importTflite } from '../formats/tflite/index.ts';
import { bytesOf, type Graph, sizeOf } from '../graph/graph.ts';
import { profile } from '../mcu/index.ts';
import type { History, LayerRow } from '../report/index.ts';
import type { Model } from '../stage.ts';
import type { CompressResult } from './index.ts';
import { dropOf } from './options.ts';
import type { TrialReport } from './tree.ts';

export interface HistoryContext {
  readonly title: string;
  /** The shell command that repeats it. */
  readonly command: string;
  readonly version: string;
  readonly notes: readonly string[];
}

/** What one compression did, for the report. The same result gives the same bytes. */
export function historyOf(result: CompressResult, model: Model, data: Dataset, context: HistoryContext): History {
  const { settings } = result;
  const after = importTflite(result.tflite);
  return {
    version: 1,
    title: context.title,
    command: context.command,
    versions: { thumbnet: context.version },
    seed: settings.seed,
    target: targetOf(result),
    goal: {
      text: goalText(result),
      minAccuracy: settings.minAccuracy ?? result.original.accuracy! - dropOf(settings),
      reached: result.reached,
      objective: { ...settings.objective },
    },
    data: { name: data.name, ...result.examples },
    rows: [
      { label: 'the model as given', figures: { ...result.original } },
      { label: 'plain int8 PTQ', figures: { ...result.ptq } },
      { label: 'Thumbnet', figures: { ...result.result } },
    ],
    trials: result.trials.map((t) => trialRow(t, result.trials)),
    chosen: result.chosen,
    layersBefore: layersOf(model.graph, result),
    layersAfter: layersOf(after, result),
    recipe: {
      stages: result.recipe.stages.map(({ stage, ...parameters }) => ({ name: stage, parameters: withShortNames(parameters) })),
    },
    files: { model: 'model.tflite', recipe: 'recipe.json' },
    notes: [...context.notes],
  };
}

const targetOf = ({ target, settings }: CompressResult): History['target'] => ({
  name: target.name,
  core: target.core,
  clockMhz: settings.clockMhz ?? target.clockMhz,
  flashBytes: target.flashBytes,
  ramBytes: target.ramBytes,
  runtime: settings.runtime,
});

const trialRow = (t: TrialReport, all: readonly TrialReport[]): History['trials'][number] => ({
  number: t.number,
  state: t.state,
  from: t.from,
  samples: t.samples,
  stages: t.stages.map((s) => s.stage),
  figures: t.figures && { ...t.figures },
  objective: t.objective,
  onFront: isOnFront(t, all),
});

export function goalText({ settings, original }: Pick<CompressResult, 'settings' | 'original'>): string {
  const { minAccuracy } = settings;
  if (minAccuracy !== undefined) return `accuracy of at least ${(100 * minAccuracy).toFixed(1)} %`;
  return `at most ${Number((100 * dropOf(settings)).toFixed(2))} points below the ${(100 * original.accuracy!).toFixed(1)} % of the model as given`;
}

/** Not dominated by any other trained trial in accuracy, flash, RAM, latency and energy. */
function isOnFront({ state, figures, number }: TrialReport, all: readonly TrialReport[]): boolean {
  if (state !== 'complete' || !figures) return false;
  const losses = (f: NonNullable<TrialReport['figures']>) => [
    -(f.accuracy ?? 0),
    f.flashBytes,
    f.ramBytes,
    f.latencyMs,
    f.energyUj ?? 0,
  ];
  const own = losses(figures);
  return !all.some((other) => {
    if (other.state !== 'complete' || !other.figures || other.number === number) return false;
    const theirs = losses(other.figures);
    const notWorse = theirs.every((l, i) => l <= own[i]);
    return notWorse && (theirs.some((l, i) => l < own[i]) || other.number < number);
  });
}

function layersOf(graph: Graph, { target, settings }: CompressResult): LayerRow[] {
  const { layers } = profile(graph, target, { runtime: settings.runtime, clockMhz: settings.clockMhz });
  return graph.nodes.map((node, i) => {
    const constants = node.inputs.flatMap((t) => (t >= 0 && graph.tensors[t].data ? [graph.tensors[t]] : []));
    const output = graph.tensors[node.outputs[0]];
    return {
      name: shortName(node.name),
      op: node.op,
      shape: output.shape.slice(1),
      macs: layers[i].macs,
      weightBytes: constants.reduce((n, t) => n + bytesOf(t.dtype, sizeOf(t.shape)), 0),
      weightBits: constants.length ? BITS[constants[0].dtype] : null,
      activationBits: BITS[output.dtype],
      latencyMs: layers[i].latencyMs,
    };
  });
}

const BITS = { f32: 32, i4: 4, i8: 8, u8: 8, bool: 8, i16: 16, i32: 32, i64: 64 } as const;

/** Converters join the names of all that was folded into a layer by semicolons. */
const shortName = (name: string): string => name.split(';').at(-1)!;

/** Parameters of a stage for a reader; maps by layer have short names. The recipe's own file has the whole ones. */
function withShortNames(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shorten = (value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const shorter = Object.fromEntries(Object.entries(value).map(([name, v]) => [shortName(name), v]));
    return Object.keys(shorter).length === Object.keys(value).length ? shorter : value;
  };
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, shorten(value)]));
}
