import { CompressError } from '../errors.ts';
import { planArena } from '../graph/arena.ts';
import { bytesOf, type Graph, type Node, producers, sizeOf } from '../graph/graph.ts';
import { type FloatCall, type PlacedOperand, rowOf, type Shape } from '../ops/index.ts';
import { createRandom } from '../random.ts';
import { inferShapes } from '../run/compile.ts';
import type { Draws } from '../wasm/dropout_f32.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';

export interface Constant {
  /** Index of the tensor in the graph. */
  readonly tensor: number;
  readonly value: HeapTensor;
}

export interface Parameter extends Constant {
  /** Gradient: added to by `backward`, cleared by the optimizer's step. */
  readonly gradient: HeapTensor;
  /** Scales of a fake quantization, which are learned (LSQ). */
  readonly stepSize: boolean;
}

/** Forward and backward pass of a float graph for one batch size; nothing is allocated while it runs. */
export interface TrainingProgram {
  readonly inputs: readonly PlacedOperand[];
  /** The gradient of the loss by each is cleared and filled by the caller between the passes. */
  readonly outputs: readonly Tap[];
  /** Inner tensors that a loss reads, as asked for; their gradients as the outputs'. */
  readonly taps: readonly Tap[];
  /** By tensor index of the graph. */
  readonly operands: readonly PlacedOperand[];
  readonly parameters: readonly Parameter[];
  /** @param step what is random (dropout) follows from its number */
  forward(step?: number): void;
  backward(): void;
  /** Every float constant: what training changes, and what stays. */
  readonly constants: readonly Constant[];
}

/** `gradient` is null where nothing that is trained comes before the tensor. */
export interface Tap {
  readonly value: PlacedOperand;
  readonly gradient: HeapTensor | null;
}

/** Names the random numbers of one training: each node has a stream of its own. */
export interface RandomSource {
  readonly seed: number;
  readonly purpose: string;
}

export interface TrainingOptions extends Partial<RandomSource> {
  /** Constants that are not trained. */
  readonly held?: ReadonlySet<number>;
  /** Tensors inside that a loss reads beside the outputs. */
  readonly taps?: readonly number[];
  /**
   * Whose gradients are wanted, if not the parameters': those of the taps, in the network as it answers. They are there until the next
   * pass, and nothing is trained.
   */
  readonly of?: 'taps';
}

/** Compiles `graph` for training: activations are kept, their gradients share an arena by lifetime. */
export function compileTraining(
  heap: Heap,
  graph: Graph,
  batch: number,
  { seed = 0, purpose = 'train', held = new Set(), taps = [], of }: TrainingOptions = {},
): TrainingProgram {
  const shapes = inferShapes(graph, batch);
  const operands = placeOperands(heap, graph, shapes);
  const counter = heap.tensor('i32', [1]);
  const calls = graph.nodes.map((node, i) => {
    const draws = of ? null : { seed: createRandom(seed, `${purpose}/node/${i}`).bits(), step: counter };
    return callOf(heap, node, operands, draws);
  });
  const forward = graph.nodes.map((node, i) => floatOf(node).forward(heap, calls[i]));
  const wanted = of ? behind(graph, taps) : wantedGradients(graph, held);
  const trained = of ? [] : [...parametersOf(graph, operands, held)];
  const parameters = trained.map(([tensor, stepSize]): Parameter => {
    return { tensor, stepSize, value: operands[tensor], gradient: heap.tensor('f32', shapes[tensor]) };
  });
  const ends = [...graph.outputs, ...taps];
  const gradients = placeGradients(heap, graph, shapes, wanted, ends, of ? taps : []);
  for (const p of parameters) gradients.set(p.tensor, p.gradient);
  const backward = backwardSteps(heap, graph, calls, gradients, ends);
  const tap = (t: number): Tap => ({ value: operands[t], gradient: gradients.get(t) ?? null });
  return {
    inputs: graph.inputs.map((t) => operands[t]),
    outputs: graph.outputs.map(tap),
    taps: taps.map(tap),
    operands,
    parameters,
    forward: (step = 0) => {
      heap.write(counter, [step]);
      for (let i = 0; i < forward.length; i++) forward[i]();
    },
    backward: () => {
      for (let i = 0; i < backward.length; i++) backward[i]();
    },
    constants: operands.flatMap((value, tensor) =>
      graph.tensors[tensor].data instanceof Float32Array ? [{ tensor, value }] : [],
    ),
  };
}

/** Each tensor in memory of its own: the backward pass reads them all. */
function placeOperands(heap: Heap, graph: Graph, shapes: readonly Shape[]): PlacedOperand[] {
  return graph.tensors.map((t, i): PlacedOperand => {
    const { ptr } = heap.tensor(t.dtype, shapes[i], t.data);
    return { shape: shapes[i], dtype: t.dtype, ptr, quant: null, data: t.data };
  });
}

function floatOf(node: Node) {
  const { float } = rowOf(node.op);
  if (float) return float;
  throw new CompressError(
    'unsupported',
    `"${node.name}" (${node.op}) has no float form, so the network cannot be trained`,
    'leave out the stages that train, or give the float model',
  );
}

