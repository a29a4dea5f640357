import { aliases, withEdgesOutside } from '../c/network.ts';
import { planArena } from '../graph/arena.ts';
import type { Node } from '../graph/graph.ts';
import { type Block, blocksOf, lifetimesOf } from '../graph/lifetimes.ts';
import { type Cost, rowOf } from '../ops/index.ts';
import { layerOf } from '../run/layers.ts';
import type { CoreName } from '../targets/index.ts';
import type { Runtime } from '../targets/runtime.ts';
import { CODE } from './code_data.ts';
import { type ChipGraph, tensorBytes } from './graph_cost.ts';
import { countedCore } from './instructions.ts';

/** Bytes of RAM. Scratch lies in the arena, alive only while its kernel runs. */
export interface RamBytes {
  readonly arena: number;
  /** State kept from call to call. */
  readonly state: number;
  /** Inputs and outputs that the caller holds; 0 where they lie in the arena. */
  readonly io: number;
  readonly stack: number;
  /** Structures of the runtime itself. */
  readonly runtime: number;
  readonly total: number;
  /** What is alive while each node runs, its scratch included. */
  readonly byNode: readonly number[];
  /** Whether no smaller arena exists. */
  readonly optimal: boolean;
  /** What lies in the arena, from which node to which. */
  readonly blocks: readonly Block[];
}

/** CMSIS-NN's deepest chain on M4 takes 592 bytes; the rest is the caller's and one interrupt frame's. An interpreter needs more. */
const STACK: Readonly<Record<Runtime, number>> = { thumbnet: 1024, 'cmsis-nn': 1024, tflm: 2048 };

/**
 * What TFLite Micro keeps for good in its arena: fitted on its recording allocator's figures for person_detect (31 nodes,
 * 89 tensors, 2738 channels: 29140 bytes), tflite-micro 01dee38, docs/memory_management.
 */
const TFLM = { tensor: 12, node: 32 + 128, channel: 8, interpreter: 512 };

export function ramOf(chip: ChipGraph, costs: readonly Cost[], runtime: Runtime): RamBytes {
  const { graph } = chip;
  const interpreted = runtime === 'tflm';
  const root = aliases(graph);
  const isSame = ({ op, inputs, outputs }: Node) => rowOf(op).memory === 'view' && root[inputs[0]] === root[outputs[0]];
  const idle = (node: Node) => (isSame(node) ? { ...node, inputs: [], outputs: [] } : node);
  const planned = interpreted ? graph : withEdgesOutside(graph, root, graph.nodes.map(idle));
  const lifetimes = lifetimesOf(planned, {
    bytes: (t) => tensorBytes(chip, t),
    memory: (node) => {
      const { memory } = rowOf(node.op);
      return interpreted && memory === 'in-place' ? 'fresh' : memory;
    },
  });
  const { buffers } = lifetimes;
  const scratch = costs.flatMap(({ scratchBytes: bytes }, step) =>
    bytes ? [{ name: `scratch of ${graph.nodes[step].name}`, bytes, first: step, last: step }] : [],
  );
  const all = [...buffers, ...scratch];
  const arena = planArena(all);
  const state = graph.tensors.reduce((n, t, i) => n + (t.variable ? tensorBytes(chip, i) : 0), 0);
  const edges = interpreted ? [] : [...graph.inputs, ...graph.outputs];
  const io = edges.reduce((n, t) => n + tensorBytes(chip, t), 0);
  const byNode = graph.nodes.map((_, step) =>
    all.reduce((n, b) => n + (b.first <= step && b.last >= step ? b.bytes : 0), io + (interpreted ? 0 : state)),
  );
  const stack = STACK[runtime];
  const own = interpreted ? interpreterBytes(chip, costs) : 0;
  return {
    arena: arena.bytes,
    state,
    io,
    stack,
    runtime: own,
    total: arena.bytes + state + io + stack + own,
    byNode,
    optimal: arena.optimal,
    blocks: blocksOf(graph, lifetimes, scratch, arena.offsets),
  };
}

