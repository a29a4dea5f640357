import { asEmitted } from '../c/layers.ts';
import { variantOf } from '../c/parts.ts';
import { bytesOf, sizeOf } from '../graph/graph.ts';
import { layerOf } from '../run/layers.ts';
import type { CoreName } from '../targets/index.ts';
import { type Generated, generated } from './generated.ts';
import { sizeOfText } from './generated_code.ts';
import { GENERATED_CODE, GENERATED_INSTRUCTIONS } from './generated_data.ts';
import { generatedFeatures, pathsOf } from './generated_features.ts';
import { type ChipGraph, tensorBytes } from './graph_cost.ts';
import { countedCore } from './instructions.ts';
import type { FlashBytes, RamBytes } from './memory.ts';

/** Figures of the C that Thumbnet writes. Memory and tables are the generator's own; instructions and code are models of what was counted. */
export interface GeneratedCost {
  /** By node of the graph; 0 where nothing runs, null where it computes with real numbers. */
  readonly instructions: readonly (number | null)[];
  readonly flash: FlashBytes;
  readonly ram: RamBytes;
}

/** For a product in plain C of a kernel that was not counted: the most of 14 to 21 that `verify` saw on cortex-m4. */
const PLAIN_PRODUCT = 21;

/** Figures of a graph's C on a core; null where a node computes with real numbers. */
export function generatedCost(chip: ChipGraph, core: CoreName): GeneratedCost | null {
  const variant = variantOf(core);
  const made = generated(chip, variant);
  if (!made) return null;
  const instructions: (number | null)[] = chip.graph.nodes.map(() => 0);
  const fitted = GENERATED_INSTRUCTIONS[countedCore(core)];
  made.network.layers.forEach(({ call, node }, i) => {
    if (!call) {
      instructions[node] = null;
      return;
    }
    const path = pathsOf(asEmitted(call), made.layers[i].functions).find((p) => fitted[p]);
    const features = generatedFeatures(call, variant);
    const counted = Object.entries(fitted[path ?? 'any']).reduce((n, [name, each]) => n + each * (features[name] ?? 0), 0);
    instructions[node] = counted + (path ? 0 : PLAIN_PRODUCT * (features.macs ?? 0));
  });
  return { instructions, flash: flashOf(chip, made, core), ram: ramOf(chip, made, core) };
}

function ramOf({ graph, operands }: ChipGraph, { network }: Generated, core: CoreName): RamBytes {
  const { arenaBytes: arena, stateBytes: state, optimal } = network;
  const edges = [...graph.inputs, ...graph.outputs];
  const io = edges.reduce((n, t) => n + bytesOf(operands[t].dtype, sizeOf(operands[t].shape)), 0);
  const { stack } = GENERATED_CODE[countedCore(core)];
  const byNode = graph.nodes.map(() => 0);
  for (const { node, liveBytes } of network.layers) byNode[node] = liveBytes + io + state;
  return { arena, state, io, stack, runtime: 0, total: arena + state + io + stack, byNode, optimal };
}

function flashOf(chip: ChipGraph, made: Generated, core: CoreName): FlashBytes {
  const parts = { weights: 0, biases: 0 };
  const seen = new Set<number>();
  for (const node of chip.graph.nodes) {
    const bias = layerOf(node)?.bias;
    for (const t of node.inputs) {
      if (t < 0 || !chip.graph.tensors[t].data || seen.has(t) || !chip.operands[t].quant) continue;
      seen.add(t);
      parts[t === bias ? 'biases' : 'weights'] += tensorBytes(chip, t);
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
  const sizes = functions.map((f) => sizeOfText(f.text));
  const sum = (part: 'assembly' | 'words') => sizes.reduce((n, size) => n + size[part], 0);
  return [sum('assembly'), sum('words'), network.layers.length, 1];
}

function codeBytes(made: Generated, core: CoreName): number {
  const { assembly, word, call, fixed } = GENERATED_CODE[countedCore(core)];
  const each = [assembly, word, call, fixed];
  return Math.round(codeFeatures(made).reduce((n, feature, i) => n + feature * each[i], 0));
}
