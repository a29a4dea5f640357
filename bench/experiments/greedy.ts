/**
 * A plain loop over public functions, what a search must at least be worth: measure what cutting each group changes, cut a little where it
 * saves the most, distil shortly with labels, on the weights as they are, again; where too much is lost, the last network that held is
 * distilled on half of what is left of the budget, and on the other half with the weights of some layers in 4 bits. All are quantized and
 * judged as `compress` judges; the best is handed back.
 */
import { figuresOf } from '../../src/compress/figures.ts';
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
} from '../../src/compress/judge.ts';
import { checkSettings } from '../../src/compress/options.ts';
import { allocate, type LayerBits, measureFewerBits, measureSensitivity } from '../../src/compress/sensitivity.ts';
import { augmentationsFor, multipleOf } from '../../src/compress/steps.ts';
import type { Dataset } from '../../src/data/index.ts';
import { distill } from '../../src/distill/index.ts';
import { findTask, type Judgement, judge, qualityOf } from '../../src/evaluate.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { findTarget } from '../../src/mcu/index.ts';
import { asStored } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { outlineRanges, quantize } from '../../src/quant/index.ts';
import { toFloat } from '../../src/run/integer.ts';
import type { Context, Model, QuantizeOptions } from '../../src/stage.ts';
import type { Task } from '../../src/task/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import type { Handed, Run } from './arms.ts';
import type { Job } from './jobs.ts';

/** Chosen by hand on the validation parts of the jobs. */
const CHOICES = { change: 0.02, fewerBits: 0.02, learningRate: 0.001, steps: 12 } as const;
/** A teacher's answer is a third of a forward and a backward pass. */
const WEIGHT = 4 / 3;
const SCHEME = quantize().options as unknown as QuantizeOptions;

type DistillOptions = NonNullable<Parameters<typeof distill>[0]>;

export async function greedyLoop(job: Job, run: Run): Promise<Handed> {
  const loop = await Loop.begin(job, run);
  let current = job.model;
  let held = current;
  while (loop.samples < run.samples / 2) {
    const cut = await loop.cut(current);
    if (cut === current) break;
    current = await loop.trained(cut, run.samples / 2 / CHOICES.steps);
    const accuracy = await loop.judged(current);
    if (accuracy >= loop.goal.floor) held = current;
    else if (accuracy < loop.goal.floor - (loop.goal.before - loop.goal.floor)) break;
  }
  const last = await loop.trained(held, (run.samples - loop.samples) / 2);
  await loop.judged(last);
  await loop.judged(await loop.trained(await loop.inFewerBits(last), run.samples - loop.samples));
  return { tflite: exportTflite(loop.best.graph), samples: loop.samples };
}

interface Found {
  readonly graph: Graph;
  readonly value: number;
  readonly feasible: boolean;
}

class Loop {
  samples = 0;
  goal!: Goal;
  #best: Found | null = null;
  #reference!: Answers;
  #standard!: Standard;
  readonly #job: Job;
  readonly #run: Run;
  readonly #context: Context & { readonly data: Dataset; readonly task: Task };
  readonly #augment: DistillOptions['augment'] | null;
  readonly #batch: number;

  private constructor(job: Job, run: Run, heap: Heap) {
    const { model, data } = job;
    const task = findTask(heap, model.graph, data);
    this.#job = job;
    this.#run = run;
    this.#context = { heap, data: { ...data, test: null }, task, seed: run.seed, original: model };
    this.#batch = data.train!.count < 5000 ? 32 : 64;
    const [{ shape }] = data.inputs;
    const [augment] = Object.values(augmentationsFor(shape.length === 3 ? shape : [shape[0], 1, shape[1] ?? 1]));
    this.#augment = augment as DistillOptions['augment'] | null;
  }

