/** The last check of a choice, by examples that neither trainings nor choices saw. */
import type { Dataset } from '../data/index.ts';
import { judge } from '../evaluate.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import type { Progress } from '../stage.ts';
import { type Checked, chanceOfKeeping, checkedTogether, countsExamples, missed, type Task } from '../task/index.ts';
import type { Heap } from '../wasm/heap.ts';
import type { Figures } from './figures.ts';
import type { JobContext, Node } from './job.ts';
import { standardOf } from './judge.ts';
import { fits } from './limits.ts';
import { foldsOf, type Parts } from './parts.ts';
import type { Pool } from './pool.ts';
import { type Stages, trainingsOf } from './steps.ts';

/** A candidate that is checked; trial null: plain int8. */
export interface Checkable {
  readonly trial: number | null;
  readonly stages: Stages;
  /** Quality is that of the validation part. */
  readonly figures: Figures;
  readonly tflite: Uint8Array;
}

/** What came of a check. */
export interface CheckReport extends Pick<Checkable, 'trial' | 'figures'> {
  /** Chance that a candidate which just keeps the goal would look as bad, or worse. */
  readonly chance: number;
  readonly holds: boolean;
  /** The metric's value there, that of the model as given, and the worst that was good enough. */
  readonly quality: number | null;
  readonly given: number | null;
  readonly least: number | null;
}

/**
 * A candidate holds where these examples show no more loss than is allowed, and one that loses just that would, at least every other time, look as
 * bad on them or worse. That is what an estimate without bias says: the search has chosen the best looking of many, so that its own
 * figures are better than the truth, and these examples had no part in it. A stricter level (the loss is within what is allowed, sure to
 * 95 %) would pass nothing on a few hundred examples, whose standard error is as large as the loss that is usually allowed; a looser one (not
 * worse, sure to 95 %) passes candidates that most likely miss the goal. The result is judged by the same measure on the test part.
 */
const RATHER = 0.5;

/** Where less than so many examples may be lost, none may: a network that loses one of 100 may well lose three of the next 100. */
const TELLING = 2;

/** Candidates that are trained again on folds; others on the way to one of them cost no training. */
const TRAINED = 3;

/** Judges candidates; trainings of folds are counted. */
export class LastCheck {
  readonly examples: number;
  /** Whether other folds of the train part judge, on which a candidate is made again; else examples that were kept from the search. */
  readonly byFolds: boolean;
  /** So many candidates at most, where each asks for trainings: folds judge. */
  readonly most: number;
  /** Seen by trainings of folds. */
  samples = 0;
  readonly reports: CheckReport[] = [];
  readonly #heap: Heap;
  readonly #job: JobContext;
  readonly #task: Task;
  readonly #pool: Pool;
  /** By which parts: one, or one of each fold. */
  readonly #data: readonly Dataset[];
  #given: Checked | null = null;
  /** Of each fold: packed nodes after the trainings that were run there, by their paths. */
  readonly #known: readonly Map<string, Uint8Array>[];

  constructor(heap: Heap, job: JobContext, { check, folds }: Parts, pool: Pool) {
    this.#heap = heap;
    this.#job = job;
    this.#task = job.task;
    this.#pool = pool;
    this.byFolds = !check;
    this.most = check ? Number.POSITIVE_INFINITY : TRAINED;
    this.#data = check ? [{ ...job.data, validation: check }] : foldsOf(job.data, job.seed).slice(0, folds);
    this.#known = this.#data.map(() => new Map());
    this.examples = this.#data.reduce((n, d) => n + d.validation!.count, 0);
  }

