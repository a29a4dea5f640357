import { TRADES, type Trade, USUAL_TRADE } from '../c/parts.ts';
import { runGraph } from '../c/run_graph.ts';
import { frontEndIn } from '../data/index.ts';
import { CompressError, checkOptionNames } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { findTarget, type Target } from '../targets/index.ts';
import { RUNTIMES, type Runtime } from '../targets/runtime.ts';
import { CYCLES } from './cycle_data.ts';
import { cycleModel } from './cycle_model.ts';
import type { Cycles } from './cycles.ts';
import { type FrontEndProfile, profileFrontEnd } from './front_end.ts';
import { generatedCost } from './generated_cost.ts';
import { type Assumed, type ChipGraph, costsOf, onChip, tensorBytes, weightBytes } from './graph_cost.ts';
import { heldOutErrors } from './held_out.ts';
import { instructionsOf } from './instructions.ts';
import type { Measured } from './measured.ts';
import { type FlashBytes, flashOf, type RamBytes, ramOf } from './memory.ts';
import { milliwattPerMhz, VENDOR_FACTOR } from './power.ts';
import { quirksOn } from './quirks.ts';

export interface ProfileOptions {
  readonly runtime?: Runtime;
  /** The chip's highest clock unless given. */
  readonly clockMhz?: number;
  /** Takes float tensors without a quantization record for integers of these bits: what a candidate will cost before it is quantized. */
  readonly assume?: Assumed;
  /** What the C that Thumbnet writes stores weights of 4 bits for. Default: `balanced`. */
  readonly trade?: Trade;
  /** What an export's example took on a chip; the figures of that chip are corrected by it (`checkMeasured` first). */
  readonly measured?: Measured;
}

export interface LayerProfile {
  readonly name: string;
  readonly op: string;
  /** Multiply-accumulates of the definition. */
  readonly macs: number;
  readonly instructions: number;
  /** Where data decides which way branches go: the most. */
  readonly worstInstructions: number;
  readonly cycles: number;
  readonly latencyMs: number;
  /** Weights, bias, multipliers and shifts. */
  readonly flashBytes: number;
  /** Alive while it runs, scratch included. */
  readonly ramBytes: number;
}

/** Relative error on data that the fit has not seen; median and p90 are null where there is none. */
export interface HeldOut {
  readonly mean?: number;
  readonly median: number | null;
  readonly p90: number | null;
  readonly count: number;
  /** Of what, and what the fit knew; else why it is not known. */
  readonly condition: string;
}

/** How far off figures are. */
export interface HeldOutErrors {
  readonly instructions: HeldOut;
  readonly latency: HeldOut;
  /** Of energy where both were measured; else of the power alone, and the error of the latency comes on top. */
  readonly energy: HeldOut;
  readonly flash: HeldOut;
  readonly ram: HeldOut;
}

/** Bytes, ms and µJ; of one inference. */
export interface Profile {
  readonly target: string;
  readonly core: string;
  readonly clockMhz: number;
  readonly runtime: Runtime;
  readonly flashBytes: number;
  readonly ramBytes: number;
  readonly latencyMs: number;
  readonly energyUj: number;
  readonly macs: number;
  /** Of the model itself, whatever a runtime stores. */
  readonly weightBytes: number;
  readonly instructions: number;
  /** Where data decides which way branches go: the most. */
  readonly worstInstructions: number;
  readonly cycles: number;
  readonly layers: readonly LayerProfile[];
  /** What makes the input of samples, where the model's file names it and the runtime's C has it; the figures above hold it. */
  readonly frontEnd: FrontEndProfile | null;
  readonly fits: { readonly flash: boolean; readonly ram: boolean };
  readonly flash: Omit<FlashBytes, 'byNode'> & { readonly frontEnd: number };
  readonly ram: Omit<RamBytes, 'byNode'> & { readonly frontEnd: number };
  /** The layer while which most RAM is in use; null for a graph without layers. */
  readonly peakLayer: string | null;
  /** Set where cycles, latency and energy are corrected by what was measured on the chip. */
  readonly measured: Correction | null;
  readonly heldOutError: HeldOutErrors;
  /** Latency of other runtimes beside this one, by published networks on this core. */
  readonly levels: Cycles['levels'];
  readonly warnings: readonly string[];
}