  static async begin(job: Job, run: Run): Promise<Loop> {
    const loop = new Loop(job, run, await Heap.open());
    const reference = loop.#judge(job.model.graph);
    loop.#reference = reference;
    const plain = await loop.#stored(job.model);
    const settings = checkSettings({ target: job.target, objective: run.objective, ...job.goal });
    const target = findTarget(job.target);
    loop.#standard = standardOf(loop.#context.task, settings, qualityOf(reference.evaluation));
    const figures = figuresOf(plain, target, settings, foundIn(loop.#standard, loop.#judge(plain)));
    loop.goal = goalOf(target, settings, figures, loop.#standard);
    return loop;
  }

  get best(): Found {
    return this.#best!;
  }

  /** Cuts a little where it saves the most; the same model where nothing may go. */
  async cut(model: Model): Promise<Model> {
    const groups = channelGroups(toFloat(model.graph));
    const multiple = multipleOf(groups);
    const cost = async (graph: Graph) => this.#cost({ ...model, graph }, SCHEME);
    const sensitivity = await measureSensitivity(model, groups, multiple, cost, this.#context);
    for (const times of [1, 2, 4]) {
      const ratios = allocate(sensitivity, {}, times * CHOICES.change);
      if (Object.values(ratios).some((ratio) => ratio > 0)) {
        return runPipeline(model, [prune({ ratio: 0, ratios, multiple })], this.#context);
      }
    }
    return model;
  }

  async inFewerBits(model: Model): Promise<Model> {
    const cost = async (graph: Graph, layerBits: LayerBits) => this.#cost({ ...model, graph }, { ...SCHEME, layerBits });
    const chosen = allocate(await measureFewerBits(model, cost, this.#context), {}, CHOICES.fewerBits);
    const layerBits = Object.fromEntries(Object.entries(chosen).flatMap(([name, ratio]) => (ratio ? [[name, 4 as const]] : [])));
    return runPipeline(model, [quantize({ layerBits })], this.#context);
  }

  async trained(model: Model, samples: number): Promise<Model> {
    const { count } = this.#job.data.train!;
    const epochs = samples / WEIGHT / count;
    const size = Math.min(this.#batch, count);
    const steps = Math.ceil(epochs * Math.floor(count / size));
    if (steps < 1) return model;
    this.samples += WEIGHT * size * steps;
    const { learningRate } = CHOICES;
    const options = { teacher: 'original', temperature: 2, weight: 0.6, epochs, learningRate, batch: this.#batch } as const;
    const varied = this.#augment ? { augment: this.#augment } : {};
    const aware = model.facts.quantize ? { qat: 'learned' as const } : {};
    return runPipeline(model, [distill({ ...options, ...varied, ...aware })], this.#context);
  }

  /** The accuracy of a model that is not quantized, or of its integers; what it is worth as integers is kept. */
  async judged(model: Model): Promise<number> {
    const graph = await this.#stored(model);
    const judged = this.#judge(graph);
    const margin = marginOf(judged, this.#reference, this.goal);
    const { target, settings } = this.goal;
    const figures = figuresOf(graph, target, settings, foundIn(this.#standard, judged));
    const feasible = isFeasible(figures, margin, this.goal);
    const value = worthOf(figures, margin, this.goal);
    const isBetter = !this.#best || (feasible !== this.#best.feasible ? feasible : value < this.#best.value);
    if (isBetter) this.#best = { graph, value, feasible };
    this.#run.log(this.samples, { figures, value, feasible });
    return model.facts.quantize ? figures.score! : foundIn(this.#standard, this.#judge(model.graph)).score!;
  }

  #cost(model: Model, scheme: QuantizeOptions): number {
    const { target, settings } = this.goal;
    return costOf(figuresOf(outlineRanges(model, this.#context, scheme).graph, target, settings, null), this.goal);
  }

  async #stored(model: Model): Promise<Graph> {
    return asStored(model.facts.quantize ? model : await runPipeline(model, [quantize()], this.#context));
  }

  #judge(graph: Graph): Judgement {
    const { heap, data, task } = this.#context;
    return judge(heap, graph, data, 'validation', task);
  }
}
