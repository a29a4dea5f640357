import { batchInto, type Dataset, planBatch } from '../data/index.ts';
import { type Graph, type Node, sizeOf, type Tensor, withTensors } from '../graph/graph.ts';
import { createRandom, permutation } from '../random.ts';
import { channelCount, channelsOf, type Cut } from '../run/channels.ts';
import { compile, isBatchable } from '../run/compile.ts';
import type { Heap } from '../wasm/heap.ts';
import { solve } from './solve.ts';

const EXAMPLES = 128;
const BATCH = 16;
/** Places looked at in one tensor, evenly taken. */
const ROWS = 8192;
/** More channels than that (flattened pictures) are not worth their matrix. */
const MOST_CHANNELS = 512;
/** Share of the mean variance added to the diagonal. */
const RIDGE = 1e-3;

/**
 * The graph before a cut, with what the doomed channels contributed handed to the ones that stay: each doomed channel x_r is written
 * as b + sum of a_k x_k by least squares over data, and the layers that read it take a_k into their weights and b into their bias
 * (after He, Zhang and Sun, "Channel Pruning for Accelerating Very Deep Neural Networks", 2017).
 */
export function reconstruct(heap: Heap, graph: Graph, cut: Cut, data: Dataset, seed: number): Graph {
  const readers = graph.nodes.filter((node) => channelsOf(graph, node).kind === 'mix' && isWorthIt(graph, node, cut));
  if (readers.length === 0) return graph;
  const moments = momentsOf(heap, graph, [...new Set(readers.map((n) => n.inputs[0]))], data, seed);
  const changes = new Map<number, Tensor>();
  const uses = new Map<number, number>();
  for (const t of graph.nodes.flatMap((n) => n.inputs)) uses.set(t, (uses.get(t) ?? 0) + 1);
  for (const node of readers) {
    const [x, w, bias = -1] = node.inputs;
    if (uses.get(w)! > 1 || (bias >= 0 && uses.get(bias)! > 1)) continue;
    const channels = channelsOf(graph, node);
    if (channels.kind !== 'mix') continue;
    const axis = channels.in.find(([operand]) => operand === 1)?.[1];
    if (axis === undefined || !graph.tensors[w].data) continue;
    const hasBias = bias >= 0 && graph.tensors[bias].data !== null;
    const replacement = regress(moments.get(x)!, cut.get(x)!, hasBias);
    const { weights, shift } = handOver(graph.tensors[w], axis, replacement);
    changes.set(w, { ...graph.tensors[w], data: weights });
    if (hasBias) {
      const values = graph.tensors[bias].data as Float32Array;
      changes.set(bias, { ...graph.tensors[bias], data: values.map((b, i) => b + shift[i]) });
    }
  }
  return withTensors(graph, changes);
}

function isWorthIt(graph: Graph, node: Node, cut: Cut): boolean {
  const goes = cut.get(node.inputs[0]);
  return (
    goes?.includes(1) === true && goes.includes(0) && goes.length <= MOST_CHANNELS && graph.tensors[node.inputs[0]].data === null
  );
}

/** Sums over places: products of channels, row by row, the last row and column being those of the constant 1. */
interface Moments {
  readonly channels: number;
  readonly sums: Float64Array;
}

function momentsOf(heap: Heap, graph: Graph, tensors: readonly number[], data: Dataset, seed: number): Map<number, Moments> {
  const part = data.train ?? data.validation!;
  const order = permutation(part.count, createRandom(seed, 'prune/reconstruct')).subarray(0, EXAMPLES);
  return heap.scope(() => {
    const batch = isBatchable(graph) ? Math.min(BATCH, order.length) : 1;
    const program = compile(heap, graph, { batch, keepAll: true });
    const plan = planBatch(data, graph.tensors[graph.inputs[0]]);
    const input = plan.create(batch);
    const moments = new Map(
      tensors.map((t) => {
        const channels = channelCount(graph.tensors[t].shape);
        return [t, { channels, sums: new Float64Array((channels + 1) ** 2) }];
      }),
    );
    for (let at = 0; at + batch <= order.length; at += batch) {
      batchInto(plan, part, order.subarray(at, at + batch), input);
      heap.write(program.inputs[0], input);
      program.run();
      for (const [t, m] of moments) addPlaces(m, heap.read(program.operands[t]) as Float32Array, order.length / batch);
    }
    return moments;
  });
}

function addPlaces({ channels, sums }: Moments, values: Float32Array, batches: number): void {
  const places = values.length / channels;
  const step = Math.max(1, Math.floor((places * batches) / ROWS));
  const n = channels + 1;
  for (let p = 0; p < places; p += step) {
    const row = p * channels;
    for (let i = 0; i < channels; i++) {
      const v = values[row + i];
      if (v === 0) continue;
      for (let j = 0; j <= i; j++) sums[i * n + j] += v * values[row + j];
      sums[channels * n + i] += v;
    }
    sums[channels * n + channels]++;
  }
}

/** For each doomed channel its share of each channel that stays, and its constant. */
interface Replacement {
  readonly stays: readonly number[];
  readonly goes: readonly number[];
  /** [goes][stays]. */
  readonly shares: readonly Float64Array[];
  readonly constants: Float64Array;
}

function regress({ channels, sums }: Moments, cut: Uint8Array, constant: boolean): Replacement {
  const n = channels + 1;
  const at = (i: number, j: number) => (i >= j ? sums[i * n + j] : sums[j * n + i]);
  const stays = [...cut.keys()].filter((c) => !cut[c]);
  const goes = [...cut.keys()].filter((c) => cut[c]);
  const known = constant ? [...stays, channels] : stays;
  let trace = 0;
  for (const c of stays) trace += at(c, c);
  const ridge = (RIDGE * trace) / stays.length + 1e-12;
  const matrix = known.map((i) => Float64Array.from(known, (j) => at(i, j) + (i === j && i !== channels ? ridge : 0)));
  const solutions = solve(
    matrix,
    goes.map((r) => Float64Array.from(known, (i) => at(i, r))),
  );
  return {
    stays,
    goes,
    shares: solutions.map((s) => s.subarray(0, stays.length)),
    constants: Float64Array.from(solutions, (s) => (constant ? s[stays.length] : 0)),
  };
}

/** Weights with the doomed inputs' parts moved to the ones that stay; `shift` is what each output's bias gains. */
function handOver({ data, shape }: Tensor, axis: number, r: Replacement): { weights: Float32Array; shift: Float64Array } {
  const weights = Float64Array.from(data as Float32Array);
  const inner = sizeOf(shape.slice(axis + 1));
  const depth = shape[axis];
  const shift = new Float64Array(shape[0]);
  const perOutput = weights.length / shape[0];
  for (let start = 0; start < weights.length; start += depth * inner) {
    for (let i = 0; i < inner; i++) {
      r.goes.forEach((gone, g) => {
        const w = weights[start + gone * inner + i];
        r.stays.forEach((stay, s) => {
          weights[start + stay * inner + i] += w * r.shares[g][s];
        });
        shift[Math.floor(start / perOutput)] += w * r.constants[g];
      });
    }
  }
  return { weights: Float32Array.from(weights), shift };
}
