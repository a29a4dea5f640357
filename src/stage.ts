import type * as v from 'valibot';
import type { Dataset } from './data/index.ts';
import type { Graph } from './graph/graph.ts';
import { checkOptions, type OptionsSchema } from './options/index.ts';
import type { Edges, IoType } from './run/edges.ts';
import type { Explanation } from './run/losses.ts';
import type { Task } from './task/index.ts';
import type { Heap } from './wasm/heap.ts';

/** How a network is quantized. */
export interface QuantizeOptions {
  readonly weightBits: 4 | 8;
  /** Other bits for the weights of single layers, by name. */
  readonly layerBits: Readonly<Record<string, 4 | 8>>;
  readonly activationBits: 8 | 16;
  /** Other bits for input and output of single layers, by name: what does not fit is converted. */
  readonly layerActivationBits: Readonly<Record<string, 8 | 16>>;
  /** How the range of an activation is found from its histogram: a name of `CALIBRATORS`. */
  readonly calibrator: string;
  /** Examples of the train part that ranges are measured on. */
  readonly examples: number;
  /** Inputs whose features no scale holds together are scaled feature by feature before they are rounded. */
  readonly scaleInputs: boolean;
  /** Cross-layer equalization: where answers are off by more than a twentieth of their spread and it lowers that, wherever it lowers the error, or never. */
  readonly equalize: 'auto' | 'on' | 'off';
  /** Of what rounding weights changes in the mean of a layer's output: as `equalize`. */
  readonly biasCorrection: 'auto' | 'on' | 'off';
  /** Where the zero point of activations may be; `auto`: at 0 where that errs no more. 16 bits are symmetric. */
  readonly activationScheme: 'asymmetric' | 'symmetric' | 'auto';
  /** Scales of weights: one for each output channel where the operator has them (convolutions), or one for each tensor. */
  readonly weightScheme: 'channel' | 'tensor';
  /** How weights become whole steps. */
  readonly rounding: 'auto' | 'nearest' | 'gptq' | 'learned';
  /** Find out what each layer loses by rounding, and why. */
  readonly explain: boolean;
}

/** How the range of a tensor was chosen again after the network had changed. Errors: of its values now, by their power. */
export interface RangeChange {
  readonly tensor: string;
  readonly before: { readonly low: number; readonly high: number; readonly scheme: 'symmetric' | 'asymmetric' };
  readonly after: { readonly low: number; readonly high: number; readonly scheme: 'symmetric' | 'asymmetric' };
  readonly errorBefore: number;
  readonly errorAfter: number;
}

/** What quantizing did beside rounding. */
export interface QuantizationFacts {
  /** Power of the error of the answers by that of their spread, on calibration examples. */
  readonly outputError: number;
  /** What was done against losses, a sentence each. */
  readonly mended: readonly string[];
  /** Where it was asked for. */
  readonly explanation?: Explanation;
}

/** What is known of a network beside its graph. */
export interface Facts {
  /** The scheme in force: ranges are measured again by it whenever the network changes. */
  readonly quantize?: QuantizeOptions;
  /** Of the last stage, where that rounded weights by what layers answer: the same network with the weights that it had before. */
  readonly unrounded?: Graph;
  /** Of the last `quantize`. */
  readonly quantization?: QuantizationFacts;
  /** Of the last time that ranges were measured again. */
  readonly rangeChanges?: readonly RangeChange[];
  /** The last stage that changed the network learned its scales while training: they hold, nothing is measured. */
  readonly learnedScales?: boolean;
  /** Types of inputs and outputs that its file has in place of the network's own; conversions are inserted. */
  readonly edges?: Edges;
  /** The type that they have once the network is quantized; the file may have had another. */
  readonly io?: IoType;
  /** What of the model's file is not used, one sentence each. */
  readonly notes?: readonly string[];
  /** What stages decided by themselves, a sentence each, to be shown. */
  readonly decisions?: readonly string[];
  /** An outline: structure and bits are those that stages leave, weights and scales are not. */
  readonly isOutline?: boolean;
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
  /** What the model is for; recognized from labels and graph where it is not given. */
  readonly task?: Task;
  /** A whole number from 0; every purpose of random numbers draws from a stream of its own. */
  readonly seed: number;
  /** The float model the pipeline began with: a teacher. */
  readonly original: Model;
  /** Other networks that stages name, by their digests, as teachers. */
  readonly teachers?: readonly Model[];
  /** Examples without labels that stages name, by their digests; each has them as its train part. */
  readonly unlabelled?: readonly Dataset[];
  readonly progress?: (p: Progress) => void;
  readonly warn?: (message: string) => void;
  /** Once aborted, the stage that runs throws the signal's reason at its next pause. */
  readonly signal?: AbortSignal;
  /** A stage that trains keeps its state here after every epoch and when it is interrupted, and continues from what it finds. */
  readonly checkpoint?: CheckpointStore;
}

