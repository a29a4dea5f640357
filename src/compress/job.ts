/** What an arm of the search is given and hands back: plain data, so that any thread can do it. */
import type { Dataset } from '../data/index.ts';
import type { Model } from '../stage.ts';
import type { Task } from '../task/index.ts';
import type { Figures } from './figures.ts';
import type { Answers, Goal } from './judge.ts';
import type { Plan, Stages } from './steps.ts';

/** What every arm of a study shares; a thread is given it once. */
export interface JobContext {
  /** As it was given: a teacher. */
  readonly model: Model;
  /** The root of the tree, and the stages that lead there. */
  readonly base: Model;
  readonly first: Stages;
  /** Train and validation; the test part stays outside. */
  readonly data: Dataset;
  readonly teachers: readonly Model[];
  readonly unlabelled: readonly Dataset[];
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
  /**
   * The stages of a given recipe, unchanged: on a fold beside the data where one is named, or on train and validation together; and from a node on
   * their way there.
   */
  | { readonly recipe: Stages; readonly fold?: number | 'all'; readonly from?: Node | null };

/** A network as the chip would run it, and what it is worth. */
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
  /** The best node that holds the goal as it is; null where none does. */
  readonly held: Node | null;
  /** Of a recipe: the node after each of its trainings. */
  readonly way: readonly Node[];
  /** Seen by all trainings, teachers' answers included. */
  readonly samples: number;
  /** Multiplications of all trainings. */
  readonly macs: number;
}
