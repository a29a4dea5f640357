import { CompressError } from '../errors.ts';
import { type Graph, isInteger, type Node, newValues, sizeOf, type Tensor, type Values } from '../graph/graph.ts';
import { type PlacedOperand, rowOf, type Shape } from '../ops/index.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { stepOf } from './kernel_step.ts';
import { lowered } from './lower.ts';
import { placeActivations } from './place.ts';

export interface CompileOptions {
  /** Examples in one run; the graph's leading dimension is replaced by it. */
  batch?: number;
  /** Every tensor keeps memory of its own, so that all can be read after a run. */
  keepAll?: boolean;
}

export interface NodeStep {
  readonly node: Node;
  readonly step: Step;
  /** What a float form leaves beside its outputs. */
  readonly saved: readonly HeapTensor[];
}

/** A graph compiled for a heap and a batch size: running it allocates nothing and looks nothing up. */
export interface Program {
  readonly graph: Graph;
  readonly batch: number;
  readonly inputs: readonly PlacedOperand[];
  readonly outputs: readonly PlacedOperand[];
  /** By tensor index of the graph; with `keepAll` every one holds its values after a run. */
  readonly operands: readonly PlacedOperand[];
  /** One for each node that computes something, in order. */
  readonly steps: readonly NodeStep[];
  run(): void;
  /** State (LSTM, SVDF) as it is at the beginning: the number 0 (TFLite's ResetVariableTensors). */
  reset(): void;
}

/** Whether `graph` can be run for several examples at once: no state, and every input leads with a batch of 1. */
export function isBatchable(graph: Graph): boolean {
  if (graph.nodes.some((n) => n.inputs.some((t) => graph.tensors[t]?.variable))) return false;
  if (!graph.inputs.every((i) => graph.tensors[i].shape[0] === 1)) return false;
  try {
    const shapes = inferShapes(graph, 2);
    return graph.outputs.every((o) => shapes[o][0] === 2);
  } catch {
    return false;
  }
}

/** Shape of every tensor when `batch` examples run at once. */
export function inferShapes(graph: Graph, batch: number): Shape[] {
  const shapes: Shape[] = graph.tensors.map((t) => t.shape);
  if (batch !== 1) for (const i of graph.inputs) shapes[i] = [batch, ...shapes[i].slice(1)];
  for (const node of graph.nodes) {
    const found = rowOf(node.op).infer(
      node.inputs.map((t) => (t < 0 ? null : shapes[t])),
      node.attrs,
    );
    node.outputs.forEach((t, k) => {
      if (t >= 0) shapes[t] = found[k];
    });
  }
  return shapes;
}

/** Places every tensor of `graph` and makes its steps. Weights are packed here, once. */
export function compile(heap: Heap, graph: Graph, { batch = 1, keepAll = false }: CompileOptions = {}): Program {
  const shapes = inferShapes(graph, batch);
  const places = placeActivations(graph, shapes, keepAll);
  const base = heap.alloc(places.bytes);
  const operands = graph.tensors.map((t, i): PlacedOperand => {
    const ptr = t.data || t.variable ? heap.tensor(t.dtype, t.shape, t.data ?? null).ptr : base + places.offsets[i];
    return { shape: shapes[i], dtype: t.dtype, ptr, quant: t.quant, data: t.data };
  });
  const steps = graph.nodes.flatMap((node) => {
    const row = rowOf(node.op);
    if (row.memory === 'view' && !keepAll) return [];
    return [makeStep(heap, node, operands)];
  });
  const calls = steps.map((s) => s.step);
  const state = graph.tensors.flatMap((t, i) => (t.variable ? [{ tensor: operands[i], values: initialState(t) }] : []));
  const reset = () => {
    for (const { tensor, values } of state) heap.write(tensor, values);
  };
  reset();
  return {
    graph,
    batch,
    operands,
    steps,
    inputs: graph.inputs.map((i) => operands[i]),
    outputs: graph.outputs.map((i) => operands[i]),
    run() {
      for (let i = 0; i < calls.length; i++) calls[i]();
    },
    reset,
  };
}

/** The number 0 is the zero point of an integer type. */
function initialState({ dtype, shape, quant }: Tensor): Values {
  const values = newValues(dtype, sizeOf(shape));
  const zero = isInteger(dtype) ? (quant?.zeros[0] ?? 0) : 0;
  return zero === 0 ? values : (values as Int8Array).fill(zero);
}

function makeStep(heap: Heap, node: Node, operands: readonly PlacedOperand[]): NodeStep {
  const call = lowered(node, operands);
  if (call) return { node, step: stepOf(heap, call), saved: [] };
  const { float } = rowOf(node.op);
  if (!float) {
    throw new CompressError(
      'unsupported',
      `"${node.name}" (${node.op}) has no float form`,
      'give the float model that this one was converted from: what trains or measures computes in real numbers',
    );
  }
  const x = node.inputs.map((t) => (t < 0 ? null : operands[t]));
  const y = node.outputs.map((t) => operands[t]);
  const saves = float.saves?.(
    x.map((o) => o?.shape ?? null),
    node.attrs,
  );
  const saved = saves?.map((shape) => heap.tensor('f32', shape)) ?? [];
  const step = float.forward(heap, { x, y, attrs: node.attrs, training: false, draws: null, saved });
  return { node, step, saved };
}
