/** What a compression hands back. */
import type { Dataset } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { type Judgement, judge, qualityOf } from '../evaluate.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import type { Target } from '../mcu/index.ts';
import { betweenEdges } from '../model.ts';
import type { Recipe } from '../pipeline.ts';
import { importances, type Study } from '../search/index.ts';
import type { SimplifyReport } from '../simplify/index.ts';
import { missed, type Task } from '../task/index.ts';
import type { Heap } from '../wasm/heap.ts';
import type { Checkable, CheckReport, LastCheck } from './check.ts';
import type { CountReport } from './emulated.ts';
import { type Figures, figuresOf } from './figures.ts';
import type { Before } from './front_end.ts';
import { foundIn, standardOf } from './judge.ts';
import { fits } from './limits.ts';
import type { Settings } from './options.ts';
import { APART, type Parts, VALIDATION } from './parts.ts';
import type { Prepared } from './prepare.ts';
import { recipeOf } from './recipe.ts';
import type { Search } from './search.ts';
import type { TrialReport } from './tree.ts';

export interface CompressResult {
  readonly target: Target;
  readonly settings: Settings;
  readonly task: Task;
  /** Quality is that of the test part. */
  readonly original: Figures;
  readonly ptq: Figures;
  readonly result: Figures;
  /** The metric's value on the validation part that a candidate had to keep, beyond its standard error. */
  readonly floor: number;
  /** The metric's value on the validation part, of the model that the search began with: as given, or built anew for another front end. */
  readonly before: number;
  /** The smallest drop that is significant on the validation part, in the unit of the metric's drop. */
  readonly smallestLoss: number;
  /** Whether the result fits and keeps the goal, judged on the test part. */
  readonly reached: boolean;
  /** What of the goal is missed on the test part, in words. */
  readonly missed: readonly string[];
  readonly recipe: Recipe;
  readonly tflite: Uint8Array;
  readonly ptqTflite: Uint8Array;
  readonly trials: readonly TrialReport[];
  /** The trial that the result is from; null: plain int8. */
  readonly chosen: number | null;
  /** Figures of the validation part: of the result, which a trial may have kept beside its best, and of `ptq`. */
  readonly chosenFigures: Figures;
  /** Recall of each class on the test part, of the model as given and of the result; empty for a task without classes. */
  readonly recalls: { readonly given: readonly (number | null)[]; readonly result: readonly (number | null)[] };
  /** Shares by which parameters of the search decided; null where too few trials ended. */
  readonly importance: Readonly<Record<string, number>> | null;
  readonly plain: Figures;
  /** Whether the time allowed ended the search, with samples left. */
  readonly endedByClock: boolean;
  /** Last checks by examples that had no part in any choice, the chosen candidate's last where it held. */
  readonly checks: readonly CheckReport[];
  /** Candidates whose instructions were counted, in that order. */
  readonly counted: readonly CountReport[];
  /** Why there was no last check, where there was none. */
  readonly unchecked: string | null;
  /** What removing channels that change no output saved before all else; null where there was nothing to remove. */
  readonly simplified: SimplifyReport | null;
  /** What the search saw, and what checked its choice: examples kept from it, or other folds of the train part; `checkSamples`: seen by trainings there. */
  readonly examples: { readonly train: number; readonly validation: number; readonly check: number; readonly test: number };
  readonly byFolds: boolean;
  readonly checkSamples: number;
  /** Whether the result was made again from the train and validation parts together. */
  readonly together: boolean;
  /** Examples that went from the train part to the validation part. */
  readonly moved: number;
}

interface Work {
  readonly heap: Heap;
  readonly data: Dataset;
  readonly parts: Parts;
  readonly prepared: Prepared;
  readonly before: Before | null;
  readonly search: Search;
  readonly study: Study;
  readonly choice: Checkable;
  /** Whether it was made from the train and validation parts together. */
  readonly together: boolean;
  readonly check: LastCheck | null;
  readonly counted: readonly CountReport[];
  readonly unchecked: string | null;
}

/** The only place where the test part is used. */
export function finish({
  heap,
  data,
  parts,
  prepared,
  before,
  search,
  study,
  choice,
  together,
  check,
  counted,
  unchecked,
}: Work): CompressResult {
  const { job, plain, simplified, smallestLoss } = prepared;
  const { task, goal } = job;
  const { target, limits, standard } = goal;
  const { maxDrop: _, ...others } = goal.settings;
  const settings = before ? { ...others, ...(before.maxDrop !== undefined && { maxDrop: before.maxDrop }) } : goal.settings;
  const judged = (graph: Graph, by: Dataset = data) => judge(heap, graph, by, 'test', task);
  const from = before ?? { model: job.model, data, tflite: plain.tflite };
  const given = judged(from.model.graph, from.data);
  const asked = standardOf(task, settings, qualityOf(given.evaluation));
  const figures = (graph: Graph, found: Judgement) => figuresOf(graph, target, settings, foundIn(asked, found));
  const small = importTflite(choice.tflite);
  const found = judged(small);
  const ptq = importTflite(from.tflite);
  const result = figures(small, found);
  const misses = missed(asked.asked, found.evaluation, task);
  return {
    target,
    settings,
    task,
    original: figures(betweenEdges(from.model), given),
    ptq: figures(ptq, judged(ptq, from.data)),
    result,
    floor: standard.asked.floor,
    before: standard.given,
    smallestLoss,
    simplified,
    reached: fits(result, limits) && misses.length === 0,
    missed: misses,
    recipe: recipeOf(choice.stages, data, task, {
      seed: settings.seed,
      io: settings.io,
      validation: parts.moved > 0 ? VALIDATION : null,
      apart: parts.check ? APART : 0,
      together,
      rebuilt: before?.rebuilt ?? null,
    }),
    tflite: choice.tflite,
    ptqTflite: from.tflite,
    trials: search.reports(),
    chosen: choice.trial,
    chosenFigures: choice.figures,
    recalls: { given: given.evaluation.perClass, result: found.evaluation.perClass },
    importance: importanceOf(study),
    plain: plain.figures,
    endedByClock: search.endedByClock,
    checks: check?.reports ?? [],
    counted,
    unchecked,
    examples: {
      train: job.data.train!.count,
      validation: job.data.validation!.count,
      check: check?.examples ?? 0,
      test: data.test!.count,
    },
    byFolds: check?.byFolds ?? false,
    checkSamples: check?.samples ?? 0,
    together,
    moved: parts.moved,
  };
}

/** Parameters are compared by the first objective. */
function importanceOf(study: Study): Readonly<Record<string, number>> | null {
  try {
    return importances(study);
  } catch (e) {
    if (e instanceof CompressError) return null;
    throw e;
  }
}
