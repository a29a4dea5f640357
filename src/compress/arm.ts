/**
 * One arm of the search, in any thread: it descends from a node of the tree step by step, each step on the weights that the last one left.
 * It cuts where that saves the most for the change it makes, until more quality is lost than a training is expected to recover; it trains the
 * most promising node, and repeats. At the end it comes as near to the goal as it can without training, in ever smaller cuts. Cuts see no
 * training samples. Nothing here depends on the thread or the clock.
 */
import { withAllTraining } from '../data/index.ts';
import { judge } from '../evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import { channelGroups } from '../prune/index.ts';
import { toFloat } from '../run/integer.ts';
import type { Model, Progress } from '../stage.ts';
import { pack, unpack } from '../study/packed.ts';
import { isTrainable } from '../train/trainer.ts';
import { Heap } from '../wasm/heap.ts';
import { blockStep } from './block_steps.ts';
import { candidateOf, candidatesOf, schemeOf } from './candidates.ts';
import type { ArmResult, Job, JobContext, Node } from './job.ts';
import { costOf } from './judge.ts';
import { byPath } from './memory.ts';
import { foldsOf } from './parts.ts';
import { allocate, measureSensitivity, type Sensitivity } from './sensitivity.ts';
import { type Spot, Spots } from './spots.ts';
import { multipleOf, type Plan, type Stages, trainingsOf, trainStage } from './steps.ts';

export async function runArm(
  job: JobContext,
  what: Job,
  progress?: (p: Progress) => void,
  signal?: AbortSignal,
): Promise<ArmResult> {
  const heap = await Heap.open();
  const here = 'fold' in what ? onFold(heap, job, what.fold!) : job;
  const { data, teachers, unlabelled, task, seed, model } = here;
  const spots = new Spots(here, { heap, data, teachers, unlabelled, task, seed, original: model, progress, signal });
  return 'recipe' in what
    ? replay(spots, what.recipe, what.from ?? null)
    : new Arm(spots, what.plan, what.toBeat).run(what.from, what.samples);
}

/** The same job where another fold judges, or all examples train. */
function onFold(heap: Heap, job: JobContext, fold: number | 'all'): JobContext {
  const data = fold === 'all' ? withAllTraining(job.data) : foldsOf(job.data, job.seed)[fold];
  return { ...job, data, reference: judge(heap, job.model.graph, data, 'validation', job.task) };
}

async function replay(spots: Spots, recipe: Stages, from: Node | null): Promise<ArmResult> {
  const known = from?.stages.length ?? 0;
  const way: Node[] = [];
  let model = from ? (unpack(from.packed) as Model) : spots.job.model;
  for (const [i, stage] of recipe.slice(known).entries()) {
    model = await spots.follow(model, [stage]);
    const stages = recipe.slice(0, known + i + 1);
    if (trainingsOf([stage]) > 0) way.push({ stages, packed: pack(model) });
  }
  const { samples, macs } = spots;
  return { candidate: candidateOf(spots, model, recipe), spares: [], walked: null, held: null, way, samples, macs };
}

/** What each cut of a node alone loses and saves. */
interface Cuts {
  /** Of channels that are left. */
  readonly multiple: number;
  readonly sensitivity: Sensitivity;
}

const cutsAt = byPath<Cuts>();
const nodeAt = byPath<Spot>();

/** Cuts of the last descent, beside those of the plan: the goal is come near to in ever smaller ones. */
const FINE = [1, 1 / 4, 1 / 16];

/** A cut is as many times as large where nothing smaller is to be cut: a layer of few channels has only large ones. */
const LARGER = [1, 2, 4, 8, 16, 32];

/** Of the plan's cut: cuts of the beginning alone. */
const SHALLOW = [1 / 8, 1 / 3];

/** Convolutions made separable, and nothing trained yet. */
const SEPARABLE: Stages = [{ stage: 'distill', separable: true, epochs: 0 }];

class Arm {
  readonly #spots: Spots;
  readonly #plan: Plan;
  readonly #toBeat: number | null;
  readonly #trail: Spot[] = [];

  constructor(spots: Spots, plan: Plan, toBeat: number | null) {
    this.#spots = spots;
    this.#plan = plan;
    this.#toBeat = toBeat;
  }

