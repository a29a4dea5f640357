import type { Cost } from '../ops/index.ts';
import type { CoreName, Target } from '../targets/index.ts';
import type { Classes } from './assembly/classes.ts';

/** Relative error of latency: mean, median and 90th percentile of `count` published ones. */
export interface LatencyError {
  readonly mean: number;
  readonly median: number;
  readonly p90: number;
  readonly count: number;
}

/** Cycles of one instruction of a class where nothing waits for memory. */
interface ClassCosts {
  readonly load: number;
  /** For each word that an instruction for many moves; the instruction itself is one of the others. */
  readonly word: number;
  readonly multiply: number;
  /** Taken, with the pipeline filled again. */
  readonly branch: number;
  readonly other: number;
}

/**
 * Source: technical reference manuals of M0 (r0p0, 3.3), M0+ (r0p1, 3.3), M3 (r2p1, 3.3: LDR 2, a neighbour of another 1; LDM 1 + N; B 1 + 1..3),
 * M4 (r0p1, 3.3: the same, SMLAD 1). The manuals of the others tell no cycles: M33 as M4 with shorter branches; M7 and M85 begin two
 * instructions at once where these use other units; M55 computes half a vector a cycle and loads meanwhile. What such tables miss is the
 * core's `scale`, which is fitted.
 */
export const CLASS_COSTS: Readonly<Record<CoreName, ClassCosts>> = {
  'cortex-m0': { load: 2, word: 1, multiply: 1, branch: 3, other: 1 },
  'cortex-m0+': { load: 2, word: 1, multiply: 1, branch: 2, other: 1 },
  'cortex-m3': { load: 1.7, word: 1, multiply: 1.3, branch: 3, other: 1 },
  'cortex-m4': { load: 1.7, word: 1, multiply: 1, branch: 3, other: 1 },
  'cortex-m7': { load: 0.7, word: 0.5, multiply: 0.8, branch: 1, other: 0.6 },
  'cortex-m33': { load: 1.5, word: 1, multiply: 1, branch: 2, other: 1 },
  'cortex-m55': { load: 1.2, word: 0.5, multiply: 1.2, branch: 1, other: 1 },
  'cortex-m85': { load: 1, word: 0.5, multiply: 1, branch: 1, other: 0.8 },
};

/** Shares of instructions that compilers make of C, read off the loops of the kinds of kernels. */
type Mix = Classes;

const MIXES: Readonly<Record<'products' | 'windows' | 'others', Mix>> = {
  products: { loads: 0.28, words: 0, multiplies: 0.32, branches: 0.04 },
  windows: { loads: 0.35, words: 0, multiplies: 0.2, branches: 0.06 },
  others: { loads: 0.25, words: 0, multiplies: 0.08, branches: 0.1 },
};

export type MixName = keyof typeof MIXES;

/** The mix of a kernel by its name. */
export function mixOf(kernel: string): MixName {
  if (/^depthwise/.test(kernel)) return 'windows';
  return /^(convolve|fully_connected|transpose_conv|batch_matmul|svdf|lstm|dot)/.test(kernel) ? 'products' : 'others';
}

/** Cycles by the costs of the classes alone. */
function byClass({ load, word, multiply, branch, other }: ClassCosts, instructions: number, c: Classes): number {
  const rest = instructions - c.loads - c.multiplies - c.branches;
  return rest * other + c.loads * load + c.words * word + c.multiplies * multiply + c.branches * branch;
}

/** Of compiled code of a mix. */
export const unitsOf = (core: CoreName, instructions: number, mix: MixName): number =>
  instructions * byClass(CLASS_COSTS[core], 1, MIXES[mix]);

/** What a layer executes. */
export interface Work {
  readonly cost: Pick<Cost, 'kernel'>;
  readonly instructions: number;
  /** What of it is assembly, and its classes; none where only the kernel's kind is known. */
  readonly assembly?: { readonly instructions: number; readonly classes: Classes } | undefined;
  /** Bytes of constants that come from flash. */
  readonly fetched: number;
}

/** Cycles of a core under a runtime, and how far off they are on networks that the fit has not seen. */
export interface CycleModel {
  cyclesOf(work: Work, chip: Target, clockMhz: number): number;
  readonly heldOut: LatencyError | null;
  /** What was left out, and how. */
  readonly condition: string;
}

/** Cycles of another runtime beside this model's: median, 10th and 90th percentile; and the error of a network by the level of the others. */
export interface Level {
  readonly runtime: string;
  readonly times: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean relative error of each network on each chip by the level that the core's other networks have; null where there are no others. */
  readonly leftOut: number | null;
}

/**
 * What is fitted for a core.
 *
 * Source: published latencies (MLPerf Tiny v0.5 to v1.3, ST model zoo, TinyMaix, helia-profiler, executorch and others) against counted
 * instructions of the same networks. Runtimes differ: each has a level for each kind of network; that of CMSIS-NN (ONNC, heliaRT,
 * ExecuTorch, TFLM since 2021) is 1 and is what these figures stand for.
 */
export interface Cycles {
  /** Times what the costs of the classes say. */
  readonly scale: number;
  /** Cycles for each byte of weights, which come from flash once an inference (0.3 and 0.5: no measurement, a guess). */
  readonly fetch: number;
  /** How many were measured. */
  readonly chips: number;
  readonly heldOut: {
    /** Each network on each chip by a fit that has seen neither the chip nor the network; the level of the runtime is taken for 1. */
    readonly unknown: LatencyError | null;
    /** The same with the level of the runtime from other chips and networks. */
    readonly known: LatencyError | null;
    /** Stacks with CMSIS-NN: each network by a fit that has not seen the network, on any chip. */
    readonly cmsisNn: LatencyError | null;
  };
  readonly levels: readonly Level[];
}

/**
 * Float code on an FPU waits for each sum: ST MNIST float32 on STM32H747 takes 5.44 cycles for each MAC (stm32_model_zoo.csv), where
 * plain C executes 5 instructions.
 */
const FLOAT_FACTOR = 1.43;

/** Cycles of a layer by what is fitted for its core. */
export function layerCycles(
  { scale, fetch }: Cycles,
  { cost, instructions, assembly, fetched }: Work,
  chip: Target,
  clockMhz: number,
): number {
  const mix = mixOf(cost.kernel?.name ?? '');
  const compiled = unitsOf(chip.core, instructions - (assembly?.instructions ?? 0), mix);
  const listed = assembly ? byClass(CLASS_COSTS[chip.core], assembly.instructions, assembly.classes) : 0;
  // Wait states are those of the highest clock; a slower one needs fewer.
  const wait = chip.waitStates ? (1 + (chip.waitStates * clockMhz) / chip.clockMhz) / (1 + chip.waitStates) : 1;
  const slow = cost.kernel?.form === 'f32' && chip.fpu !== 'none' ? FLOAT_FACTOR : 1;
  return slow * scale * (compiled + listed) + fetch * wait * fetched;
}
