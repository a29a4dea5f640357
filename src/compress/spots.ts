/** Nodes on the way of an arm: what leads there, what they need, how well they answer and what they promise. */
import { type Dataset, takeEvenly } from '../data/index.ts';
import { judge } from '../evaluate.ts';
import { inspect } from '../inspect.ts';
import { asStored, betweenEdges } from '../model.ts';
import { runPipeline, stagesOf } from '../pipeline.ts';
import { outlineRanges, quantize } from '../quant/index.ts';
import type { Context, Model, QuantizeOptions } from '../stage.ts';
import { type Figures, figuresOf } from './figures.ts';
import type { JobContext } from './job.ts';
import { type Answers, foundIn, hopedFor, marginOf, promiseOf, worthOf } from './judge.ts';
import { fits } from './limits.ts';
import type { Stages } from './steps.ts';

/** A node on the way. */
export interface Spot {
  readonly model: Model;
  readonly stages: Stages;
  readonly score: number;
  readonly margin: number;
  readonly figures: Figures;
}

/** Validation examples that a node on the way is judged by; candidates are judged by all. */
const JUDGED = 2000;
/** A forward and a backward pass cost so many forward passes. */
const PASSES = 3;

export const PLAIN_SCHEME = quantize().options as unknown as QuantizeOptions;

/** Makes nodes, judges them, and counts what their trainings see. */
export class Spots {
  readonly job: JobContext;
  readonly context: Context & { readonly data: Dataset };
  /** Seen by all trainings so far, teachers' answers included, and their multiplications. */
  samples = 0;
  macs = 0;
  #teachers: number | null = null;
  readonly #judged: Dataset;
  readonly #reference: Answers;

  constructor(job: JobContext, context: Context & { readonly data: Dataset }) {
    this.job = job;
    this.context = context;
    const { data, task, model } = job;
    const validation = takeEvenly(data.validation!, JUDGED);
    this.#judged = { ...data, validation };
    const isAll = validation.count === data.validation!.count;
    this.#reference = isAll ? job.reference : judge(context.heap, model.graph, this.#judged, 'validation', task);
  }

  of(model: Model, stages: Stages): Spot {
    const { task, goal } = this.job;
    // A quantized network is judged as the integers it means.
    const graph = model.facts.quantize ? asStored(model) : model.graph;
    const judged = judge(this.context.heap, graph, this.#judged, 'validation', task);
    const margin = marginOf(judged, this.#reference, goal);
    const found = foundIn(goal.standard, judged);
    return { model, stages, score: found.score!, margin, figures: { ...this.figures(model), ...found } };
  }

  /** The node that stages lead to from another. */
  async step(at: Spot, stages: Stages): Promise<Spot> {
    return this.of(await this.follow(at.model, stages), [...at.stages, ...stages]);
  }

  /** Runs stages and counts what they see. */
  async follow(model: Model, stages: Stages): Promise<Model> {
    const { data, batch: usual, goal } = this.job;
    let current = model;
    for (const [i, stage] of stagesOf({ stages }).entries()) {
      if (stage.trains) {
        const { epochs, batch = usual } = stage.options as { epochs: number; batch?: number };
        const size = Math.min(batch, data.train!.count);
        const examples = size * Math.ceil(epochs * Math.floor(data.train!.count / size));
        const student = this.figures(current).macs;
        const weight = this.weightOf(stages[i], student);
        this.samples += examples * weight;
        this.macs += examples * (PASSES * student + (weight - 1) * PASSES * goal.plain.macs);
      }
      this.context.progress?.({ what: stage.name, done: 0, total: 1 });
      current = await runPipeline(current, [stage], this.context);
    }
    return current;
  }

  /** What one example of a training counts: itself, and the teacher's share of the multiplications. */
  weightOf({ teacher }: Readonly<Record<string, unknown>>, student: number): number {
    const given = this.job.goal.plain.macs;
    const outside = () => this.#macsOf(this.job.teachers);
    const answers = { original: given, self: student, both: given + student }[String(teacher)] ?? outside();
    return 1 + answers / (PASSES * given);
  }

  #macsOf(teachers: readonly Model[]): number {
    this.#teachers ??= Math.max(0, ...teachers.map((t) => inspect(t).macs));
    return this.#teachers;
  }

  /** What a network needs when it is quantized, to 8 bits where it is not. */
  figures(model: Model): Figures {
    const { target, settings } = this.job.goal;
    const outline = outlineRanges(model, this.context, model.facts.quantize ?? PLAIN_SCHEME);
    return figuresOf(betweenEdges(outline), target, settings, null);
  }

  fits = ({ figures }: Spot): boolean => fits(figures, this.job.goal.limits);

  /** By how much the score that a training may come to is above the one to keep. */
  room({ score, margin }: Spot, hope: number): number {
    const { before, floor } = this.job.goal;
    return score + hope * Math.max(0, before - score) - margin - floor;
  }

  /** What a node is worth if it comes to what is hoped for; one that does not fit is worth nothing. */
  promise(spot: Spot, hope: number): number {
    return promiseOf(spot.figures, spot.margin, hope, this.job.goal) + (this.fits(spot) ? 0 : 1e3);
  }

  /** The first of those that promise the most. */
  best = (among: readonly Spot[], hope: number): Spot =>
    among.reduce((best, s) => (this.promise(s, hope) < this.promise(best, hope) ? s : best));

  ranked = (among: readonly Spot[]): Spot[] => [...among].sort((a, b) => this.promise(a, 0) - this.promise(b, 0));

  /** Whether a node that came to the quality of the model as given would be better than what is known. */
  canWin(spot: Spot, toBeat: number | null): boolean {
    const { goal } = this.job;
    const value = worthOf(hopedFor(spot.figures, goal.before, goal), 0, goal);
    return this.fits(spot) && (toBeat === null || value < toBeat);
  }
}