/** `(model, context) -> model`: it returns a new model and leaves the old one alone. Any order works. */
export interface Stage {
  readonly name: string;
  /** Plain JSON, written into the recipe. */
  readonly options: Readonly<Record<string, unknown>>;
  /** It trains weights: it sees the train part again and again, and can keep a checkpoint. */
  readonly trains: boolean;
  /** The ranges of activations that were in force before it are right after it; else a quantized model is measured again. */
  readonly keepsRanges: boolean;
  /** Finds out before any work whether all that the options name is there. @throws CompressError */
  check(context: Context): Promise<void>;
  /**
   * The structure and the bits that `run` would leave, exactly, at the cost of a cut: nothing is trained. null where they depend on weights
   * or ranges that an outline does not have (`Facts.isOutline`).
   */
  outline(model: Model, context: Context): Promise<Model | null>;
  run(model: Model, context: Context): Promise<Model>;
}

/** What is the same for all stages of one name, with any options. `Stage` documents the rest. */
export interface StageKind<S extends OptionsSchema> extends Pick<Stage, 'name' | 'trains' | 'keepsRanges'> {
  /** For help, in a few words. */
  readonly about: string;
  /** It cannot run without a train or validation part. */
  readonly needsData: boolean;
  /** A caller's own: `compress` tries it before the last training of an arm, with options from the ranges of its schema. */
  readonly searched?: boolean;
  readonly options: S;
  check?(options: v.InferOutput<S>, context: Context): Promise<void> | void;
  outline(model: Model, options: v.InferOutput<S>, context: Context): Promise<Model | null> | Model | null;
  run(model: Model, options: v.InferOutput<S>, context: Context): Promise<Model> | Model;
}

/** Makes stages of one kind. */
export interface MakeStage<S extends OptionsSchema = OptionsSchema> {
  /** @throws CompressError `bad-option` for an option that does not exist, or a value that it cannot have */
  (options?: v.InferInput<S>): Stage;
  readonly kind: StageKind<S>;
}

/**
 * A kind of stage. Its schema is all that the command line, recipes and the search know of its options.
 *
 * @example
 * const halve = defineStage({ name: 'halve', about: 'halve all weights', options: v.object({}), ... });
 * registerStage(halve);
 */
export function defineStage<S extends OptionsSchema>(kind: StageKind<S>): MakeStage<S> {
  const { name, trains, keepsRanges } = kind;
  const make = (given: v.InferInput<S> = {} as v.InferInput<S>): Stage => {
    const options = checkOptions(kind.options, given, name);
    return {
      name,
      options: options as Stage['options'],
      trains,
      keepsRanges,
      check: async (context) => kind.check?.(options, context),
      outline: async (model, context) => kind.outline(model, options, context),
      run: async (model, context) => kind.run(model, options, context),
    };
  };
  return Object.assign(make, { kind });
}

/** Lets the host's other work run (interrupts, progress); throws when the caller asked to stop. */
export async function pause(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal?.throwIfAborted();
}