/**
 * Flash, RAM, latency and energy of a graph on a chip: integer graphs, float graphs, and float graphs that are to become integer.
 *
 * @throws CompressError `unknown-target` for a name that no chip has, `bad-option` for a runtime, a trade or a clock that cannot be
 */
export function profile(given: Graph, target: Target | string, options: ProfileOptions = {}): Profile {
  const chip = typeof target === 'string' ? findTarget(target) : target;
  checkOptionNames(options, ['runtime', 'clockMhz', 'assume', 'trade', 'measured'], 'profile');
  const { runtime = 'thumbnet', clockMhz = chip.clockMhz, trade = USUAL_TRADE } = options;
  checkChoice('runtime', runtime, RUNTIMES);
  checkChoice('trade', trade, TRADES);
  checkClock(chip, clockMhz);
  const graph = runGraph(given, runtime);
  const held = onChip(graph, options.assume);
  const costs = costsOf(held, chip.kind);
  const own = runtime === 'thumbnet' ? generatedCost(held, chip.core, trade) : null;
  const { byNode: ramByNode, ...networkRam } = own?.ram ?? ramOf(held, costs, runtime);
  const { byNode: flashByNode, ...networkFlash } = own?.flash ?? flashOf(held, costs, runtime, chip.core);
  const model = cycleModel(chip.core, runtime);
  const attached = frontEndIn(graph);
  const front = attached && runtime !== 'tflm' ? profileFrontEnd(attached, model, chip, clockMhz) : null;
  const [flash, ram] = [withPart(networkFlash, front?.flashBytes ?? 0), withPart(networkRam, front?.ramBytes ?? 0)];
  const modelled = graph.nodes.map(({ name, op }, i): LayerProfile => {
    const executed = own?.instructions[i];
    const instructions = Math.round(executed?.usual ?? instructionsOf(costs[i], chip.core));
    const worstInstructions = Math.round(executed?.most ?? instructions);
    const fetched = constantBytes(held, i);
    const assembly = executed ? { instructions: executed.assembly, classes: executed.classes } : undefined;
    const cycles = Math.round(model.cyclesOf({ cost: costs[i], instructions, assembly, fetched }, chip, clockMhz));
    const latencyMs = cycles / (1000 * clockMhz);
    const { macs } = costs[i];
    const memory = { flashBytes: flashByNode[i], ramBytes: ramByNode[i] };
    return { name, op, macs, instructions, worstInstructions, cycles, latencyMs, ...memory };
  });
  const correction = options.measured?.target === chip.name ? correctionOf(modelled, options.measured) : null;
  const layers = correction ? modelled.map((l) => corrected(l, correction.times, clockMhz)) : modelled;
  const sum = (of: (l: LayerProfile) => number) => layers.reduce((n, l) => n + of(l), 0);
  const cycles = sum((l) => l.cycles) + (front?.cycles ?? 0);
  const instructions = front?.instructions ?? 0;
  const latencyMs = cycles / (1000 * clockMhz);
  return {
    target: chip.name,
    core: chip.core,
    clockMhz,
    runtime,
    flashBytes: flash.total,
    ramBytes: ram.total,
    latencyMs,
    energyUj: latencyMs * milliwattPerMhz(chip) * clockMhz,
    macs: sum((l) => l.macs),
    weightBytes: weightBytes(held),
    instructions: sum((l) => l.instructions) + instructions,
    worstInstructions: sum((l) => l.worstInstructions) + instructions,
    cycles,
    layers,
    frontEnd: front,
    fits: { flash: flash.total <= chip.flashBytes, ram: ram.total <= chip.ramBytes },
    flash,
    ram,
    peakLayer: peakOf(layers),
    measured: correction,
    heldOutError: heldOutErrors(chip, runtime, own !== null),
    levels: CYCLES[chip.core].levels,
    warnings: [
      ...warningsOf(held, chip, own !== null, correction),
      ...(attached && !front
        ? [`the front end "${attached.facts.features}" is not in these figures: TFLite Micro runs the network alone`]
        : []),
    ],
  };
}

