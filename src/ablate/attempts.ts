/** What an arm without a search of its own does: stages on a model within a number of training samples. The best network is kept. */
import { type Figures, figuresOf } from '../compress/figures.ts';
import {
  type Answers,
  costOf,
  foundIn,
  type Goal,
  goalOf,
  isFeasible,
  marginOf,
  type Standard,
  standardOf,
  worthOf,
} from '../compress/judge.ts';
import { checkSettings } from '../compress/options.ts';
import { augmentationsFor } from '../compress/steps.ts';
import type { Dataset } from '../data/index.ts';
import { distill } from '../distill/index.ts';
import { findTask, type Judgement, judge, qualityOf } from '../evaluate.ts';
import { exportTflite } from '../formats/tflite/export.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Graph } from '../graph/graph.ts';
import { findTarget } from '../mcu/index.ts';
import { asStored } from '../model.ts';
import { runPipeline } from '../pipeline.ts';
import { outlineRanges, quantize } from '../quant/index.ts';
import type { Context, Model, QuantizeOptions, Stage } from '../stage.ts';
import { type Task, taskOptions } from '../task/index.ts';
import { finetune } from '../train/index.ts';
import { Heap } from '../wasm/heap.ts';
import type { Handed, Job, Run } from './arms.ts';

/** Chosen by hand on the validation parts of public data. */
const LEARNING_RATE = 0.001;
/** A teacher's answer is a third of a forward and a backward pass. */
const TAUGHT = 4 / 3;
export const SCHEME = quantize().options as unknown as QuantizeOptions;

type DistillOptions = NonNullable<Parameters<typeof distill>[0]>;
type Seen = Context & { readonly data: Dataset; readonly task: Task };

interface Found {
  readonly graph: Graph;
  readonly value: number;
  readonly feasible: boolean;
}

/** The task that options of a job state, else the one that labels and graph show. */
export const taskOf = (heap: Heap, { model, data, options }: Job): Task =>
  findTask(heap, model.graph, data, taskOptions(options));

export class Attempts {
  /** Seen by all trainings so far. */
  samples = 0;
  readonly context: Seen;
  goal!: Goal;
  #best: Found | null = null;
  readonly #tried: Uint8Array[] = [];
  #reference!: Answers;
  #standard!: Standard;
  readonly #job: Job;
  readonly #run: Run;
  readonly #augment: DistillOptions['augment'] | null;
  readonly #batch: number;

  private constructor(job: Job, run: Run, heap: Heap) {
    const { model, data } = job;
    const { seed, signal } = run;
    this.#job = job;
    this.#run = run;
    this.context = { heap, data: { ...data, test: null }, task: taskOf(heap, job), seed, original: model, signal };
    this.#batch = data.train!.count < 5000 ? 32 : 64;
    const [{ shape }] = data.inputs;
    const [augment] = Object.values(augmentationsFor(shape.length === 3 ? shape : [shape[0], 1, shape[1] ?? 1]));
    this.#augment = augment as DistillOptions['augment'] | null;
  }

  static async begin(job: Job, run: Run): Promise<Attempts> {
    const attempts = new Attempts(job, run, await Heap.open());
    const reference = attempts.#judge(job.model.graph);
    attempts.#reference = reference;
    const plain = await attempts.#stored(job.model);
    const settings = checkSettings(job.options);
    const target = findTarget(settings.target);
    attempts.#standard = standardOf(attempts.context.task, settings, qualityOf(reference.evaluation));
    const figures = figuresOf(plain, target, settings, foundIn(attempts.#standard, attempts.#judge(plain)));
    attempts.goal = goalOf(target, settings, figures, attempts.#standard);
    return attempts;
  }

  /** The best network that was judged. */
  get handed(): Handed {
    return { tflite: exportTflite(this.#best!.graph), samples: this.samples, tried: this.#tried };
  }

  through(model: Model, stages: readonly Stage[]): Promise<Model> {
    return runPipeline(model, stages, this.context);
  }

  /** Trained by the labels, or by the model as given and the labels. A quantized model is trained through its rounding. */
  async trained(model: Model, samples: number, by: 'labels' | 'teacher' = 'teacher'): Promise<Model> {
    const { count } = this.#job.data.train!;
    const weight = by === 'teacher' ? TAUGHT : 1;
    const epochs = samples / weight / count;
    const size = Math.min(this.#batch, count);
    const steps = Math.ceil(epochs * Math.floor(count / size));
    if (steps < 1) return model;
    this.samples += weight * size * steps;
    const varied = this.#augment ? { augment: this.#augment } : {};
    const aware = model.facts.quantize ? { qat: 'learned' as const } : {};
    const options = { epochs, learningRate: LEARNING_RATE, batch: this.#batch, ...varied, ...aware };
    const taught = { teacher: 'original', temperature: 2, weight: 0.6 } as const;
    return this.through(model, [by === 'teacher' ? distill({ ...taught, ...options }) : finetune(options)]);
  }

  /** The score of a model that is not quantized, or of its integers; what it is worth as integers is kept. */
  async judged(model: Model): Promise<number> {
    const figures = this.keepIfBest(await this.#stored(model));
    return model.facts.quantize ? figures.score! : foundIn(this.#standard, this.#judge(model.graph)).score!;
  }

  keepIfBest(graph: Graph): Figures {
    this.#tried.push(exportTflite(graph));
    const judged = this.#judge(graph);
    const margin = marginOf(judged, this.#reference, this.goal);
    const { target, settings } = this.goal;
    const figures = figuresOf(graph, target, settings, foundIn(this.#standard, judged));
    const feasible = isFeasible(figures, margin, this.goal);
    const value = worthOf(figures, margin, this.goal);
    const isBetter = !this.#best || (feasible !== this.#best.feasible ? feasible : value < this.#best.value);
    if (isBetter) this.#best = { graph, value, feasible };
    this.#run.log?.(this.samples, { figures, value, feasible });
    return figures;
  }

  cost(model: Model, scheme: QuantizeOptions): number {
    const { target, settings } = this.goal;
    return costOf(figuresOf(outlineRanges(model, this.context, scheme).graph, target, settings, null), this.goal);
  }

  async #stored(model: Model): Promise<Graph> {
    return asStored(model.facts.quantize ? model : await this.through(model, [quantize()]));
  }

  #judge(graph: Graph): Judgement {
    const { heap, data, task } = this.context;
    return judge(heap, graph, data, 'validation', task);
  }
}

/** What an arm comes to on the chip of this job, by the networks that it tried for another chip with as many samples. */
export async function judgedAgain(tried: readonly Uint8Array[], samples: number, job: Job, run: Run): Promise<Handed> {
  const attempts = await Attempts.begin(job, run);
  attempts.samples = samples;
  for (const tflite of tried) attempts.keepIfBest(importTflite(tflite));
  return attempts.handed;
}
