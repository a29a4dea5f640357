/**
 * A plain loop over public functions, what a search must at least be worth: measure what cutting each group changes, cut a little where it
 * saves the most, distil shortly with labels, on the weights as they are, again; where too much is lost, the last network that held is
 * distilled on half of what is left of the budget, and on the other half with the weights of some layers in 4 bits. All are quantized and
 * judged as `compress` judges; the best is handed back.
 */
import { allocate, type LayerBits, measureFewerBits, measureSensitivity } from '../compress/sensitivity.ts';
import { multipleOf } from '../compress/steps.ts';
import type { Graph } from '../graph/graph.ts';
import { channelGroups, prune } from '../prune/index.ts';
import { quantize } from '../quant/index.ts';
import { toFloat } from '../run/integer.ts';
import type { Model } from '../stage.ts';
import type { Handed, Job, Run } from './arms.ts';
import { Attempts, SCHEME } from './attempts.ts';

/** Chosen by hand on the validation parts of public data. */
const CHOICES = { change: 0.02, fewerBits: 0.02, steps: 12 } as const;

export async function greedyLoop(job: Job, run: Run): Promise<Handed> {
  const loop = await Attempts.begin(job, run);
  let current = job.model;
  let held = current;
  while (loop.samples < run.samples / 2) {
    const smaller = await cut(loop, current);
    if (smaller === current) break;
    current = await loop.trained(smaller, run.samples / 2 / CHOICES.steps);
    const score = await loop.judged(current);
    const { before, floor } = loop.goal;
    if (score >= floor) held = current;
    else if (score < floor - (before - floor)) break;
  }
  const last = await loop.trained(held, (run.samples - loop.samples) / 2);
  await loop.judged(last);
  await loop.judged(await loop.trained(await inFewerBits(loop, last), run.samples - loop.samples));
  return loop.handed;
}

/** Cuts a little where it saves the most; the same model where nothing may go. */
async function cut(loop: Attempts, model: Model): Promise<Model> {
  const groups = channelGroups(toFloat(model.graph));
  const multiple = multipleOf(groups);
  const cost = async (graph: Graph) => loop.cost({ ...model, graph }, SCHEME);
  const sensitivity = await measureSensitivity(model, groups, multiple, cost, loop.context);
  for (const times of [1, 2, 4]) {
    const ratios = allocate(sensitivity, {}, times * CHOICES.change);
    if (Object.values(ratios).some((ratio) => ratio > 0)) return loop.through(model, [prune({ ratio: 0, ratios, multiple })]);
  }
  return model;
}

async function inFewerBits(loop: Attempts, model: Model): Promise<Model> {
  const cost = async (graph: Graph, layerBits: LayerBits) => loop.cost({ ...model, graph }, { ...SCHEME, layerBits });
  const chosen = allocate(await measureFewerBits(model, cost, loop.context), {}, CHOICES.fewerBits);
  const layerBits = Object.fromEntries(Object.entries(chosen).flatMap(([name, ratio]) => (ratio ? [[name, 4 as const]] : [])));
  return loop.through(model, [quantize({ layerBits })]);
}
