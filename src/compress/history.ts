import { runGraph } from '../c/run_graph.ts';
import type { Dataset } from '../data/index.ts';
import { importTflite } from '../formats/tflite/index.ts';
import { bytesOf, type Graph, sizeOf } from '../graph/graph.ts';
import { lastName } from '../graph/names.ts';
import { profile } from '../mcu/index.ts';
import type { History, LayerRow } from '../report/index.ts';
import type { Model } from '../stage.ts';
import { defaultDrop, describeGoal, describeRecalls, goalOf, metricOf, qualityScale } from '../task/index.ts';
import { type Figures, wayOf } from './figures.ts';
import { budgetsOf, budgetsText, byFigure, limitsOf, unmet } from './limits.ts';
import type { Settings } from './options.ts';
import type { CompressResult } from './result.ts';
import type { TrialReport } from './tree.ts';

export interface HistoryContext {
  readonly title: string;
  /** The shell command that repeats it. */
  readonly command: string;
  readonly version: string;
  readonly notes: readonly string[];
  /** What the report says behind the summary. */
  readonly details?: Pick<History, 'memory' | 'classes' | 'losses' | 'importance' | 'deploy' | 'digests'>;
}

/** What one compression did, for the report. The same result gives the same bytes. */
export function historyOf(result: CompressResult, model: Model, data: Dataset, context: HistoryContext): History {
  const { settings } = result;
  const after = importTflite(result.tflite);
  return {
    version: 2,
    title: context.title,
    command: context.command,
    versions: { thumbnet: context.version },
    seed: settings.seed,
    metric: result.task.metric,
    target: targetOf(result),
    goal: {
      text: goalText(result),
      floor: result.floor,
      budgets: budgetsByFigure(settings),
      reached: result.reached,
      objective: { ...settings.objective },
    },
    data: { name: data.name, ...result.examples },
    rows: [
      { label: 'the model as given', figures: shown(result.original) },
      { label: 'plain int8 PTQ', figures: shown(result.ptq) },
      { label: 'Thumbnet', figures: shown(result.result) },
    ],
    plain: { figures: shown(result.plain), misses: missesOf(result) },
    trials: result.trials.map(trialRow),
    chosen: { trial: result.chosen, figures: shown(result.chosenFigures) },
    layersBefore: layersOf(model.graph, result),
    layersAfter: layersOf(after, result),
    recipe: {
      stages: result.recipe.stages.map(({ stage, ...parameters }) => ({ name: stage, parameters: withShortNames(parameters) })),
    },
    ...context.details,
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

const trialRow = (t: TrialReport): History['trials'][number] => ({
  number: t.number,
  state: t.state,
  from: t.from,
  samples: t.samples,
  stages: t.stages.map((s) => s.stage),
  figures: t.figures && shown(t.figures),
  objective: t.objective,
  feasible: t.feasible,
});

/** All but what candidates are compared by, which has no unit. */
const shown = ({ score: _, ...figures }: Figures) => figures;

/** What was asked, in words: `accuracy at most 1 point below the 94.0 % of the model as given; at most 32 KiB of flash`. */
export function goalText(result: Pick<CompressResult, 'settings' | 'original' | 'task'>): string {
  const kept = keptText(result);
  const budgets = budgetsText(result.settings);
  return budgets ? `${kept}; at most ${budgets}` : kept;
}

function keptText({ settings, original, task }: Pick<CompressResult, 'settings' | 'original' | 'task'>): string {
  const given = original.quality!;
  const goal = goalOf(task, given, { goal: settings.goal, maxDrop: settings.maxDrop, minRecall: settings.minRecall });
  if (settings.goal !== undefined) return describeGoal(goal, task);
  const { label, show, better, drop: unit } = metricOf(task.metric);
  const drop = settings.maxDrop ?? defaultDrop(task.metric);
  const amount = Number((100 * drop).toPrecision(3));
  const side = better === 'higher' ? 'below' : 'above';
  const own = `${label} at most ${unit === 'points' ? `${amount} point${amount === 1 ? '' : 's'}` : `${amount} %`} ${side} the ${show(given)} of the model as given`;
  return [own, ...describeRecalls(goal, task)].join(', ');
}

/** What a caller allows, by the names of figures. */
const budgetsByFigure = (settings: Settings): History['goal']['budgets'] =>
  Object.fromEntries(Object.entries(byFigure(budgetsOf(settings))).filter(([, budget]) => budget !== null));

/** What speaks against plain int8 quantization. */
function missesOf({ plain, target, settings, floor, before, task }: CompressResult): string[] {
  const { label, show } = metricOf(task.metric);
  const over = unmet(plain, limitsOf(target, settings)).map(
    ([what, need, limit]) => `it needs ${need} of ${what}, and ${limit} is the limit`,
  );
  const least = qualityScale({ metric: task.metric, floor, recalls: [] }, before).floor;
  if (plain.quality === null || plain.score! >= least) return over;
  return [...over, `its ${label} on the validation part is ${show(plain.quality)}, and ${show(floor)} must be kept`];
}

function layersOf(given: Graph, { target, settings }: CompressResult): LayerRow[] {
  const way = wayOf(settings);
  const { layers } = profile(given, target, way);
  const graph = runGraph(given, way.runtime);
  return graph.nodes.map((node, i) => {
    const constants = node.inputs.flatMap((t) => (t >= 0 && graph.tensors[t].data ? [graph.tensors[t]] : []));
    const output = graph.tensors[node.outputs[0]];
    return {
      name: lastName(node.name),
      op: node.op,
      shape: output.shape.slice(1),
      macs: layers[i].macs,
      weightBytes: constants.reduce((n, t) => n + bytesOf(t.dtype, sizeOf(t.shape)), 0),
      weightBits: constants.length ? BITS[constants[0].dtype] : null,
      activationBits: BITS[output.dtype],
      latencyMs: layers[i].latencyMs,
      ramBytes: layers[i].ramBytes,
    };
  });
}

const BITS = { f32: 32, i4: 4, i8: 8, u8: 8, bool: 8, i16: 16, i32: 32, i64: 64 } as const;

/**
 * Parameters of a stage as text for people; maps by layer have short names, and a share of 0 for all other layers is left out. The recipe's own
 * file has the whole ones.
 */
function withShortNames({ ratio, ...others }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const parameters = ratio === undefined || (ratio === 0 && others.ratios) ? others : { ratio, ...others };
  const shorten = (value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const shorter = Object.fromEntries(Object.entries(value).map(([name, v]) => [lastName(name), v]));
    return Object.keys(shorter).length === Object.keys(value).length ? shorter : value;
  };
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, shorten(value)]));
}
