import type { Dataset } from './data/index.ts';
import type { Graph } from './graph/graph.ts';
import type { Heap } from './wasm/heap.ts';

/** How a network is quantized. */
export interface QuantizeOptions {
  readonly weightBits: 4 | 8;
  /** Other bits for the weights of single layers, by name. */
  readonly layerBits: Readonly<Record<string, 4 | 8>>;
  readonly activationBits: 8 | 16;
  /** How the range of an activation is found from its histogram. `best` takes for each tensor whichever errs least. */
  readonly calibrator: 'min-max' | 'mse' | 'percentile' | 'best';
  /** Examples of the train part that ranges are measured on. */
  readonly examples: number;
}

/** What is known of a network beside its graph. */
export interface Facts {
  /** The scheme in force: ranges are measured again by it whenever the network changes. */
  readonly quantize?: QuantizeOptions;
  /** The last stage that changed the network learned its scales while training: they hold, nothing is measured. */
  readonly learnedScales?: boolean;
  /** What of the model's file is not used, one sentence each. */
  readonly notes?: readonly string[];
}

/** A network while it is being compressed: float weights, with quantization records once it was quantized. */
export interface Model {
  readonly graph: Graph;
  readonly facts: Facts;
}

export interface Progress {
  /** What is being done, for example `finetune`. */
  readonly what: string;
  /** Of `total`, in steps of the stage's own. */
  readonly done: number;
  readonly total: number;
  /** For example the loss. */
  readonly detail?: string;
}

/** Keeps the state of one training, whole: what was written last, or what was there before. */
export interface CheckpointStore {
  /** null where nothing was written yet. */
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
}

/** What a stage may use beside the model. Stages never see the test part. */
export interface Context {
  readonly heap: Heap;
  /** Train and validation; null where a stage runs without data. */
  readonly data: Dataset | null;
  /** A whole number from 0; every purpose of random numbers draws from a stream of its own. */
  readonly seed: number;
  /** The float model the pipeline began with: a teacher. */
  readonly original: Model;
  readonly progress?: (p: Progress) => void;
  readonly warn?: (message: string) => void;
  /** Once aborted, the stage that runs throws the signal's reason at its next pause. */
  readonly signal?: AbortSignal;
  /** A stage that trains keeps its state here after every epoch and when it is interrupted, and goes on from what it finds. */
  readonly checkpoint?: CheckpointStore;
}

/** `(model, context) -> model`: it returns a new model and leaves the old one alone. Any order works. */
export interface Stage {
  readonly name: string;
  /** Plain JSON, written into the recipe. */
  readonly options: Readonly<Record<string, unknown>>;
  run(model: Model, context: Context): Promise<Model>;
}

/** Lets the host's other work run (interrupts, progress); throws when the caller asked to stop. */
export async function pause(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal?.throwIfAborted();
}
