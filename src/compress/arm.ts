/**
 * One arm of the search, in any thread: it descends from a node of the tree step by step, each step on the weights that the last one left.
 * It cuts where that saves the most for the change it makes, until more quality is lost than a training is expected to recover; it trains the
 * most promising node, and repeats. Cuts see no training samples. Nothing here depends on the thread or the clock.
 */
import { type Dataset, takeEvenly } from '../data/index.ts';
import { judge } from '../evaluate.ts';
import { exportTflite, importTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import { asStored, betweenEdges } from '../model.ts';
import { runPipeline, stagesOf } from '../pipeline.ts';
import { channelGroups } from '../prune/index.ts';
import { outlineRanges, quantize } from '../quant/index.ts';
import { toFloat } from '../run/integer.ts';
import type { Context, Model, Progress, QuantizeOptions } from '../stage.ts';
import { pack, unpack } from '../study/packed.ts';
import type { Task } from '../task/index.ts';
import { Heap } from '../wasm/heap.ts';
import { type Answers, costOf, type Figures, figuresOf, fits, foundIn, type Goal, hopedFor, marginOf, worthOf } from './judge.ts';
import { allocate, type LayerBits, measureFewerBits, measureSensitivity } from './sensitivity.ts';
import { foldsOf } from './parts.ts';
import { multipleOf, type Plan, type Stages, trainStage } from './steps.ts';

/** What all arms of a study share; a thread receives it once. */
export interface JobContext {
  /** The model as given: the original teacher. */
  readonly model: Model;
  /** The root of the tree, and the stages that lead there. */
  readonly base: Model;
  readonly first: Stages;
  /** Train and validation; the test part stays outside. */
  readonly data: Dataset;
  readonly task: Task;
  readonly seed: number;
  /** What the model as given answers to the validation examples. */
  readonly reference: Answers;
  readonly goal: Goal;
  /** Examples in one step of a training. */
  readonly batch: number;
}

/** A node to start from: the stages that lead there and the packed model. */
export interface Node {
  readonly stages: Stages;
  readonly packed: Uint8Array;
}

export type Job =
  | { readonly plan: Plan; readonly from: Node | null; readonly samples: number; readonly toBeat: number | null }
  /** The stages of a given recipe, unchanged; on a fold beside the data where one is named. */
  | { readonly recipe: Stages; readonly fold?: number };

/** A network as the chip would run it, with its figures. */
export interface Candidate extends Node {
  readonly tflite: Uint8Array;
  readonly figures: Figures;
  readonly margin: number;
  readonly value: number;
}

export interface ArmResult {
  readonly candidate: Candidate;
  /** Others that need more and lose less. */
  readonly spares: readonly Candidate[];
  /** The node that the last training began with; null where there was none. */
  readonly walked: Node | null;
  /** Training samples of all trainings, the teacher's answers included. */
  readonly samples: number;
  /** Multiplications of all trainings. */
  readonly macs: number;
}

/** A node on the way. */
interface Spot {
  readonly model: Model;
  readonly stages: Stages;
  readonly score: number;
  readonly margin: number;
  readonly figures: Figures;
}

/** Validation examples that a node on the way is judged by; candidates are judged by all. */
const JUDGED = 2000;
/** How many nodes of an arm are quantized to measure them. */
const TRIED = 4;
/** By so much of the allowed loss, others of its nodes are better. */
const SPARE = [0.25, 0.5];
/** The cost of a forward and a backward pass, in forward passes. */
const PASSES = 3;

export async function runArm(
  job: JobContext,
  what: Job,
  progress?: (p: Progress) => void,
  signal?: AbortSignal,
): Promise<ArmResult> {
  const heap = await Heap.open();
  const here = 'fold' in what ? onFold(heap, job, what.fold!) : job;
  const { data, task, seed, model } = here;
  const arm = new Arm(here, { heap, data, task, seed, original: model, progress, signal });
  return 'recipe' in what ? arm.replay(what.recipe) : arm.run(what.plan, what.from, what.samples, what.toBeat);
}

/** The same job where another fold judges. */
function onFold(heap: Heap, job: JobContext, fold: number): JobContext {
  const data = foldsOf(job.data, job.seed)[fold];
  return { ...job, data, reference: judge(heap, job.model.graph, data, 'validation', job.task) };
}

class Arm {
  readonly #job: JobContext;
  readonly #context: Context & { readonly data: Dataset };
  readonly #judged: Dataset;
  readonly #reference: Answers;
  #samples = 0;
  #macs = 0;

  constructor(job: JobContext, context: Context & { readonly data: Dataset }) {
    this.#job = job;
    this.#context = context;
    const { data, task, model } = job;
    const validation = takeEvenly(data.validation!, JUDGED);
    this.#judged = { ...data, validation };
    const isAll = validation.count === data.validation!.count;
    this.#reference = isAll ? job.reference : judge(context.heap, model.graph, this.#judged, 'validation', task);
  }

  async replay(recipe: Stages): Promise<ArmResult> {
    const model = await this.#follow(this.#job.model, recipe);
    return { candidate: this.#candidate(model, recipe), spares: [], walked: null, samples: this.#samples, macs: this.#macs };
  }

  async run(plan: Plan, from: Node | null, samples: number, toBeat: number | null): Promise<ArmResult> {
    const { base, first } = this.#job;
    let at = from ? this.#spot(unpack(from.packed) as Model, from.stages) : this.#spot(base, first);
    const trail: Spot[] = [];
    let walked = at;
    for (let left = plan.steps; left > 0; left--) {
      const way = await this.#down(at, plan, plan.hope);
      trail.push(...way);
      const best = this.#mostPromising(way, plan.hope);
      const isLast = left === 1;
      const ready = isLast ? await this.#ready(best, plan) : best;
      if (isLast && !this.#canWin(ready, toBeat)) break;
      const trained = await this.#train(ready, plan, (samples - this.#samples) / left);
      if (!trained) break;
      [walked, at] = [isLast ? best : walked, trained];
    }
    trail.push(...(await this.#down(at, plan, 0)));
    const candidate = await this.#best(trail, plan);
    const spares = await this.#spares(trail, candidate, plan);
    return {
      candidate,
      spares,
      walked: { stages: walked.stages, packed: pack(walked.model) },
      samples: this.#samples,
      macs: this.#macs,
    };
  }

  /** Descends from a node as long as it does not fit, or training is expected to recover the loss. */
  async #down(start: Spot, plan: Plan, hope: number): Promise<Spot[]> {
    const { goal } = this.#job;
    const trail = [start];
    for (;;) {
      const at = trail[trail.length - 1];
      if (this.#hoped(at, hope) < goal.floor && fits(at.figures, goal.limits)) return trail;
      // Where much may still be lost, cuts are larger.
      const room = (this.#hoped(at, hope) - goal.floor) / (goal.before - goal.floor || 1);
      const next = await this.#cut(at, plan, room > 0.5 ? 2 : 1);
      if (!next) return trail;
      trail.push(next);
    }
  }

  /** Cuts a little where it saves the most; null where nothing more may be cut. */
  async #cut(at: Spot, plan: Plan, size: number): Promise<Spot | null> {
    const { model } = at;
    const groups = channelGroups(toFloat(model.graph));
    const multiple = multipleOf(groups);
    const cost = async (graph: Graph) => costOf(this.#figures({ ...model, graph }), this.#job.goal);
    const sensitivity = await measureSensitivity(model, groups, multiple, cost, this.#context);
    for (const times of [1, 2, 4]) {
      const ratios = allocate(sensitivity, plan.worth, size * times * plan.change);
      const cut = Object.fromEntries(Object.entries(ratios).filter(([, ratio]) => ratio > 0));
      if (Object.keys(cut).length) return this.#step(at, [{ stage: 'prune', ratio: 0, ratios: cut, multiple, ...plan.prune }]);
    }
    return null;
  }

  /** null where there are no samples for a step. */
  async #train(at: Spot, plan: Plan, samples: number): Promise<Spot | null> {
    const stage = this.#training(at, plan, samples);
    return stage && this.#step(at, [stage]);
  }

  /** A training from a node on `samples` samples; null where they are less than one step. */
  #training({ model, stages, figures, score }: Omit<Spot, 'margin'>, plan: Plan, samples: number): Stages[number] | null {
    const { data, batch, goal } = this.#job;
    const examples = samples / this.#weightOf(plan.distill, figures.macs);
    if (examples < batch) return null;
    return trainStage(plan, {
      epochs: Number((examples / data.train!.count).toPrecision(4)),
      batch,
      round: roundOf(stages),
      steps: examples / batch,
      loss: goal.before - score,
      quantized: model.facts.quantize !== undefined,
    });
  }

  /** What one example of a training counts: itself, and the teacher's share of the multiplications. */
  #weightOf({ teacher }: Readonly<Record<string, unknown>>, student: number): number {
    const given = this.#job.goal.plain.macs;
    const answers = { original: given, self: student, both: given + student }[String(teacher)] ?? 0;
    return 1 + answers / (PASSES * given);
  }

  async #step(at: Spot, stages: Stages): Promise<Spot> {
    return this.#spot(await this.#follow(at.model, stages), [...at.stages, ...stages]);
  }

  /** Runs stages and counts what they see. */
  async #follow(model: Model, stages: Stages): Promise<Model> {
    const { data } = this.#job;
    let current = model;
    for (const [i, stage] of stagesOf({ stages }).entries()) {
      if (stage.trains) {
        const { epochs, batch = this.#job.batch } = stage.options as { epochs: number; batch?: number };
        const size = Math.min(batch, data.train!.count);
        const examples = size * Math.ceil(epochs * Math.floor(data.train!.count / size));
        const student = this.#figures(current).macs;
        const weight = this.#weightOf(stages[i], student);
        this.#samples += examples * weight;
        this.#macs += examples * (PASSES * student + (weight - 1) * PASSES * this.#job.goal.plain.macs);
      }
      current = await runPipeline(current, [stage], this.#context);
    }
    return current;
  }

  #spot(model: Model, stages: Stages): Spot {
    const { task, goal } = this.#job;
    // A quantized network is judged as the integers it means.
    const graph = model.facts.quantize ? asStored(model) : model.graph;
    const judged = judge(this.#context.heap, graph, this.#judged, 'validation', task);
    const margin = marginOf(judged, this.#reference, goal);
    const found = foundIn(goal.standard, judged);
    return { model, stages, score: found.score!, margin, figures: { ...this.#figures(model), ...found } };
  }

  /** What it needs when it is quantized, to 8 bits where it is not. */
  #figures(model: Model): Figures {
    const { target, settings } = this.#job.goal;
    const outline = outlineRanges(
      model,
      this.#context,
      model.facts.quantize ?? (quantize().options as unknown as QuantizeOptions),
    );
    return figuresOf(betweenEdges(outline), target, settings, null);
  }

  /** The score that a training may come to. */
  #hoped({ score, margin }: Spot, hope: number): number {
    return score + hope * Math.max(0, this.#job.goal.before - score) - margin;
  }

  /** What a node is worth if it comes to what is hoped for; one that does not fit is worth nothing. */
  #promise(spot: Spot, hope: number): number {
    const { goal } = this.#job;
    const over = fits(spot.figures, goal.limits) ? 0 : 1e3;
    return worthOf(hopedFor(spot.figures, this.#hoped(spot, hope), goal), 0, goal) + over;
  }

  #mostPromising = (trail: readonly Spot[], hope: number): Spot =>
    trail.reduce((best, s) => (this.#promise(s, hope) < this.#promise(best, hope) ? s : best));

  /** A node before its last training: with a caller's own stages, and quantized where training is to know of it. */
  async #ready(at: Spot, plan: Plan): Promise<Spot> {
    const scheme = plan.aware || at.model.facts.quantize ? await this.#scheme(at, plan) : [];
    const stages = [...plan.own, ...scheme];
    return stages.length ? this.#step(at, stages) : at;
  }

  /** Whether a node that came to the quality of the model as given would be better than what is known. */
  #canWin({ figures }: Spot, toBeat: number | null): boolean {
    const { goal } = this.#job;
    return fits(figures, goal.limits) && (toBeat === null || worthOf(hopedFor(figures, goal.before, goal), 0, goal) < toBeat);
  }

  /** The best of the nodes, quantized: those that promise the most are tried until one holds what it promised. */
  async #best(trail: readonly Spot[], plan: Plan): Promise<Candidate> {
    const ranked = [...trail].sort((a, b) => this.#promise(a, 0) - this.#promise(b, 0));
    let best: Candidate | null = null;
    for (const spot of ranked.slice(0, TRIED)) {
      if (best && best.value <= this.#promise(spot, 0)) break;
      const candidate = await this.#quantized(spot, plan);
      if (!best || candidate.value < best.value) best = candidate;
    }
    return best!;
  }

  /** Nodes that need more and lose less than the best, for the case that it does not hold in the last check. */
  async #spares(trail: readonly Spot[], best: Candidate, plan: Plan): Promise<Candidate[]> {
    const { before, floor } = this.#job.goal;
    const ranked = [...trail].sort((a, b) => this.#promise(a, 0) - this.#promise(b, 0));
    const found: Candidate[] = [];
    for (const share of SPARE) {
      const wanted = best.figures.score! + share * (before - floor);
      const spot = ranked.find((s) => s.score >= wanted && s.stages !== best.stages);
      if (spot && !found.some((c) => c.stages.length === spot.stages.length)) found.push(await this.#quantized(spot, plan));
    }
    return found.filter((c) => c.figures.score! > best.figures.score!);
  }

  async #quantized(spot: Spot, plan: Plan): Promise<Candidate> {
    const stages = spot.model.facts.quantize ? [] : await this.#scheme(spot, { ...plan, fewerBits: null });
    return this.#candidate(await this.#follow(spot.model, stages), [...spot.stages, ...stages]);
  }

  /** Stages that quantize a node as the plan wants it; none where it is so already. */
  async #scheme({ model }: Spot, { fewerBits, quantize: options }: Plan): Promise<Stages> {
    const { quantize: scheme } = model.facts;
    if (scheme && fewerBits === null) return [];
    if (fewerBits === null) return [{ stage: 'quantize', ...options }];
    const cost = async (graph: Graph, layerBits: LayerBits) =>
      costOf(
        this.#figures({
          graph,
          facts: { ...model.facts, quantize: { ...(quantize().options as unknown as QuantizeOptions), layerBits } },
        }),
        this.#job.goal,
      );
    const chosen = allocate(await measureFewerBits(model, cost, this.#context), {}, fewerBits);
    const layerBits = Object.fromEntries(Object.entries(chosen).flatMap(([name, ratio]) => (ratio ? [[name, 4]] : [])));
    return [{ stage: 'quantize', ...options, layerBits: { ...scheme?.layerBits, ...layerBits } }];
  }

  /** Judged by the chip's own bits on all of the validation part. */
  #candidate(model: Model, stages: Stages): Candidate {
    const { data, task, goal, reference } = this.#job;
    const graph = asStored(model);
    const tflite = exportTflite(graph);
    const judged = judge(this.#context.heap, graph, data, 'validation', task);
    const margin = marginOf(judged, reference, goal);
    const figures = figuresOf(importTflite(tflite), goal.target, goal.settings, foundIn(goal.standard, judged));
    return { stages, packed: pack(model), tflite, figures, margin, value: worthOf(figures, margin, goal) };
  }
}

/** Which training of its path the next one is. */
const roundOf = (stages: Stages): number => stagesOf({ stages }).filter((s) => s.trains).length;
