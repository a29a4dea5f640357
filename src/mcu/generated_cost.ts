import { asEmitted } from '../c/layers.ts';
import { type Call, type Trade, type Variant, variantOf } from '../c/parts.ts';
import { bytesOf, sizeOf } from '../graph/graph.ts';
import { layerOf } from '../run/layers.ts';
import type { CoreName } from '../targets/index.ts';
import { NO_CLASSES, plusClasses } from './assembly/classes.ts';
import { type CoefficientsOf, coefficientTable } from './coefficients.ts';
import { type Generated, type GeneratedLayer, generated } from './generated.ts';
import { codeSizeOf, type FittedCode } from './generated_code.ts';
import { GENERATED_CODE, GENERATED_INSTRUCTIONS, GENERATED_WORD } from './generated_data.ts';
import { type Executed, executedOf, tagsOf } from './generated_features.ts';
import { stackOf } from './generated_stack.ts';
import { type ChipGraph, tensorBytes } from './graph_cost.ts';
import type { FlashBytes, RamBytes } from './memory.ts';

/** Figures of the C that Thumbnet writes. Memory and tables are the generator's own; instructions and code are models of what was counted. */
export interface GeneratedCost {
  /** By node of the graph; 0 where nothing runs, null where it computes with real numbers. */
  readonly instructions: readonly (Executed | null)[];
  readonly flash: FlashBytes;
  readonly ram: RamBytes;
}

/** Figures of a graph's C on a core; null where a node computes with real numbers. */
export function generatedCost(chip: ChipGraph, core: CoreName, trade: Trade): GeneratedCost | null {
  const variant = variantOf(core);
  const made = generated(chip, { variant, trade });
  if (!made) return null;
  const instructions: (Executed | null)[] = chip.graph.nodes.map(() => NOTHING);
  made.network.layers.forEach(({ call, node }, i) => {
    // A node that runs in bands has a layer for each of them.
    const own = call && instructionsOf(asEmitted(call, trade), made.layers[i], variant);
    const before = instructions[node];
    instructions[node] = own && before && plusExecuted(before, own);
  });
  return { instructions, flash: flashOf(chip, made, core, trade), ram: ramOf(chip, made, core) };
}

const plusExecuted = (a: Executed, b: Executed): Executed => ({
  usual: a.usual + b.usual,
  most: a.most + b.most,
  assembly: a.assembly + b.assembly,
  classes: plusClasses(a.classes, b.classes, 1),
});

const NOTHING: Executed = { usual: 0, most: 0, assembly: 0, classes: NO_CLASSES };

const instructionsOf = (call: Call, { functions, walk }: GeneratedLayer, variant: Variant): Executed =>
  executedOf(walk(), tagsOf(call, functions, walk().loops), COEFFICIENTS[variant], GENERATED_WORD[variant]);

const COEFFICIENTS: Readonly<Record<Variant, CoefficientsOf>> = {
  thumb1: coefficientTable(GENERATED_INSTRUCTIONS.thumb1),
  plain: coefficientTable(GENERATED_INSTRUCTIONS.plain),
  dsp: coefficientTable(GENERATED_INSTRUCTIONS.dsp),
  mve: coefficientTable(GENERATED_INSTRUCTIONS.mve),
};

function ramOf({ graph, operands }: ChipGraph, made: Generated, core: CoreName): RamBytes {
  const { network } = made;
  const { arenaBytes: arena, stateBytes: state, optimal } = network;
  const edges = [...graph.inputs, ...graph.outputs];
  const io = edges.reduce((n, t) => n + bytesOf(operands[t].dtype, sizeOf(operands[t].shape)), 0);
  const stack = stackOf(made, variantOf(core));
  const byNode = graph.nodes.map(() => 0);
  for (const { node, liveBytes } of network.layers) byNode[node] = Math.max(byNode[node], liveBytes + io + state);
  const nodeOf = (layer: number) => network.layers[layer]?.node ?? 0;
  const blocks = network.blocks.map((b) => ({ ...b, first: nodeOf(b.first), last: nodeOf(b.last) }));
  return { arena, state, io, stack, runtime: 0, total: arena + state + io + stack, byNode, optimal, blocks };
}

function flashOf(chip: ChipGraph, made: Generated, core: CoreName, trade: Trade): FlashBytes {
  const parts = { weights: 0, biases: 0 };
  const { tensors } = chip.graph;
  /** As the C stores them. */
  const bytes = (t: number) =>
    chip.operands[t].dtype === 'i4' && trade !== 'flash' ? sizeOf(tensors[t].shape) : tensorBytes(chip, t);
  const seen = new Set<number>();
  const growth = new Map(made.network.layers.map(({ node, growth = 1 }) => [node, growth]));
  chip.graph.nodes.forEach((node, i) => {
    const bias = layerOf(node)?.bias;
    for (const t of node.inputs) {
      if (t < 0 || !tensors[t].data || seen.has(t) || !chip.operands[t].quant) continue;
      seen.add(t);
      if (t === bias) parts.biases += bytes(t);
      else parts.weights += Math.round(bytes(t) * (growth.get(i) ?? 1));
    }
  });
  const byNode = chip.graph.nodes.map(() => 0);
  made.network.layers.forEach(({ node }, i) => {
    byNode[node] = Math.max(byNode[node], made.layers[i].constantBytes);
  });
  const { weights, biases } = parts;
  const code = codeBytes(made, core);
  const tables = made.constantBytes - weights - biases;
  return { weights, biases, tables, code, runtime: 0, total: made.constantBytes + code, byNode };
}

/** Bytes of assembly, words of C by function, and calls of layers. */
export interface CodeFeatures {
  readonly assembly: number;
  readonly words: ReadonlyMap<string, number>;
  readonly calls: number;
}

export function codeFeatures({ functions, layers, network }: Generated, variant: Variant): CodeFeatures {
  const times = callsOf(layers, variant);
  const words = new Map<string, number>();
  let assembly = 0;
  for (const f of functions) {
    const size = codeSizeOf(f, variant);
    const copies = size.isInline ? (times.get(f.text) ?? 1) : 1;
    assembly += size.assembly * copies;
    if (size.words) words.set(size.base, (words.get(size.base) ?? 0) + size.words * copies);
  }
  return { assembly, words, calls: network.layers.length };
}

/** How often the functions of a code file call others, by text: names are a layer's own. */
function callsOf(layers: readonly GeneratedLayer[], variant: Variant): Map<string, number> {
  const times = new Map<string, number>();
  const seen = new Set<string>();
  for (const { functions } of layers) {
    const texts = new Map(functions.map((f) => [f.name, f.text]));
    for (const f of functions) {
      if (seen.has(f.text)) continue;
      seen.add(f.text);
      for (const called of codeSizeOf(f, variant).calls) {
        const text = texts.get(called);
        if (text) times.set(text, (times.get(text) ?? 0) + 1);
      }
    }
  }
  return times;
}

export const bytesOfCode = ({ assembly, words, calls }: CodeFeatures, fitted: Omit<FittedCode, 'heldOut' | 'stack'>): number =>
  [...words].reduce(
    (n, [base, count]) => n + count * (fitted.words[base] ?? fitted.word),
    assembly + calls * fitted.call + fitted.fixed,
  );

function codeBytes(made: Generated, core: CoreName): number {
  const variant = variantOf(core);
  return Math.round(bytesOfCode(codeFeatures(made, variant), GENERATED_CODE[variant]));
}
