import type { Dataset } from '../data/index.ts';
import type { Graph } from '../graph/graph.ts';
import { asStored } from '../model.ts';
import { channelGroups } from '../prune/index.ts';
import { toFloat } from '../run/integer.ts';
import { type SimplifyReport, simplify, simplifyGraph } from '../simplify/index.ts';
import type { Context, Model } from '../stage.ts';
import type { Settings } from './options.ts';
import { type LayerBits, measureFewerBits, measureSensitivity } from './sensitivity.ts';
import { augmentationsFor, multipleOf, type Space } from './space.ts';

/** What is measured of a model before its search begins. */
export interface Prepared {
  /** The model that trials cut: as given, or simplified. */
  readonly base: Model;
  /** What simplifying saved; null where there was nothing to remove. */
  readonly simplified: SimplifyReport | null;
  readonly space: Space;
}

/** @param costOf what the search lowers, of a float graph and the bits of its layers */
export async function prepare(
  model: Model,
  settings: Settings & Pick<Space, 'epochs'>,
  costOf: (graph: Graph, bits?: LayerBits) => Promise<number>,
  context: Context & { readonly data: Dataset },
): Promise<Prepared> {
  const { base, simplified } = await simplerOf(model, context);
  const groups = channelGroups(toFloat(base.graph));
  const { count } = context.data.train!;
  const space = {
    first: simplified ? [{ stage: 'simplify' }] : [],
    recipe: settings.recipe ?? null,
    groups,
    epochs: settings.epochs,
    batch: count < 5000 ? 32 : 64,
    sensitivity: await measureSensitivity(base, groups, multipleOf({ groups }), costOf, context),
    fewerBits: settings.weightBits === 8 ? null : await measureFewerBits(base, costOf, context),
    qat: settings.qat,
    augmentations: augmentationsOf(model),
  };
  return { base, simplified, space };
}

/** About so many examples are seen by one training stage. */
const EXAMPLES_PER_STAGE = 64_000;

export const largestEpochs = (examples: number) => Math.max(2, Math.min(40, Math.round(EXAMPLES_PER_STAGE / examples)));

function augmentationsOf({ graph }: Model): Space['augmentations'] {
  const shape = graph.tensors[graph.inputs[0]].shape.slice(1);
  return augmentationsFor(shape.length === 3 ? shape : [shape[0] ?? 1, 1, 1]);
}

/** The model without what changes no output. Folding alone, which every export does, is not worth a stage. */
async function simplerOf(model: Model, context: Context): Promise<Pick<Prepared, 'base' | 'simplified'>> {
  const { report } = simplifyGraph(context.heap, asStored(model));
  if (report.layers.length === 0) return { base: model, simplified: null };
  return { base: await simplify().run(model, context), simplified: report };
}
