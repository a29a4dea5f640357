/** From the nodes of an arm to what it hands back: quantized as its plan wants it, judged by the chip's own bits on all of the validation part. */
import { judge } from '../evaluate.ts';
import { exportTflite } from '../formats/tflite/export.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import { asStored } from '../model.ts';
import type { Model } from '../stage.ts';
import { pack } from '../study/packed.ts';
import { figuresOf } from './figures.ts';
import type { ArmResult, Candidate, Node } from './job.ts';
import { costOf, foundIn, isFeasible, marginOf, worthOf } from './judge.ts';
import { byPath } from './memory.ts';
import { allocate, type LayerBits, measureFewerBits, type Sensitivity } from './sensitivity.ts';
import { PLAIN_SCHEME, type Spot, type Spots } from './spots.ts';
import type { Plan, Stages } from './steps.ts';

/** Nodes of an arm that are quantized to see what they are worth. */
const TRIED = 4;
/** Of the way from its cost to that of plain int8: the best answers in each of these parts are kept as well. */
const SPARE = [0.15, 0.3, 0.5, 0.75];

/** Nodes of an arm: as its plan cuts, and those as well that came near to the goal in smaller cuts. */
interface Trails {
  readonly coarse: readonly Spot[];
  readonly fine: readonly Spot[];
}

/**
 * The best of the nodes, which may be just under the goal: what goes on from it may win that back. Beside it what may be handed back: the best
 * node that holds the goal as it is, with layers in 4 bits too, and others that need more and lose less, for the case that a last check fails.
 */
export async function candidatesOf(
  spots: Spots,
  { coarse, fine }: Trails,
  plan: Plan,
): Promise<Pick<ArmResult, 'candidate' | 'spares' | 'held'>> {
  const ranked = spots.ranked(coarse);
  const made = new Map<Spot, Candidate>();
  const quantized = async (spot: Spot): Promise<Candidate> => {
    const candidate = made.get(spot) ?? (await inIntegers(spots, spot, plan));
    made.set(spot, candidate);
    return candidate;
  };
  let best: Candidate | null = null;
  // Until one holds what it promised.
  for (const spot of ranked.slice(0, TRIED)) {
    if (best && best.value <= spots.promise(spot, 0)) break;
    const candidate = await quantized(spot);
    if (!best || candidate.value < best.value) best = candidate;
  }
  const { goal } = spots.job;
  const found = new Set<Candidate>();
  let held: Node | null = null;
  /** Whether it holds the goal: then it is kept, with layers in 4 bits too. */
  const keep = async (spot: Spot): Promise<boolean> => {
    const candidate = await quantized(spot);
    if (!holds(spots, candidate)) return false;
    found.add(candidate);
    const fewer = await inFewerBits(spots, spot, candidate, plan);
    if (fewer) found.add(fewer);
    return true;
  };
  const cost = ({ figures }: Spot | Candidate) => costOf(figures, goal);
  let least = cost(best!);
  const way = costOf(goal.plain, goal) - least;
  for (const share of SPARE) {
    const most = cost(best!) + share * way;
    const between = coarse.filter((s) => cost(s) > least && cost(s) <= most && spots.fits(s));
    least = most;
    if (between.length) await keep(between.reduce((top, s) => (s.score > top.score ? s : top)));
  }
  for (const spot of spots.ranked(fine.filter((s) => spots.room(s, 0) >= 0)).slice(0, 2 * TRIED)) {
    if (!(await keep(spot))) continue;
    held = { stages: spot.stages, packed: pack(spot.model) };
    break;
  }
  found.delete(best!);
  return { candidate: best!, spares: [...found], held };
}

const holds = ({ job: { goal } }: Spots, { figures, margin }: Candidate): boolean => isFeasible(figures, margin, goal);

/** Changes of the logits that layers in 4 bits are tried with, where no training follows. */
const UNTRAINED = [0.04, 0.02, 0.01, 0.005, 0.002];