  async run(from: Node | null, samples: number): Promise<ArmResult> {
    const start = await this.#start(from);
    if (!from) await this.#fallBacks(start);
    const chosen = await this.#walk(start, samples);
    const ready = await this.#ready(chosen);
    const wins = this.#spots.canWin(ready, this.#toBeat);
    const trained = wins ? await this.#train(ready, samples - this.#spots.samples) : null;
    this.#trail.push(...(await this.#down(trained ?? chosen, this.#plan.change, 0)));
    const coarse = [...this.#trail];
    await this.#refine();
    const { candidate, spares, held } = await candidatesOf(this.#spots, { coarse, fine: this.#trail }, this.#plan);
    const walked = { stages: chosen.stages, packed: pack(chosen.model) };
    return { candidate, spares, walked, held, way: [], samples: this.#spots.samples, macs: this.#spots.macs };
  }

  #start(from: Node | null): Promise<Spot> {
    const { job } = this.#spots;
    const { base, first } = job;
    if (from) return nodeAt(job, from.stages, async () => this.#spots.of(unpack(from.packed) as Model, from.stages));
    return nodeAt(job, first, async () => this.#spots.of(base, first));
  }

  /** Single cuts smaller than the plan's: what is left where all that goes further fails a last check. */
  async #fallBacks(start: Spot): Promise<void> {
    for (const part of SHALLOW) {
      const next = await this.#cut(start, part * this.#plan.change);
      if (next) this.#trail.push(next);
    }
  }

  /** All steps but the last: the node that the last one is to train. */
  async #walk(start: Spot, samples: number): Promise<Spot> {
    const { steps, change, hope } = this.#plan;
    let at = await this.#reshaped(start);
    for (let left = steps; ; left--) {
      const way = await this.#down(at, change, hope);
      this.#trail.push(...way);
      const best = this.#spots.best(way, hope);
      const trained = left > 1 ? await this.#train(best, (samples - this.#spots.samples) / left) : null;
      if (!trained) return best;
      at = trained;
    }
  }

  /** Another form first, where the plan wants one: separable convolutions, and whole blocks left out. */
  async #reshaped(start: Spot): Promise<Spot> {
    const { blocks, separable } = this.#plan;
    let [at, left] = [start, blocks ?? 0];
    const go = async (stages: Stages) => {
      at = await nodeAt(this.#spots.job, [...at.stages, ...stages], () => this.#spots.step(at, stages));
      this.#trail.push(at);
    };
    if (separable && isTrainable(toFloat(start.model.graph), this.#spots.job.data)) await go(SEPARABLE);
    for (;;) {
      const step = blocks === null ? null : await blockStep(this.#spots, at, left);
      if (!step) return at;
      left -= step.change;
      await go(step.stages);
    }
  }

  /** From the cheapest node that keeps the accuracy as it is further down, in smaller and smaller cuts. */
  async #refine(): Promise<void> {
    const cost = ({ figures }: Spot) => costOf(figures, this.#spots.job.goal);
    for (const fine of FINE) {
      const held = this.#trail.filter((s) => this.#spots.room(s, 0) >= 0 && this.#spots.fits(s));
      if (held.length === 0) return;
      const least = held.reduce((best, s) => (cost(s) < cost(best) ? s : best));
      this.#trail.push(...(await this.#down(least, fine * this.#plan.change, 0)).slice(1));
    }
  }

  /** From a node downwards, as long as it fits not yet or what is lost is hoped to come back. */
  async #down(start: Spot, change: number, hope: number): Promise<Spot[]> {
    const { before, floor } = this.#spots.job.goal;
    const trail = [start];
    for (;;) {
      const at = trail[trail.length - 1];
      const room = this.#spots.room(at, hope);
      if (room < 0 && this.#spots.fits(at)) return trail;
      // Where much may still be lost, cuts are larger.
      const size = room / (before - floor || 1) > 0.5 ? 2 : 1;
      const next = await this.#cut(at, size * change);
      if (!next) return trail;
      trail.push(next);
    }
  }

  /** Cuts a little where it saves the most; null where nothing is left that may go. */
  async #cut(at: Spot, change: number): Promise<Spot | null> {
    const { sensitivity, multiple } = await cutsAt(this.#spots.job, at.stages, () => this.#measure(at));
    for (const times of LARGER) {
      const ratios = allocate(sensitivity, this.#plan.worth, times * change);
      const cut = Object.fromEntries(Object.entries(ratios).filter(([, ratio]) => ratio > 0));
      if (Object.keys(cut).length) {
        const stages = [{ stage: 'prune', ratio: 0, ratios: cut, multiple, ...this.#plan.prune }];
        return nodeAt(this.#spots.job, [...at.stages, ...stages], () => this.#spots.step(at, stages));
      }
    }
    return null;
  }

  async #measure({ model }: Spot): Promise<Cuts> {
    const { job, context } = this.#spots;
    const groups = channelGroups(toFloat(model.graph));
    const multiple = multipleOf(groups);
    const cost = async (graph: Graph) => costOf(this.#spots.figures({ ...model, graph }), job.goal);
    return { multiple, sensitivity: await measureSensitivity(model, groups, multiple, cost, context) };
  }

  /** null where there are no samples for a step. */
  async #train(at: Spot, samples: number): Promise<Spot | null> {
    const { data, batch, goal } = this.#spots.job;
    const { model, stages, figures, score } = at;
    if (!isTrainable(toFloat(model.graph), data)) return null;
    const examples = samples / this.#spots.weightOf(this.#plan.distill, figures.macs);
    if (examples < batch) return null;
    const stage = trainStage(this.#plan, {
      epochs: Number((examples / data.train!.count).toPrecision(4)),
      batch,
      round: trainingsOf(stages),
      steps: examples / batch,
      loss: goal.before - score,
      quantized: model.facts.quantize !== undefined,
    });
    return this.#spots.step(at, [stage]);
  }

  /** A node before its last training: with a caller's own stages, and quantized where training is to know of it. */
  async #ready(at: Spot): Promise<Spot> {
    const { aware, own, quantize } = this.#plan;
    // Training begins with the weights before rounding: to round them by what layers answer would be for nothing.
    const plan = { ...this.#plan, quantize: { ...quantize, rounding: 'nearest' } };
    const scheme = aware || at.model.facts.quantize ? await schemeOf(this.#spots, at, plan) : [];
    const stages = [...own, ...scheme];
    return stages.length ? this.#spots.step(at, stages) : at;
  }
}