function interpreterBytes(chip: ChipGraph, costs: readonly Cost[]): number {
  const channels = costs.reduce((n, { multipliers }) => n + (multipliers > 1 ? multipliers : 0), 0);
  return (
    TFLM.interpreter + TFLM.tensor * chip.graph.tensors.length + TFLM.node * chip.graph.nodes.length + TFLM.channel * channels
  );
}

export interface FlashBytes {
  readonly weights: number;
  readonly biases: number;
  /** Multipliers and shifts, int32 each. */
  readonly tables: number;
  readonly code: number;
  /** Start-up, glue and constants; for TFLite Micro the interpreter and what the file holds beside weights. */
  readonly runtime: number;
  readonly total: number;
  readonly byNode: readonly number[];
}

/** Glue of generated C: start-up, and for each node a call with its constants. */
const GLUE = { fixed: 1024, node: 120 };
/**
 * TFLite Micro: interpreter, allocator and flatbuffer code (16 KiB of core by its authors, more with each operator's glue), and what a
 * file holds beside constants (names, shapes, options, scales: fitted on Thumbnet's exports of ten published networks).
 */
const INTERPRETER = { fixed: 16 * 1024, operator: 1200, file: 750, tensor: 64, quantized: 40, scale: 12 };
/** Plain C loops of a float operator. */
const FLOAT_KERNEL_BYTES = 600;
export function flashOf(chip: ChipGraph, costs: readonly Cost[], runtime: Runtime, core: CoreName): FlashBytes {
  const { graph } = chip;
  const seen = new Set<number>();
  const parts = { weights: 0, biases: 0, tables: 0 };
  const byNode = graph.nodes.map((node, i) => {
    if (!costs[i].kernel) return 0;
    const before = parts.weights + parts.biases + parts.tables;
    const bias = layerOf(node)?.bias;
    for (const t of node.inputs) {
      if (t < 0 || !graph.tensors[t].data || seen.has(t)) continue;
      seen.add(t);
      parts[t === bias ? 'biases' : 'weights'] += tensorBytes(chip, t);
    }
    parts.tables += 8 * costs[i].multipliers;
    return parts.weights + parts.biases + parts.tables - before;
  });
  const { weights, biases, tables } = parts;
  const code = codeBytes(chip, costs, core);
  const own = runtimeBytes(chip, costs, runtime);
  const kept = runtime === 'tflm' ? 0 : tables; // TFLite Micro computes them into RAM
  return { weights, biases, tables: kept, code, runtime: own, total: weights + biases + kept + code + own, byNode };
}

function codeBytes({ graph }: ChipGraph, costs: readonly Cost[], core: CoreName): number {
  const { bytes, kernels } = CODE[countedCore(core)];
  const functions = new Set<number>();
  const floats = new Set<string>();
  const tables = new Map<string, number>();
  costs.forEach((c, i) => {
    if (!c.kernel) return;
    const { name, form } = c.kernel;
    if (form === 'f32') floats.add(graph.nodes[i].op);
    else for (const f of kernels[`${name}_${form}`] ?? kernels[`${name}_s8`] ?? []) functions.add(f);
    if (c.table) tables.set(c.table.shared ? name : graph.nodes[i].name, c.table.bytes);
  });
  const code = [...functions].reduce((n, f) => n + bytes[f], 0) + FLOAT_KERNEL_BYTES * floats.size;
  return [...tables.values()].reduce((n, b) => n + b, code);
}

function runtimeBytes({ graph, operands }: ChipGraph, costs: readonly Cost[], runtime: Runtime): number {
  const computed = costs.filter((c) => c.kernel).length;
  if (runtime !== 'tflm') return GLUE.fixed + GLUE.node * computed;
  const operators = new Set(graph.nodes.map((n) => n.op)).size;
  const file = graph.tensors.reduce(
    (n, t, i) =>
      n +
      t.name.length +
      INTERPRETER.tensor +
      (operands[i].dtype === 'f32' ? 0 : INTERPRETER.quantized) +
      INTERPRETER.scale * (t.quant?.scales.length ?? 0),
    INTERPRETER.file,
  );
  return INTERPRETER.fixed + INTERPRETER.operator * operators + file;
}