const withPart = <T extends { readonly total: number }>(of: T, frontEnd: number): T & { readonly frontEnd: number } => ({
  ...of,
  frontEnd,
  total: of.total + frontEnd,
});

/** How the cycles that were measured stand to those of the model. */
export interface Correction {
  readonly cycles: number;
  readonly examples: number;
  /** What the model said. */
  readonly modelled: number;
  readonly times: number;
}

function correctionOf(layers: readonly LayerProfile[], { cycles, examples }: Measured): Correction {
  const modelled = layers.reduce((n, l) => n + l.cycles, 0);
  return { cycles, examples, modelled, times: modelled ? cycles / modelled : 1 };
}

function corrected(layer: LayerProfile, times: number, clockMhz: number): LayerProfile {
  const cycles = Math.round(layer.cycles * times);
  return { ...layer, cycles, latencyMs: cycles / (1000 * clockMhz) };
}

const peakOf = (layers: readonly LayerProfile[]): string | null =>
  layers.reduce<LayerProfile | null>((most, l) => (most && most.ramBytes >= l.ramBytes ? most : l), null)?.name ?? null;

function checkChoice(name: string, value: string, known: readonly string[]) {
  if (!known.includes(value)) {
    throw new CompressError('bad-option', `${name} "${value}" is not known`, `choose one of ${known.join(', ')}`);
  }
}

function checkClock(chip: Target, clockMhz: number) {
  if (!(clockMhz > 0 && clockMhz <= chip.clockMhz)) {
    throw new CompressError(
      'bad-option',
      `a clock of ${clockMhz} MHz is beyond ${chip.name}, whose core runs at up to ${chip.clockMhz} MHz`,
      `give a number of MHz above 0 and up to ${chip.clockMhz}`,
    );
  }
}

/** Bytes of constants that a node reads, from flash, once an inference. */
function constantBytes(chip: ChipGraph, i: number): number {
  return chip.graph.nodes[i].inputs.reduce((n, t) => (t >= 0 && chip.operands[t].data ? n + tensorBytes(chip, t) : n), 0);
}

function warningsOf(held: ChipGraph, chip: Target, isOwn: boolean, correction: Correction | null): string[] {
  const warnings = (isOwn ? [] : quirksOn(held, chip.kind)).map(
    ({ node, quirk, what }) => `"${node}" hits the CMSIS-NN defect ${quirk} on ${chip.core}: ${what}`,
  );
  const { graph, operands } = held;
  if (graph.nodes.some((n) => operands[n.outputs[0]].dtype === 'f32')) {
    const how = chip.fpu === 'none' ? 'software floating point' : 'plain C on the FPU';
    warnings.push(`float layers are counted as ${how}: an estimate; quantize to get the integer kernels' figures`);
  }
  const { chips } = CYCLES[chip.core];
  if (chips < 2 && !correction)
    warnings.push(`latency on ${chip.core} rests on measurements of one chip: it may be far off on another`);
  if (isOwn && !correction) {
    warnings.push(
      `the C that Thumbnet writes was never timed on a chip: its instructions are taken by class for as fast on ${chip.core} as those of CMSIS-NN`,
    );
  }
  if (chip.microampPerMhz === null) {
    warnings.push(`run current of ${chip.name} is not known; energy uses the median of the chips with its core`);
  }
  if (chip.power === 'vendor') {
    warnings.push(
      `energy uses the vendor's run current of ${chip.name} times ${VENDOR_FACTOR}, what measured chips took in the median`,
    );
  }
  return warnings;
}