function callOf(heap: Heap, node: Node, operands: readonly PlacedOperand[], draws: Draws | null): FloatCall<unknown> {
  const x = node.inputs.map((t) => (t < 0 ? null : operands[t]));
  const shapes = x.map((o) => o?.shape ?? null);
  const saved = (floatOf(node).saves?.(shapes, node.attrs) ?? []).map((shape) => heap.tensor('f32', shape));
  return { x, y: node.outputs.map((t) => operands[t]), attrs: node.attrs, training: draws !== null, draws, saved };
}

/** Constants that some row trains, in the order of their first use, and whether they are step sizes. */
function parametersOf(graph: Graph, operands: readonly PlacedOperand[], held: ReadonlySet<number>): Map<number, boolean> {
  const found = new Map<number, boolean>();
  const by = producers(graph);
  for (const node of graph.nodes) {
    for (const place of rowOf(node.op).trainable) {
      const t = node.inputs[place] ?? -1;
      // A weight that is rounded first is trained through its rounding.
      const source = t >= 0 && !operands[t].data ? weightBehind(graph.nodes[by[t]]) : t;
      if (source < 0 || held.has(source) || !(operands[source].data instanceof Float32Array)) continue;
      found.set(source, node.op === 'fakeQuantize');
    }
  }
  return found;
}

/** What a node rounds; -1 where it is no rounding. */
const weightBehind = (by: Node | undefined): number => (by?.op === 'fakeQuantize' ? by.inputs[0] : -1);

/** Tensors through which a gradient must pass: computed ones that depend on a parameter. */
function wantedGradients(graph: Graph, held: ReadonlySet<number>): Uint8Array {
  const wanted = new Uint8Array(graph.tensors.length);
  for (const node of graph.nodes) {
    const row = rowOf(node.op);
    const own = node.op === 'fakeQuantize' && graph.tensors[node.inputs[0]].data !== null;
    const trains = own || row.trainable.some((place) => (node.inputs[place] ?? -1) >= 0 && !held.has(node.inputs[place]));
    if (trains || node.inputs.some((t) => t >= 0 && wanted[t])) for (const t of node.outputs) wanted[t] = 1;
  }
  return wanted;
}

/** The tensors of `from`, and those that depend on them. */
function behind(graph: Graph, from: readonly number[]): Uint8Array {
  const found = new Uint8Array(graph.tensors.length);
  for (const t of from) found[t] = 1;
  for (const { inputs, outputs } of graph.nodes)
    if (inputs.some((t) => t >= 0 && found[t])) for (const t of outputs) found[t] = 1;
  return found;
}

/** Gradients of activations live from the last consumer's backward step (of `ends`: from the loss) to the producer's; of `kept` to the end. */
function placeGradients(
  heap: Heap,
  graph: Graph,
  shapes: readonly Shape[],
  wanted: Uint8Array,
  ends: readonly number[],
  kept: readonly number[],
): Map<number, HeapTensor> {
  const end = graph.nodes.length;
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  graph.nodes.forEach((node, i) => {
    for (const t of node.inputs) if (t >= 0 && wanted[t]) first.set(t, end - i);
    for (const t of node.outputs) {
      if (!wanted[t]) continue;
      last.set(t, end - i);
      first.set(t, end - i); // until a consumer is found
    }
  });
  for (const t of ends) first.set(t, 0);
  for (const t of kept) last.set(t, end + 1);
  const tensors = [...first.keys()].filter((t) => wanted[t]);
  const arena = planArena(
    tensors.map((t) => ({ bytes: bytesOf('f32', sizeOf(shapes[t])), first: first.get(t)!, last: last.get(t)! })),
    { align: 64 },
  );
  const base = heap.alloc(arena.bytes);
  return new Map(tensors.map((t, i) => [t, { dtype: 'f32', shape: shapes[t], ptr: base + arena.offsets[i] }]));
}

function backwardSteps(
  heap: Heap,
  graph: Graph,
  calls: readonly FloatCall<unknown>[],
  gradients: Map<number, HeapTensor>,
  ends: readonly number[],
): Step[] {
  const steps: Step[] = [];
  const cleared = new Set<number>(ends);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    const { backward, clears = [] } = floatOf(node);
    const dy = node.outputs.map((t) => gradients.get(t));
    const dx = node.inputs.map((t) => (t < 0 ? null : (gradients.get(t) ?? null)));
    if (!backward || dy.some((d) => !d) || dx.every((d) => !d)) continue;
    const fresh = node.inputs.map((t, place) => {
      const d = gradients.get(t);
      if (!d || graph.tensors[t].data || cleared.has(t)) return false;
      cleared.add(t);
      if (clears.includes(place)) return true;
      steps.push(() => heap.clear(d));
      return false;
    });
    // A result without consumers passes no gradient back.
    for (const t of node.outputs) if (!cleared.has(t)) steps.push(() => heap.clear(gradients.get(t)!));
    steps.push(backward(heap, { ...calls[i], dy: dy as HeapTensor[], dx, fresh }));
  }
  return steps;
}

/** A copy of the values that constants have now. */
export const valuesOf = (heap: Heap, constants: readonly Constant[]): Map<number, Float32Array> =>
  new Map(constants.map(({ tensor, value }) => [tensor, heap.read(value) as Float32Array]));
