/** How pruning, quantization and distillation act on each other, measured one against the other. */
import type { Dataset } from '../data/index.ts';
import { distill, teacherNamed } from '../distill/index.ts';
import { judge, qualityOf } from '../evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import { inspect } from '../inspect.ts';
import { asStored } from '../model.ts';
import { runPipeline } from '../pipeline.ts';
import { blocksOf } from '../prune/blocks.ts';
import { prune } from '../prune/index.ts';
import { calibrate } from '../quant/calibrate.ts';
import { quantize } from '../quant/index.ts';
import { errorBy } from '../quant/range.ts';
import { asRounded, toFloat } from '../run/integer.ts';
import { layerWeights } from '../run/layers.ts';
import type { Context, Model, RangeChange, Stage } from '../stage.ts';
import type { Task } from '../task/index.ts';
import { withoutRecords } from '../train/fake.ts';
import type { Interactions, KindOfCut, Recovery, TensorError } from './schema.ts';

export type { Interactions } from './schema.ts';

export interface InteractionOptions {
  /** Share that every kind of pruning cuts. */
  readonly ratio: number;
  /** Shares of the channels after which teachers are compared. */
  readonly degrees: readonly number[];
  /** Of each distillation. */
  readonly epochs: number;
  /** Beside the compressed and the given model, by name. */
  readonly teachers: Readonly<Record<string, Model>>;
}

/** Where nobody says otherwise. */
export const USUAL_INTERACTIONS = { ratio: 0.3, degrees: [0.2, 0.4, 0.6], epochs: 1 };

type Seen = Context & { readonly data: Dataset; readonly task: Task };

/** Calibration examples. */
const EXAMPLES = 512;
/** A step of training costs three passes. */
const PASSES = 3;

/**
 * Measures, on train and validation parts alone, what each kind of pruning does to the error of quantized weights and activations, tensor by
 * tensor; how it moves ranges; and what distillation wins back after cuts of channels, by teacher, with its cost in multiplications.
 */
export async function interactions(model: Model, options: InteractionOptions, context: Seen): Promise<Interactions> {
  const stages = kindsOf(model, options.ratio);
  const total = stages.length + options.degrees.length * (2 + Object.keys(options.teachers).length);
  let done = 0;
  const tell = (detail: string) => context.progress?.({ what: 'interactions', done: done++, total, detail });
  const quiet = { ...context, progress: undefined, warn: undefined };
  const quantized = await runPipeline(model, [quantize({ activationScheme: 'auto', examples: EXAMPLES })], quiet);
  const kinds: KindOfCut[] = [];
  for (const [kind, cut] of stages) {
    tell(kind);
    kinds.push(await measureKind(kind, cut, model, quantized, quiet));
  }
  return { ratio: options.ratio, kinds, recoveries: await recoveries(model, options, quiet, tell) };
}

/** Of a cut: the mean width of ranges by that before it, and how many tensors then got another scheme. */
export function movesOf(ranges: readonly RangeChange[]): { readonly width: number; readonly schemes: number } {
  const width = ({ low, high }: RangeChange['before']) => high - low;
  return {
    width: ranges.reduce((sum, r) => sum + width(r.after) / width(r.before), 0) / ranges.length,
    schemes: ranges.filter((r) => r.before.scheme !== r.after.scheme).length,
  };
}

/** Kinds of pruning that a network can have. */
function kindsOf({ graph }: Model, ratio: number): [string, Stage[]][] {
  const blocks: [string, Stage[]][] = blocksOf(toFloat(graph)).length ? [['blocks', [prune({ kind: 'blocks', ratio })]]] : [];
  return [
    ['none', []],
    ['channels', [prune({ ratio })]],
    ['channels, global', [prune({ ratio, scope: 'global', currency: 'macs' })]],
    ...blocks,
    ['weights', [prune({ kind: 'weights', ratio })]],
    ['weights, global', [prune({ kind: 'weights', ratio, scope: 'global' })]],
  ];
}

async function measureKind(kind: string, cut: Stage[], model: Model, quantized: Model, context: Seen): Promise<KindOfCut> {
  const { heap, data, seed } = context;
  const found = await runPipeline(quantized, cut, context);
  const floats = withoutRecords(toFloat(found.graph));
  const given = inspect(model);
  const tensors = [
    ...weightErrors(found.graph),
    ...[...calibrate(heap, floats, data, EXAMPLES, seed)].flatMap(([t, histogram]): TensorError[] => {
      const { name, quant } = found.graph.tensors[t];
      if (!quant) return [];
      const { error, signal } = errorBy(histogram, quant);
      return [{ tensor: name, kind: 'activation', error: error / Math.max(signal, Number.MIN_VALUE) }];
    }),
  ];
  return {
    kind,
    macs: inspect(found).macs / given.macs,
    weights: usedWeights(found.graph) / usedWeights(quantized.graph),
    float: quality(floats, context),
    integer: quality(asStored(found), context),
    tensors,
    ranges: cut.length ? [...(found.facts.rangeChanges ?? [])] : [],
  };
}

function quality(graph: Graph, { heap, data, task }: Seen): number {
  return qualityOf(judge(heap, graph, data, 'validation', task).evaluation);
}

const usedWeights = (graph: Graph): number =>
  layerWeights(graph).reduce((sum, { data }) => sum + (data as Float32Array).reduce((n, w) => (w === 0 ? n : n + 1), 0), 0);

function weightErrors(graph: Graph): TensorError[] {
  return layerWeights(graph).flatMap((weights): TensorError[] => {
    if (!weights.quant) return [];
    const rounded = asRounded(weights);
    let [error, signal] = [0, 0];
    (weights.data as Float32Array).forEach((w, i) => {
      error += (rounded[i] - w) ** 2;
      signal += w * w;
    });
    return [{ tensor: weights.name, kind: 'weights', error: error / Math.max(signal, Number.MIN_VALUE) }];
  });
}

async function recoveries(
  model: Model,
  { degrees, epochs, teachers: outside }: InteractionOptions,
  context: Seen,
  tell: (what: string) => void,
): Promise<Recovery[]> {
  const count = context.data.train?.count ?? 0;
  const given = quality(toFloat(model.graph), context);
  const named = await Promise.all(
    Object.entries(outside).map(async ([name, m]) => ({ name, m, teacher: await teacherNamed(name, m) })),
  );
  const teachers = { ...context, teachers: named.map(({ m }) => m) };
  const found: Recovery[] = [];
  for (const degree of degrees) {
    const cut = await runPipeline(model, [prune({ ratio: degree })], context);
    const { macs } = inspect(cut);
    const ways = [
      { name: 'compressed', teacher: 'self' as const, cost: macs },
      { name: 'given', teacher: 'original' as const, cost: inspect(model).macs },
      ...named.map(({ name, m, teacher }) => ({ name, teacher, cost: inspect(m).macs })),
    ];
    for (const { name, teacher, cost } of ways) {
      tell(`distill after ${degree} by ${name}`);
      const stage = distill({ teacher, epochs, batch: 32 });
      const distilled = await runPipeline(cut, [stage], teachers);
      const examples = Math.round(epochs * count);
      found.push({
        ...{ degree, teacher: name, given, cut: quality(cut.graph, context), distilled: quality(distilled.graph, context) },
        ...{ examples, multiplications: examples * (PASSES * macs + cost) },
      });
    }
  }
  return found;
}
