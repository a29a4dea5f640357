import { asEmitted } from '../c/layers.ts';
import { type Call, type NamedText, type Trade, type Variant, variantOf } from '../c/parts.ts';
import { bytesOf, sizeOf } from '../graph/graph.ts';
import { layerOf } from '../run/layers.ts';
import type { CoreName } from '../targets/index.ts';
import { type Generated, generated } from './generated.ts';
import { codeSizeOf } from './generated_code.ts';
import { GENERATED_CODE, GENERATED_INSTRUCTIONS } from './generated_data.ts';
import { generatedFeatures, pathsOf, predicted } from './generated_features.ts';
import { type ChipGraph, tensorBytes } from './graph_cost.ts';
import type { FlashBytes, RamBytes } from './memory.ts';

/** Figures of the C that Thumbnet writes. Memory and tables are the generator's own; instructions and code are models of what was counted. */
export interface GeneratedCost {
  /** By node of the graph; 0 where nothing runs, null where it computes with real numbers. */
  readonly instructions: readonly (number | null)[];
  readonly flash: FlashBytes;
  readonly ram: RamBytes;
}

/** Figures of a graph's C on a core; null where a node computes with real numbers. */
export function generatedCost(chip: ChipGraph, core: CoreName, trade: Trade): GeneratedCost | null {
  const variant = variantOf(core);
  const made = generated(chip, { variant, trade });
  if (!made) return null;
  const instructions: (number | null)[] = chip.graph.nodes.map(() => 0);
  made.network.layers.forEach(({ call, node }, i) => {
    instructions[node] = call && instructionsOf(asEmitted(call, trade), made.layers[i].functions, variant);
  });
  return { instructions, flash: flashOf(chip, made, core, trade), ram: ramOf(chip, made, core) };
}

/** @throws Error for a family that was never counted; test/mcu/generated.test.ts holds that there is none */
function instructionsOf(call: Call, functions: readonly NamedText[], variant: Variant): number {
  const fitted = GENERATED_INSTRUCTIONS[variant];
  const path = pathsOf(call, functions).find((p) => fitted[p]);
  if (!path) throw new Error(`no instruction counts of the C of ${call.kernel}`);
  return predicted(fitted[path], generatedFeatures(call, variant));
}

function ramOf({ graph, operands }: ChipGraph, { network }: Generated, core: CoreName): RamBytes {
  const { arenaBytes: arena, stateBytes: state, optimal } = network;
  const edges = [...graph.inputs, ...graph.outputs];
  const io = edges.reduce((n, t) => n + bytesOf(operands[t].dtype, sizeOf(operands[t].shape)), 0);
  const { stack } = GENERATED_CODE[variantOf(core)];
  const byNode = graph.nodes.map(() => 0);
  for (const { node, liveBytes } of network.layers) byNode[node] = liveBytes + io + state;
  const nodeOf = (layer: number) => network.layers[layer]?.node ?? 0;
  const blocks = network.blocks.map((b) => ({ ...b, first: nodeOf(b.first), last: nodeOf(b.last) }));
  return { arena, state, io, stack, runtime: 0, total: arena + state + io + stack, byNode, optimal, blocks };
}

function flashOf(chip: ChipGraph, made: Generated, core: CoreName, trade: Trade): FlashBytes {
  const parts = { weights: 0, biases: 0 };
  const { tensors } = chip.graph;
  /** As the C stores them. */
  const bytes = (t: number) =>
    chip.operands[t].dtype === 'i4' && trade === 'speed' ? sizeOf(tensors[t].shape) : tensorBytes(chip, t);
  const seen = new Set<number>();
  for (const node of chip.graph.nodes) {
    const bias = layerOf(node)?.bias;
    for (const t of node.inputs) {
      if (t < 0 || !tensors[t].data || seen.has(t) || !chip.operands[t].quant) continue;
      seen.add(t);
      parts[t === bias ? 'biases' : 'weights'] += bytes(t);
    }
  }
  const byNode = chip.graph.nodes.map(() => 0);
  made.network.layers.forEach(({ node }, i) => {
    byNode[node] = made.layers[i].constantBytes;
  });
  const { weights, biases } = parts;
  const code = codeBytes(made, core);
  const tables = made.constantBytes - weights - biases;
  return { weights, biases, tables, code, runtime: 0, total: made.constantBytes + code, byNode };
}

/** Code of all functions by the length of their text, and of what calls them. */
export function codeFeatures({ functions, network }: Generated): [assembly: number, words: number, calls: number, file: number] {
  const sizes = functions.map(codeSizeOf);
  const sum = (part: 'assembly' | 'words') => sizes.reduce((n, size) => n + size[part], 0);
  return [sum('assembly'), sum('words'), network.layers.length, 1];
}

function codeBytes(made: Generated, core: CoreName): number {
  const { assembly, word, call, fixed } = GENERATED_CODE[variantOf(core)];
  const each = [assembly, word, call, fixed];
  return Math.round(codeFeatures(made).reduce((n, feature, i) => n + feature * each[i], 0));
}