  /** Whether judging it asks for no training that was not run before. */
  isCheap = ({ stages }: Pick<Checkable, 'stages'>): boolean =>
    trainingsOf(stages) === trainingsOf(this.#from(0, stages)?.stages ?? []);

  /** @throws what the trainings of folds throw */
  async judge(candidate: Checkable, progress: (p: Progress) => void): Promise<CheckReport> {
    const graphs = this.byFolds ? await this.#replays(candidate, progress) : [importTflite(candidate.tflite)];
    this.#given ??= this.#answers(this.#data.map(() => this.#job.model.graph));
    const given = this.#given;
    const found = this.#answers(graphs);
    const { chance, keeps, least } = this.#compared(given, found);
    const report = {
      trial: candidate.trial,
      figures: candidate.figures,
      chance,
      holds: keeps && chance >= RATHER,
      least,
      quality: found.evaluation.quality,
      given: given.evaluation.quality,
    };
    this.reports.push(report);
    return report;
  }

  /**
   * The candidate made again from train and validation together, where folds judged the way it is made and not its weights: with examples so few
   * each one counts. Its quality stays the one that was found before, on examples that it had not seen. null where that says nothing of it:
   * it does not hold, nothing trains, or a training ends by the validation part.
   */
  async withAllExamples(candidate: Checkable, progress: (p: Progress) => void): Promise<Checkable | null> {
    const { trial, stages, figures } = candidate;
    const held = this.reports.some((r) => r.holds && r.trial === trial && r.figures === figures);
    if (!this.byFolds || !held || trainingsOf(stages) === 0 || stages.some((s) => s.patience)) return null;
    const { candidate: made, samples } = await this.#pool.run({ recipe: stages, fold: 'all' }, progress);
    this.samples += samples;
    const { accuracy, quality, score } = figures;
    const found = { ...made.figures, accuracy, quality, score };
    return fits(found, this.#job.goal.limits) ? { trial, stages, figures: found, tflite: made.tflite } : null;
  }

  #compared(given: Checked, found: Checked): Pick<CheckReport, 'chance' | 'least'> & { keeps: boolean } {
    const { settings } = this.#job.goal;
    const before = given.evaluation.quality;
    // Examples that give the metric no value say nothing against it.
    if (before === null) return { chance: 1, keeps: true, least: null };
    const { asked } = standardOf(this.#task, settings, before);
    const { quality, classes } = found.evaluation;
    const least = this.#least(before, asked.floor);
    // To the nearest example: a share of them that is allowed is seldom a whole number of examples.
    const floor = countsExamples(this.#task) ? least - 0.5 / this.examples : least;
    const misses = missed({ ...asked, floor }, { quality, perClass: classes.map((c) => c.recall) }, this.#task);
    return { chance: chanceOfKeeping(this.#task, asked, given, found, settings.seed), keeps: misses.length === 0, least };
  }

  #least(before: number, floor: number): number {
    const lost = (before - floor) * this.examples;
    return countsExamples(this.#task) && lost > 0 && lost < TELLING ? before : floor;
  }

  /** The candidate's path again on each fold: what it is worth on examples that its trainings did not see. */
  async #replays({ stages }: Checkable, progress: (p: Progress) => void): Promise<Graph[]> {
    const replay = async (fold: number) => {
      const { candidate, way, samples } = await this.#pool.run(
        { recipe: stages, fold, from: this.#from(fold, stages) },
        progress,
      );
      this.samples += samples;
      for (const node of way) this.#known[fold].set(JSON.stringify(node.stages), node.packed);
      return importTflite(candidate.tflite);
    };
    const graphs: Graph[] = [];
    for (let first = 0; first < this.#data.length; first += this.#pool.size) {
      const folds = [...this.#data.keys()].slice(first, first + this.#pool.size);
      graphs.push(...(await Promise.all(folds.map(replay))));
    }
    return graphs;
  }

  /** The last node of a path that is known of a fold. */
  #from(fold: number, stages: Stages): Node | null {
    for (let n = stages.length; n > 0; n--) {
      const begun = stages.slice(0, n);
      const packed = this.#known[fold].get(JSON.stringify(begun));
      if (packed) return { stages: begun, packed };
    }
    return null;
  }

  #answers(graphs: readonly Graph[]): Checked {
    return checkedTogether(
      this.#task,
      graphs.map((graph, i) => judge(this.#heap, graph, this.#data[i], 'validation', this.#task)),
    );
  }
}
