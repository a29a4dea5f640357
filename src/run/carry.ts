import { inputsOf, planBatch, takeBatch } from '../data/index.ts';
import { bytesOf, type Graph, type Node, sizeOf, type Values } from '../graph/graph.ts';
import type { Shape } from '../ops/index.ts';
import type { Heap } from '../wasm/heap.ts';
import { compile, inferShapes, isBatchable } from './compile.ts';
import { callOf } from './feed.ts';
import type { Examples } from './observe.ts';

/** The examples of one batch, as places in an order, and the shape of each tensor for that batch. */
interface Batch {
  readonly from: number;
  readonly to: number;
  readonly shapes: readonly Shape[];
  /** Which of the calls that an example is. */
  readonly call: number;
}

/** A tensor's values on one batch. */
export interface Carried {
  readonly shape: Shape;
  readonly values: Values;
}

const BATCH = 16;

/**
 * Activations of a graph on all examples, carried from node to node: each node runs once, and what is measured or changed behind it does not run it again. What no
 * later node reads is forgotten.
 */
export class Carry {
  readonly #heap: Heap;
  readonly #batches: readonly Batch[];
  readonly #values = new Map<number, readonly Carried[]>();
  /** Nodes that are still to read a tensor. */
  readonly #unread: Int32Array;

  /** @param graph float; its nodes and shapes must stay as they are, its weights may change while it is walked */
  constructor(heap: Heap, graph: Graph, { data, part, order }: Examples) {
    this.#heap = heap;
    const size = isBatchable(graph) ? BATCH : 1;
    const plan = planBatch(data, inputsOf(graph));
    const { calls } = plan;
    const starts = Array.from({ length: Math.ceil(order.length / size) }, (_, i) => i * size);
    const sizes = [Math.min(size, order.length), order.length % size || size];
    const shapes = new Map(sizes.map((n) => [n, inferShapes(graph, n)]));
    this.#batches = starts.flatMap((from) => {
      const to = Math.min(from + size, order.length);
      return Array.from({ length: calls }, (_, call) => ({ from, to, shapes: shapes.get(to - from)!, call }));
    });
    this.#unread = new Int32Array(graph.tensors.length);
    for (const node of graph.nodes) for (const t of new Set(node.inputs)) if (t >= 0) this.#unread[t]++;
    const taken = this.#batches.map(({ from, to, call }) =>
      takeBatch(plan, part, order.subarray(from, to)).map((values) => callOf(values, call, calls)),
    );
    graph.inputs.forEach((input, i) => {
      this.#values.set(
        input,
        this.#batches.map(({ shapes }, at) => ({ shape: shapes[input], values: taken[at][i] })),
      );
    });
  }

  /** A tensor that was computed and is still to be read, batch by batch. */
  of(tensor: number): readonly Carried[] {
    return this.#values.get(tensor)!;
  }

  /** Runs one node of the graph as it is now. */
  run(graph: Graph, node: Node): void {
    const computed = computedInputs(graph, node);
    const results = this.#heap.scope(() => {
      const programs = new Map<readonly Shape[], (at: number) => Values[]>();
      return this.#batches.map(({ shapes }, at) => {
        const program = programs.get(shapes) ?? this.#program(graph, node, computed, shapes);
        programs.set(shapes, program);
        return program(at).map((values, i): Carried => ({ shape: shapes[node.outputs[i]], values }));
      });
    });
    this.#finish(computed, node, (i) => results.map((r) => r[i]));
  }

  /** In place of running a node: what another graph has just computed at the same node on the same values. */
  take(graph: Graph, node: Node, from: Carry, same: Node): void {
    this.#finish(computedInputs(graph, node), node, (i) => from.of(same.outputs[i]));
  }

  #finish(computed: readonly number[], { outputs }: Node, valuesOf: (i: number) => readonly Carried[]): void {
    outputs.forEach((t, i) => {
      if (this.#unread[t] > 0) this.#values.set(t, valuesOf(i));
    });
    for (const t of computed) if (--this.#unread[t] === 0) this.#values.delete(t);
  }

  /** A program of one node: what it gives for batch number `at`. */
  #program(graph: Graph, node: Node, computed: readonly number[], shapes: readonly Shape[]): (at: number) => Values[] {
    const heap = this.#heap;
    const named = [...new Set([...node.inputs, ...node.outputs].filter((t) => t >= 0))];
    const place = (t: number) => (t < 0 ? -1 : named.indexOf(t));
    const alone: Graph = {
      name: node.name,
      tensors: named.map((t) => ({ ...graph.tensors[t], shape: graph.tensors[t].data ? graph.tensors[t].shape : shapes[t] })),
      nodes: [{ ...node, inputs: node.inputs.map(place), outputs: node.outputs.map(place) }],
      inputs: computed.map(place),
      outputs: node.outputs.map(place),
    };
    const program = compile(heap, alone, { keepAll: true });
    return (at) => {
      computed.forEach((t, i) => {
        heap.write(program.inputs[i], this.of(t)[at].values as Float32Array);
      });
      if (this.#batches[at].call === 0) program.reset();
      program.run();
      return program.outputs.map((o) => heap.read(o, 0, sizeOf(o.shape)));
    };
  }
}

const computedInputs = ({ tensors }: Graph, { inputs }: Node): number[] =>
  [...new Set(inputs)].filter((t) => t >= 0 && !tensors[t].data && !tensors[t].variable);

/** Bytes of the activations of one example that are carried at once, at most. */
export function carriedBytes(graph: Graph): number {
  const readers = new Map<number, number>();
  for (const node of graph.nodes) for (const t of new Set(node.inputs)) readers.set(t, (readers.get(t) ?? 0) + 1);
  const bytes = (t: number) => bytesOf(graph.tensors[t].dtype, sizeOf(graph.tensors[t].shape));
  let live = graph.inputs.reduce((sum, t) => sum + bytes(t), 0);
  let most = live;
  for (const { inputs, outputs } of graph.nodes) {
    for (const t of outputs) if (readers.has(t)) live += bytes(t);
    most = Math.max(most, live);
    for (const t of new Set(inputs)) {
      if (t < 0 || graph.tensors[t].data || graph.tensors[t].variable) continue;
      readers.set(t, readers.get(t)! - 1);
      if (readers.get(t) === 0) live -= bytes(t);
    }
  }
  return most;
}