/** null where it does not keep the goal. */
const untrainedAt = byPath<Candidate | null>();

/** A node with as many of its layers in 4 bits as keep the goal without another training; null where none do. */
async function inFewerBits(spots: Spots, spot: Spot, than: Candidate, plan: Plan): Promise<Candidate | null> {
  if (spots.job.goal.settings.weightBits !== 'mixed') return null;
  const inForce = spot.model.facts.quantize?.layerBits ?? {};
  const tried = new Set([layersText(inForce)]);
  for (const fewerBits of UNTRAINED) {
    const stages = await schemeOf(spots, spot, { ...plan, fewerBits });
    const layers = layersText(stages[0].layerBits as LayerBits);
    if (tried.has(layers)) continue;
    tried.add(layers);
    const path = [...spot.stages, ...stages];
    const candidate = await untrainedAt(spots.job, path, async () => {
      const model = await spots.follow(spot.model, stages);
      const judged = judgedOf(spots, model);
      return judged.found.score! - judged.margin < spots.job.goal.floor ? null : candidateOf(spots, model, path, judged);
    });
    if (candidate && holds(spots, candidate) && candidate.value < than.value) return candidate;
  }
  return null;
}

/** The layers of 4 bits, whatever their order. */
const layersText = (layerBits: LayerBits): string =>
  Object.keys(layerBits)
    .filter((name) => layerBits[name] === 4)
    .sort()
    .join('\n');

const candidateAt = byPath<Candidate>();

async function inIntegers(spots: Spots, spot: Spot, plan: Plan): Promise<Candidate> {
  const stages = spot.model.facts.quantize ? [] : await schemeOf(spots, spot, { ...plan, fewerBits: null });
  const path = [...spot.stages, ...stages];
  return candidateAt(spots.job, path, async () => candidateOf(spots, await spots.follow(spot.model, stages), path));
}

const fewerBitsAt = byPath<Sensitivity>();

/** What the weights of each layer of a node lose and save in 4 bits. */
function measureBits(spots: Spots, { model }: Spot): Promise<Sensitivity> {
  const cost = async (graph: Graph, layerBits: LayerBits) =>
    costOf(spots.figures({ graph, facts: { ...model.facts, quantize: { ...PLAIN_SCHEME, layerBits } } }), spots.job.goal);
  return measureFewerBits(model, cost, spots.context);
}

/** Stages that quantize a node as the plan wants it; none where it is so already. */
export async function schemeOf(spots: Spots, spot: Spot, { fewerBits, quantize: options }: Plan): Promise<Stages> {
  const { quantize: scheme } = spot.model.facts;
  if (scheme && fewerBits === null) return [];
  if (fewerBits === null) return [{ stage: 'quantize', ...options }];
  const chosen = allocate(await fewerBitsAt(spots.job, spot.stages, () => measureBits(spots, spot)), {}, fewerBits);
  const layerBits = Object.fromEntries(Object.entries(chosen).flatMap(([name, ratio]) => (ratio ? [[name, 4]] : [])));
  return [{ stage: 'quantize', ...options, layerBits: { ...scheme?.layerBits, ...layerBits } }];
}

/** A quantized network, judged by the chip's own bits on all of the validation part. */
function judgedOf({ job, context }: Spots, model: Model) {
  const { data, task, goal, reference } = job;
  const graph = asStored(model);
  const judged = judge(context.heap, graph, data, 'validation', task);
  return { graph, found: foundIn(goal.standard, judged), margin: marginOf(judged, reference, goal) };
}

export function candidateOf(
  spots: Spots,
  model: Model,
  stages: Stages,
  { graph, found, margin } = judgedOf(spots, model),
): Candidate {
  const { goal } = spots.job;
  const tflite = exportTflite(graph);
  const figures = figuresOf(importTflite(tflite), goal.target, goal.settings, found);
  return { stages, packed: pack(model), tflite, figures, margin, value: worthOf(figures, margin, goal) };
}
